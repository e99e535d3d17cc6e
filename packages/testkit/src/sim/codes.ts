/** The numbers that begin positional frames, as docs/protocol.md has them: the oracle reads the wire by the page, not by the product's own table. */
export const PING = 0;
export const EVENT = 1;
export const EPHEMERAL = 2;
export const ACK = 3;
export const PROBE = 4;
export const DELIVERED = 5;
export const SEND = 6;
