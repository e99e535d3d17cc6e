/**
 * Clock and chance of pages and workers.
 *
 * Law: nothing is made before it is needed, and nothing outlives its use. Globals are looked up at each call.
 */
import type { Clock, RandomSource } from "@cc/core";

/** What a timer can hold; browsers take more for "at once". */
const MAX_MS = 2 ** 31 - 1;

const waiting: (() => void)[] = [];
/** Open while `waiting` is not empty. */
let channel: MessageChannel | undefined;

function takeOne(): void {
  const next = waiting.shift();
  if (waiting.length === 0) {
    // Outside of browsers an open port keeps its process alive.
    channel?.port1.close();
    channel = undefined;
  }
  next?.();
}

/**
 * `performance.now`, `Date.now` and `setTimeout`. `hold` means nothing here. In hidden pages browsers let timers fire
 * once a second, later once a minute; `later` is not slowed down, for it goes through a message to itself.
 */
export const webClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  after(ms, fn) {
    const timer = setTimeout(fn, Math.min(ms, MAX_MS));
    return () => clearTimeout(timer);
  },
  later(fn) {
    if (typeof MessageChannel === "undefined") {
      setTimeout(fn);
      return;
    }
    waiting.push(fn);
    if (!channel) {
      channel = new MessageChannel();
      channel.port1.onmessage = takeOne;
    }
    // One message for each call: a function that throws is reported as any handler's error is, and stops no other.
    channel.port2.postMessage(0);
  },
};

/** `Math.random`: for jitter and names that must differ, never for secrets. */
export const webRandom: RandomSource = () => Math.random();
