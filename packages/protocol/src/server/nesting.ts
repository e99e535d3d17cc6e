/**
 * How deep JSON may be nested.
 *
 * Law: `JSON.parse` reads any depth and `JSON.stringify` does not write it back: it overflows the stack, and one message of 60 kB would
 * end the process for all. So nothing deeper comes in.
 */

/** Arrays and objects within each other in the data of one event. What people write has a few; the stack ends at some thousands. */
export const nestingLimit = 256;

/** Is there more than `most` of arrays and objects within each other? Looks no deeper than that. */
export function isNestedDeeper(value: unknown, most: number = nestingLimit): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (most === 0) return true;
  if (Array.isArray(value)) return value.some((item) => isNestedDeeper(item, most - 1));
  for (const key in value) if (isNestedDeeper((value as Readonly<Record<string, unknown>>)[key], most - 1)) return true;
  return false;
}
