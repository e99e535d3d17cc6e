/** All laws over one run. Law: the first break of each clause is kept, with the facts before it; the run goes on or ends as its caller says. */
import type { Told } from "../world/facts.js";
import { deliveryLaw } from "./delivery.js";
import { dialLaw, paceLaw } from "./dials.js";
import { identityLaw } from "./identity.js";
import type { Law, MakeLaw } from "./law.js";
import { failedLaw, livenessLaw, serverLaw } from "./liveness.js";
import { sendLaw } from "./sends.js";
import { pathLaw, statusLaw } from "./status.js";
import type { Truth } from "./truth.js";

const makers: readonly MakeLaw[] = [
  statusLaw,
  pathLaw,
  dialLaw,
  paceLaw,
  identityLaw,
  sendLaw,
  deliveryLaw,
  livenessLaw,
  failedLaw,
  serverLaw,
];

/** One break of the contract. */
export interface Break {
  /** The clause or rule. */
  readonly clause: string;
  readonly what: string;
  /** True time, ms. */
  readonly t: number;
}

export interface Oracle {
  readonly breaks: readonly Break[];
  hear(fact: Told): void;
  tick(t: number): void;
  end(t: number): void;
  over(t: number): void;
}

export function createOracle(truth: Truth, now: () => number): Oracle {
  const breaks: Break[] = [];
  const broken = (clause: string, what: string): void => {
    if (!breaks.some((known) => known.clause === clause)) breaks.push({ clause, what, t: now() });
  };
  const laws: readonly Law[] = makers.map((make) => make(truth, broken));
  const by = new Map<string, ((fact: never) => void)[]>();
  for (const law of laws) {
    for (const [type, fn] of Object.entries(law)) by.set(type, [...(by.get(type) ?? []), fn as (fact: never) => void]);
  }
  return {
    breaks,
    hear(fact) {
      truth.fold(fact);
      for (const fn of by.get(fact.type) ?? []) fn(fact as never);
    },
    tick(t) {
      for (const { tick } of laws) tick?.(t);
    },
    end(t) {
      for (const { end } of laws) end?.(t);
    },
    over(t) {
      for (const { over } of laws) over?.(t);
    },
  };
}
