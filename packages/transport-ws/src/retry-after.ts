/**
 * `Retry-After` of RFC 9110: seconds, or a date.
 */

/**
 * The wait that a `Retry-After` header asks for, in ms.
 *
 * @param value the header as it came, if it came.
 * @param wall wall-clock ms since 1970, for the date form.
 * @returns at least 0 (a date that has passed), or `undefined` for no header or one that is neither form.
 */
export function retryAfterMs(value: string | undefined, wall: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^\s*\d+\s*$/.test(value)) return Number(value) * 1000;
  // `Date.parse` takes much that is no HTTP date ("-5", "1.5"); those begin with the name of a day.
  const at = /^\s*[A-Z][a-z]{2}/.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(at) ? undefined : Math.max(0, at - wall);
}
