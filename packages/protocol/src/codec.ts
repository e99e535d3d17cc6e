/**
 * Text to frames and back. Law: one place knows how a message holds frames; it judges the shape of the message, never the
 * fields of a frame (each half checks those it knows, and ignores frames it does not know).
 */
import type { ClientFrame, ServerFrame } from "./frames.js";

/** A frame whose fields nobody has checked yet. */
export type AnyFrame = readonly unknown[] | { readonly t?: unknown; readonly [field: string]: unknown };

/**
 * The frames of a parsed message, or `undefined` if it is no message of `cc.1`: neither object nor array, an empty array,
 * an array that begins with neither a number nor a frame, or a batch with something in it that is no frame.
 */
export function framesOf(message: unknown): readonly AnyFrame[] | undefined {
  if (typeof message !== "object" || message === null) return undefined;
  if (!Array.isArray(message)) return [message as AnyFrame];
  const first: unknown = message[0];
  if (typeof first === "number") return [message];
  if (message.length === 0) return undefined;
  for (const frame of message as readonly unknown[]) {
    if (typeof frame !== "object" || frame === null) return undefined;
    // A positional frame begins with a number; this also refuses a batch within a batch.
    if (Array.isArray(frame) && typeof frame[0] !== "number") return undefined;
  }
  return message as readonly AnyFrame[];
}

/** Parses one WebSocket message. Never throws: what is no message of `cc.1` gives `undefined` (malformed, close 4400). */
export function decode(text: string): readonly AnyFrame[] | undefined {
  try {
    return framesOf(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** The text of one frame. Throws what `JSON.stringify` throws on data that is not JSON (a cycle, a bigint). */
export function encode(frame: ClientFrame | ServerFrame): string {
  return JSON.stringify(frame);
}
