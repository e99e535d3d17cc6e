/** Keys are compared by digest and in constant time, so that neither length nor common prefix can be measured from outside. */
import { createHash, timingSafeEqual } from "node:crypto";

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

/** A predicate that tells whether a presented key is `expected`; absent keys are never equal. */
export const secretMatcher = (expected: string): ((presented: string | undefined) => boolean) => {
  const wanted = digest(expected);
  return (presented) => presented !== undefined && timingSafeEqual(digest(presented), wanted);
};
