/** Which throttled feature a kind of event belongs to. Law: one mapping, used by the server that refuses and the client that sheds. */

/** The feature of a kind: `receipt` → `receipts`; every other kind, such as `typing` or `presence`, is its own feature. */
export function featureOf(kind: string): string {
  return kind === "receipt" ? "receipts" : kind;
}
