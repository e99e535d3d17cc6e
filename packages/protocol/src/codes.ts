/** The numbers that begin positional frames. Law: a number is never reused for another meaning within `cc.1`. */

/** Server: ping. Client: pong. */
export const PING = 0;
/** Server: a durable event. */
export const EVENT = 1;
/** Server: an ephemeral event. */
export const EPHEMERAL = 2;
/** Server: a send, join or leave was applied. */
export const ACK = 3;
/** Client: probe. Server: its answer. */
export const PROBE = 4;
/** Client: credit. */
export const DELIVERED = 5;
/** Client: send. */
export const SEND = 6;

/** The WebSocket subprotocol by which the version is negotiated. */
export const SUBPROTOCOL = "cc.1";
