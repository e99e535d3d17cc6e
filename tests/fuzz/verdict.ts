/** What the words of docs/protocol.md say about one frame. Law: the oracles are written from that page, and import nothing of what they judge. */

/**
 * `stays`: the link goes on. `ends`: it is closed with one of these codes, and nothing behind is heard. `will`: it is closed too, but in its own
 * time, and what follows is still heard. `may`: it may be.
 */
export type Verdict =
  | { readonly is: "stays" }
  | { readonly is: "ends" | "will" | "may"; readonly codes: readonly number[] };

export const stays: Verdict = { is: "stays" };
export const ends = (...codes: number[]): Verdict => ({ is: "ends", codes });
export const will = (...codes: number[]): Verdict => ({ is: "will", codes });
export const may = (...codes: number[]): Verdict => ({ is: "may", codes });
export const malformed: Verdict = ends(4400);

/** The fields of an object as JSON gave them, none of JavaScript's. */
export type Fields = Readonly<Record<string, unknown>>;

export const own = (value: object): Fields => Object.assign(Object.create(null), value) as Fields;
export const isText = (value: unknown, least: number, most: number): value is string =>
  typeof value === "string" && value.length >= least && value.length <= most;
/** A whole number from 0 to 2^53 − 1. */
export const isCount = (value: unknown): value is number =>
  typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 9_007_199_254_740_991;
/** Milliseconds as a server tells them: a number from 0 to 2^53 − 1. */
export const isMs = (value: unknown): value is number =>
  typeof value === "number" && value >= 0 && value <= 9_007_199_254_740_991;
export const isNumber = (value: unknown): value is number => typeof value === "number" && Math.abs(value) < Infinity;
export const isPositions = (value: unknown): value is readonly number[] =>
  Array.isArray(value) && value.length >= 1 && value.length <= 1_024 && value.every(isCount);

/** Section 1: the frames of a message, or nothing if it is malformed. */
export function framesIn(text: string): readonly (readonly unknown[] | Fields)[] | undefined {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return undefined;
  }
  const isFrame = (value: unknown): boolean =>
    Array.isArray(value) ? typeof value[0] === "number" : typeof value === "object" && value !== null;
  const frame = (value: unknown): readonly unknown[] | Fields => (Array.isArray(value) ? value : own(value as object));
  if (isFrame(message)) return [frame(message)];
  if (!Array.isArray(message) || message.length === 0 || !message.every(isFrame)) return undefined;
  return message.map(frame);
}
