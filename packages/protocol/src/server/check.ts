/**
 * Frames from a client, judged.
 *
 * Law: nothing of a frame is used before it was checked here; a frame that is known and has a wrong field is malformed
 * (`undefined`, close 4400), unknown fields are ignored. Names are bounded, so that what they add to a frame is.
 */
import type { AnyFrame } from "../codec.js";
import { DELIVERED, SEND } from "../codes.js";
import type { Hello } from "../frames.js";
import { nameLimits } from "../limits.js";
import type { Position } from "../position.js";

/** A checked `send`. */
export interface Send {
  readonly id: string;
  readonly channel: string;
  readonly kind: string;
  readonly data: unknown;
  readonly ephemeral: boolean;
}

type Fields = Readonly<Record<string, unknown>>;

const text = (value: unknown, most: number): value is string =>
  typeof value === "string" && value.length > 0 && value.length <= most;
const optional = (value: unknown, most: number): value is string | undefined =>
  value === undefined || text(value, most);
const count = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/** All of them, or `undefined`. */
export function numbersOf(value: unknown): readonly number[] | undefined {
  return Array.isArray(value) && value.length > 0 && value.length <= 1024 && value.every(count) ? value : undefined;
}

/** A duration that a client asks for; absent stays absent. */
export function durationOf(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) && value > 0 ? value : undefined;
}

/** A channel name and an id, as `join` and `leave` have them. */
export function membershipOf(frame: AnyFrame): { readonly channel: string; readonly id: string } | undefined {
  const { channel, id } = frame as Fields;
  return text(channel, nameLimits.channel) && text(id, nameLimits.id) ? { channel, id } : undefined;
}

/** A token, as `token` has it. */
export function tokenOf(frame: AnyFrame): string | undefined {
  const { token } = frame as Fields;
  return text(token, Number.POSITIVE_INFINITY) ? token : undefined;
}

function resumeOf(value: unknown): Position | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { epoch, positions } = value as Fields;
  const numbers = numbersOf(positions);
  return text(epoch, 128) && numbers ? { epoch, positions: numbers } : undefined;
}

const topicsOf = (value: unknown): value is readonly string[] | undefined =>
  value === undefined ||
  (Array.isArray(value) && value.length <= 16 && value.every((topic) => text(topic, nameLimits.kind)));

/** A `hello`. */
export function helloOf(frame: AnyFrame): Hello | undefined {
  const { t, token, app, instance, linkNo, nonce, device, resume, heartbeatMs, listen } = frame as Fields;
  if (t !== "hello" || !text(token, Number.POSITIVE_INFINITY) || !text(app, 256) || !text(instance, 128))
    return undefined;
  if (!count(linkNo) || !optional(nonce, 128) || !optional(device, 128)) return undefined;
  const position = resumeOf(resume);
  if (resume !== undefined && resume !== null && !position) return undefined;
  if (heartbeatMs !== undefined && durationOf(heartbeatMs) === undefined) return undefined;
  if (!topicsOf(listen)) return undefined;
  const asked = durationOf(heartbeatMs);
  return { t, token, app, instance, linkNo, nonce, device, resume: position, heartbeatMs: asked, listen };
}

/** A `send`. */
export function sendOf(frame: readonly unknown[]): Send | undefined {
  const [code, id, channel, kind, data, flags] = frame;
  if (code !== SEND || typeof id !== "string" || id.length > nameLimits.id) return undefined;
  if (!text(channel, nameLimits.channel) || !text(kind, nameLimits.kind) || data === undefined || !count(flags))
    return undefined;
  const ephemeral = (flags & 1) === 1;
  // Without an id nobody could be answered, and a durable send must be.
  if (id === "" && !ephemeral) return undefined;
  return { id, channel, kind, data, ephemeral };
}

/** The positions of a `delivered`. */
export function deliveredOf(frame: readonly unknown[]): readonly number[] | undefined {
  return frame[0] === DELIVERED ? numbersOf(frame.slice(1)) : undefined;
}
