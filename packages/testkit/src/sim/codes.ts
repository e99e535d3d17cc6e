/** The numbers that begin positional frames, as docs/protocol.md has them: the oracle reads the wire by the page, not by the product's own table. */
export const PROBE = 4;
export const SEND = 6;
