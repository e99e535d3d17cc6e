/**
 * What the parent asks of its children and what they answer. Law: whatever is compared is told the same numbers, so that a
 * comparison cannot drift apart in two files.
 */

/** How the feeder packs what it sends. The bytes of `single` and `batched` come from the real server half. */
export type Feed = "single" | "batched" | "payload";

/** A server that stays until it is ended; answers `Listening`. */
export interface ServerTask {
  readonly events: number;
  readonly perBatch: number;
  readonly jwtSecret: string;
}

export interface Listening {
  readonly port: number;
}

/** Counts what one feed brings, after a warm-up that is not counted. */
export interface ReceiveTask {
  readonly client: "ours" | "bare";
  readonly port: number;
  readonly feed: Feed;
  readonly warmup: number;
  readonly events: number;
}

export interface Received {
  readonly perSecond: number;
  /** Microseconds of processor time, garbage collection included. */
  readonly cpuPerEvent: number;
}

export interface SendTask {
  readonly client: "ours" | "bare";
  readonly port: number;
  readonly token: string;
  readonly uid: string;
  readonly warmup: number;
  readonly singly: number;
  readonly piped: number;
  readonly inFlight: number;
}

export interface Sent {
  /** Milliseconds, one at a time. */
  readonly p50: number;
  /** With `inFlight` under way. */
  readonly perSecond: number;
}

export interface ConnectTask {
  readonly client: "ours" | "bare";
  readonly port: number;
  readonly token: string;
  readonly uid: string;
  readonly warmup: number;
  readonly connects: number;
}

export interface Connected {
  /** Milliseconds. */
  readonly p50: number;
}

export interface HoldTask {
  readonly client: "ours" | "bare";
  readonly port: number;
  readonly jwtSecret: string;
  /** Connected before the first reading, so that code and shapes that all clients share are not counted. */
  readonly warmup: number;
  readonly clients: number;
}

export interface Held {
  /** Bytes of the JavaScript heap after a collection. */
  readonly heapPerClient: number;
  /** Bytes outside it that belong to JavaScript objects (buffers). */
  readonly externalPerClient: number;
}

/** Ours and bare alike: JSON text of exactly 120 bytes. */
export const payload = (seq: number): { readonly seq: number; readonly text: string } => {
  const head = JSON.stringify({ seq, text: "" }).length;
  return { seq, text: "The quick brown fox jumps over the lazy dog. ".repeat(3).slice(0, 120 - head) };
};

export const appId = "bench";
