/**
 * About how many bytes of JSON a value is, without writing it: the log's bound by bytes needs the order of magnitude of every event,
 * and turning each into text a second time cost more than the rest of the append.
 */

/** Of any JSON value. Strings count one byte per UTF-16 unit; cycles cannot occur in what came in as JSON. */
export const aboutBytes = (value: unknown): number => {
  if (typeof value === "string") return value.length + 2;
  if (typeof value !== "object" || value === null) return 5;
  let bytes = 2;
  if (Array.isArray(value)) for (const item of value) bytes += aboutBytes(item) + 1;
  else
    for (const key of Object.keys(value))
      bytes += key.length + 4 + aboutBytes((value as Readonly<Record<string, unknown>>)[key]);
  return bytes;
};
