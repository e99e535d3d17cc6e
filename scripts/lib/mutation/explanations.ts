/** The explanations of both packages, by the key of the mutant. */
import { core } from "../../mutation/core.js";
import { protocol } from "../../mutation/protocol.js";
import type { Survivor } from "./results.js";

const reasons: ReadonlyMap<string, string> = new Map(
  [...core, ...protocol].flatMap(({ reason, mutants }) => mutants.map((key) => [key, reason] as const)),
);

/** Why this mutant lives, `undefined`: nobody has said. */
export const explanationOf = ({ key }: Pick<Survivor, "key">): string | undefined => reasons.get(key);
