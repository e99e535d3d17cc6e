/** Keys are compared by digest and in constant time, so that neither length nor common prefix can be measured from outside. */
import { createHash, timingSafeEqual } from "node:crypto";

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

/** Tells whether a presented key is the right one. */
export type KeyMatcher = (presented: string | undefined) => boolean;

/** A predicate that tells whether a presented key is `expected`; absent keys are never equal. */
export const secretMatcher = (expected: string): KeyMatcher => {
  const wanted = digest(expected);
  return (presented) => presented !== undefined && timingSafeEqual(digest(presented), wanted);
};
