/**
 * The clients of a herd: the real driver of `@cc/core` over the real client half of cc.1, and nothing else.
 *
 * Law: no delay, no ladder and no retry stands here. All of a client's chance is drawn from one source for the whole fleet,
 * in the order in which things happen, so a seed decides a run.
 */
import {
  type Connection,
  createConnection,
  type Lifecycle,
  type LifecycleNow,
  type OpenLink,
  type Policy,
} from "@cc/core";
import { cc1 } from "@cc/sdk/portable";
import type { Random } from "../random.js";
import type { WheelClock } from "./wheel.js";

export interface FleetOptions {
  readonly clock: WheelClock;
  readonly random: Random;
  readonly open: OpenLink;
  readonly clients: number;
  /** The client has lost its link, or has one. */
  readonly linked: (client: number, linked: boolean) => void;
}

const nothing = (): void => {};
const none: readonly never[] = [];
const now: LifecycleNow = { background: false, online: true };
/** A flight recorder that nobody will read: its memory is what a hundred thousand would cost most. */
const policy: Partial<Policy> = { traceInputs: 2 };
/** A page in the foreground that is told nothing. */
const lifecycle: Lifecycle = { watch: () => nothing, current: () => now };

/** One client. It tells nobody anything, for what is told of refused dials would be a tenth of a herd's work: it is looked at. */
export interface Member {
  /** Makes it log in, and so dial. */
  start(): void;
  /** Tells `linked` if it has lost its link, or has one. */
  look(): void;
}

/** Clients that have not begun. */
export function createFleet({ clock, random, open, clients, linked }: FleetOptions): readonly Member[] {
  const factory = cc1();
  const never = new Promise<never>(nothing);
  const noToken = { result: never, abort: nothing };
  const fetchToken = (): typeof noToken => noToken;
  return Array.from({ length: clients }, (_, index) => {
    const user = `u${index}`;
    const protocol = factory.create({
      appId: "herd",
      user,
      instance: user,
      nonce: `nonce-${index}`,
      resume: undefined,
      clock,
      throttled: () => none,
      event: nothing,
      gap: nothing,
      caughtUp: nothing,
      moved: nothing,
    });
    let stands = false;
    const connection: Connection = createConnection({
      clock,
      random,
      openLink: open,
      lifecycle,
      url: String(index),
      policy,
    });
    connection.init({ auto: true });
    return {
      start: () => connection.login({ user, token: user, lifeMs: null, renewable: false, fetchToken, protocol }),
      look: () => {
        const is = connection.status() === "connected";
        if (is === stands) return;
        stands = is;
        linked(index, is);
      },
    };
  });
}
