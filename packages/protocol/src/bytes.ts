/** Sizes on the wire. Law: every limit of the protocol counts bytes of UTF-8, in both halves alike. */

/** The length in UTF-8 of text that `JSON.stringify` made (it holds no lone surrogate: those are escaped). Bytes. */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    // Each half of a surrogate pair counts two of the pair's four.
    if (unit > 127) bytes += unit < 2048 || unit >> 11 === 27 ? 1 : 2;
  }
  return bytes;
}
