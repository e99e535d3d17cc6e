/**
 * What every platform must do for the port `Lifecycle`.
 *
 * Law: signals are provoked for real, by the harness, and the suite sees them from outside; so a lifecycle inside a
 * page can be driven from Node. A signal that the platform cannot have is left out of `provoke`, by name.
 */
import type { Lifecycle, LifecycleNow, LifecycleSignal } from "@cc/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { laterTask, poll } from "./until.js";

/** One watcher, seen from outside. */
export interface Watching {
  /** What it was told so far, oldest first. */
  signals(): Promise<readonly LifecycleSignal[]>;
  cancel(): Promise<void>;
}

/** A lifecycle at arm's length. */
export interface RemoteLifecycle {
  watch(): Promise<Watching>;
  current(): Promise<LifecycleNow>;
  /** How many listeners and timers it holds at the platform at this moment. */
  attached(): Promise<number>;
}

export type Provoke = {
  readonly [Type in LifecycleSignal["type"]]?: () => Promise<void>;
};

export interface LifecycleHarness {
  readonly lifecycle: RemoteLifecycle;
  /** How to make the real thing happen. `background` is followed by `foreground`, `offline` by `online`, and so on. */
  readonly provoke: Provoke;
  /** Called after the last test. */
  stop(): Promise<void>;
}

/** A lifecycle of this very process as the suite wants it. */
export function nearby(lifecycle: Lifecycle, attached: () => number): RemoteLifecycle {
  return {
    async watch() {
      const told: LifecycleSignal[] = [];
      const cancel = lifecycle.watch((signal) => told.push(signal));
      return { signals: async () => told, cancel: async () => cancel() };
    },
    current: async () => lifecycle.current(),
    attached: async () => attached(),
  };
}

/** Pairs that undo each other, and what `current` must show between them. `null`: nothing, and who is frozen cannot be asked. */
const pairs = [
  { first: "background", second: "foreground", shows: { background: true }, tag: "[B5.5][R4]" },
  { first: "offline", second: "online", shows: { online: false }, tag: "[B5.5][B5.6]" },
  { first: "frozen", second: "thawed", shows: null, tag: "[B5.5]" },
  { first: "pageHidden", second: "pageShown", shows: null, tag: "[B5.9][R33]" },
] as const;

const singles = [
  { type: "clockJump", tag: "[B6.4]" },
  { type: "networkChange", tag: "[B5.5]" },
] as const;

/** Registers the suite for the signals named in `able`, which the harness must be able to provoke. */
export function lifecycleConformance(
  name: string,
  able: readonly LifecycleSignal["type"][],
  start: () => Promise<LifecycleHarness>,
): void {
  describe(`lifecycle: ${name}`, () => {
    let harness: LifecycleHarness;
    beforeAll(async () => {
      harness = await start();
    });
    afterAll(() => harness?.stop());

    const provoke = async (type: LifecycleSignal["type"]): Promise<void> => {
      const act = harness.provoke[type];
      if (act === undefined) throw new Error(`the harness cannot provoke ${type}`);
      await act();
    };
    const count = async (watching: Watching, type: LifecycleSignal["type"]): Promise<number> =>
      (await watching.signals()).filter((signal) => signal.type === type).length;
    const arrives = (watching: Watching, type: LifecycleSignal["type"], times = 1): Promise<void> =>
      poll(`${times} × ${type}`, async () => (await count(watching, type)) >= times, 10_000);

    it("[R34] listens from the first watcher to the last, and at no other time", async () => {
      const { lifecycle } = harness;
      expect(await lifecycle.attached()).toBe(0);
      const first = await lifecycle.watch();
      const some = await lifecycle.attached();
      expect(some).toBeGreaterThan(0);
      const second = await lifecycle.watch();
      expect(await lifecycle.attached()).toBe(some);
      await first.cancel();
      await first.cancel();
      expect(await lifecycle.attached()).toBe(some);
      await second.cancel();
      expect(await lifecycle.attached()).toBe(0);
      const again = await lifecycle.watch();
      expect(await lifecycle.attached()).toBe(some);
      await again.cancel();
      expect(await lifecycle.attached()).toBe(0);
    });

    it("starts out in the foreground and online, and answers without a watcher", async () => {
      expect(await harness.lifecycle.current()).toEqual({ background: false, online: true });
    });

    for (const { first, second, shows, tag } of pairs) {
      if (!able.includes(first)) continue;
      it(`${tag} tells ${first} and ${second} as they happen, once each, and \`current\` agrees`, async () => {
        const { lifecycle } = harness;
        const watching = await lifecycle.watch();
        try {
          await provoke(first);
          await arrives(watching, first);
          if (shows !== null) expect(await lifecycle.current()).toMatchObject(shows);
          await provoke(second);
          await arrives(watching, second);
          expect(await lifecycle.current()).toEqual({ background: false, online: true });
          expect([await count(watching, first), await count(watching, second)]).toEqual([1, 1]);
        } finally {
          await watching.cancel();
        }
      });
    }

    for (const { type, tag } of singles) {
      if (!able.includes(type)) continue;
      it(`${tag} tells ${type}, once`, async () => {
        const watching = await harness.lifecycle.watch();
        try {
          await provoke(type);
          await arrives(watching, type);
          expect(await count(watching, type)).toBe(1);
        } finally {
          await watching.cancel();
        }
      });
    }

    it("tells every watcher, and one that has left nothing more", async () => {
      const [type] = able;
      if (type === undefined) throw new Error("a platform without any signal needs no lifecycle");
      const pair = pairs.find(({ first }) => first === type);
      // There and back, for nobody who is frozen can be told to leave.
      const happens = async (): Promise<void> => {
        await provoke(type);
        if (pair !== undefined) await provoke(pair.second);
      };
      const { lifecycle } = harness;
      const stays = await lifecycle.watch();
      const leaves = await lifecycle.watch();
      const last = pair?.second ?? type;
      try {
        await happens();
        await Promise.all([arrives(stays, last), arrives(leaves, last)]);
        await leaves.cancel();
        const before = (await leaves.signals()).length;
        await happens();
        await arrives(stays, last, 2);
        await laterTask();
        expect((await leaves.signals()).length).toBe(before);
      } finally {
        await stays.cancel();
        await leaves.cancel();
      }
    });
  });
}
