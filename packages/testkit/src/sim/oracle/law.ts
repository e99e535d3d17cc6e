/** The form of a law. */
import type { Told } from "../world/facts.js";
import type { Truth } from "./truth.js";

/** What a law does with facts; it is asked after they are folded into the truth. */
export type Law = {
  readonly [K in Told["type"]]?: (fact: Extract<Told, { readonly type: K }>) => void;
} & {
  /** Four times a virtual second. */
  readonly tick?: (t: number) => void;
  /** The run is over; every client still lives. */
  readonly end?: (t: number) => void;
  /** Every client is disposed, and a while has passed. */
  readonly over?: (t: number) => void;
};

/** Tells that the law was broken: the clause or rule, and one sentence. */
export type Broken = (clause: string, what: string) => void;

export type MakeLaw = (truth: Truth, broken: Broken) => Law;
