/**
 * What every store must do for the port `Storage`.
 *
 * Law: nothing is thrown, everything rejects; what `set` has resolved is there, what it has rejected changed nothing.
 */
import type { Cancel, Storage } from "@cc/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { poll } from "./until.js";

export interface StorageHarness {
  /** A storage over a place that was empty at first. */
  readonly storage: Storage;
  /** Another storage over the same place, as after a restart or a reload; absent where nothing outlives the value. */
  reopen?(): Storage;
  /** A storage over the same place in another tab or process; absent where there is none. */
  elsewhere?(): Promise<StorageElsewhere>;
  /** Makes `storage` so full that a value of `size` characters cannot be stored; absent where nothing can be full. */
  fill?(): Promise<{ readonly size: number }>;
  /** A storage that the platform refuses altogether; absent where it never does. */
  forbidden?(): Storage;
  /** Called after each test. */
  stop(): Promise<void>;
}

/** A storage that is reached by asking. */
export interface StorageElsewhere {
  readonly storage: Pick<Storage, "get" | "set" | "remove">;
  /** Takes the lock and keeps it; answers whether it was had. */
  lock(name: string): Promise<boolean>;
  /** Ends the tab or the process, with no chance to tidy up. */
  kill(): Promise<void>;
}

const awkwardKeys = ["", "__proto__", "constructor", "toString", "a:b/c\\d", "üñ 🌊", "with\nnewline", "length", "key"];

/** What a harness of this store can do: what is named here is demanded of `start`. */
export interface StorageAbilities {
  readonly reopen?: boolean;
  readonly fill?: boolean;
  readonly forbidden?: boolean;
  readonly lock?: boolean;
  readonly watch?: boolean;
  readonly elsewhere?: boolean;
}

/** Registers the suite; `start` makes a fresh place for each test. */
export function storageConformance(name: string, able: StorageAbilities, start: () => Promise<StorageHarness>): void {
  describe(`storage: ${name}`, () => {
    let harness: StorageHarness;
    beforeEach(async () => {
      harness = await start();
    });
    afterEach(() => harness?.stop());

    it("[B2.8] answers `undefined` for what is not there", async () => {
      const { storage } = harness;
      for (const key of awkwardKeys) expect(await storage.get(key)).toBe(undefined);
      await storage.remove("never there");
    });

    it("[B2.8] keeps what it is given, under any key, and forgets what is removed", async () => {
      const { storage } = harness;
      for (const key of awkwardKeys) await storage.set(key, `value of ${key}`);
      for (const key of awkwardKeys) expect(await storage.get(key)).toBe(`value of ${key}`);
      await storage.remove("");
      await storage.remove("__proto__");
      expect(await storage.get("")).toBe(undefined);
      expect(await storage.get("__proto__")).toBe(undefined);
      expect(await storage.get("constructor")).toBe("value of constructor");
    });

    it("[B2.8] keeps empty, long and unusual values as they are, and takes the last one", async () => {
      const { storage } = harness;
      for (const value of ["", "x".repeat(100_000), '{"json":"\\u0000"}', "\u0000\u2028🌊", "last"]) {
        await storage.set("key", value);
        expect(await storage.get("key")).toBe(value);
      }
    });

    it("[B2.8] runs calls in the order in which they came", async () => {
      const { storage } = harness;
      const calls = [
        storage.set("a", "1"),
        storage.set("b", "1"),
        storage.set("a", "2"),
        storage.remove("b"),
        storage.set("c", "1"),
        storage.get("a"),
      ];
      expect((await Promise.all(calls)).at(-1)).toBe("2");
      expect(await Promise.all(["a", "b", "c"].map((key) => storage.get(key)))).toEqual(["2", undefined, "1"]);
    });

    if (able.reopen) {
      it("[B2.8] is there after a restart", async () => {
        await harness.storage.set("kept", "yes");
        expect(await harness.reopen?.().get("kept")).toBe("yes");
      });
    }

    if (able.fill) {
      it("[B2.8] rejects when it is full, and what was stored before is still whole", async () => {
        const { storage } = harness;
        await storage.set("old", "value");
        const room = await harness.fill?.();
        const size = room?.size ?? 0;
        expect(size).toBeGreaterThan(0);
        await expect(storage.set("old", "x".repeat(size))).rejects.toBeInstanceOf(Error);
        expect(await storage.get("old")).toBe("value");
        await expect(storage.set("new", "x".repeat(size))).rejects.toBeInstanceOf(Error);
        expect(await storage.get("new")).toBe(undefined);
      });
    }

    if (able.forbidden) {
      it("[B2.8] rejects, and never throws, where the platform refuses", async () => {
        const storage = harness.forbidden?.();
        if (storage === undefined) throw new Error("the harness has no forbidden storage");
        for (const call of [() => storage.get("a"), () => storage.set("a", "b"), () => storage.remove("a")]) {
          let answer: Promise<unknown> | undefined;
          expect(() => {
            answer = call();
          }).not.toThrow();
          await expect(answer).rejects.toBeInstanceOf(Error);
        }
      });
    }

    if (able.lock) {
      it("[B2.9] gives a lock to one holder at a time, and to the next when it is let go", async () => {
        const { storage } = harness;
        const other = harness.reopen?.() ?? storage;
        const release = await storage.lock?.("tab");
        expect(release).toBeTypeOf("function");
        expect(await other.lock?.("tab")).toBe(undefined);
        const elsewhere = await other.lock?.("another");
        expect(elsewhere).toBeTypeOf("function");
        elsewhere?.();
        release?.();
        // Letting go may take a platform a moment.
        let next: Cancel | undefined;
        await poll("the lock is free", async () => {
          next = await other.lock?.("tab");
          return next !== undefined;
        });
        // A release that comes twice does not take the lock from the next holder.
        release?.();
        expect(await storage.lock?.("tab")).toBe(undefined);
        next?.();
      });
    }

    if (able.watch) {
      it("[B2.9] tells a change that another storage made, under that key and until the watch is ended", async () => {
        const { storage } = harness;
        const other = harness.reopen?.() ?? storage;
        const told: string[] = [];
        const stops = ["a", "b"].map((key) => storage.watch?.(key, () => told.push(key)));
        await other.set("a", "1");
        await poll("the change is told", () => told.includes("a"));
        expect(await storage.get("a")).toBe("1");
        await other.set("b", "1");
        await poll("the other too", () => told.includes("b"));
        await other.remove("b");
        told.length = 0;
        stops[0]?.();
        stops[0]?.();
        await other.set("a", "2");
        await other.set("b", "3");
        await poll("what comes after it", () => told.includes("b"));
        expect(told).not.toContain("a");
        stops[1]?.();
      });
    }

    if (able.elsewhere) {
      it("[B2.9] a lock is one among tabs and processes, and ends with its holder, however that ends", async () => {
        const { storage } = harness;
        const other = await harness.elsewhere?.();
        if (other === undefined) throw new Error("the harness has no elsewhere");
        expect(await other.lock("tab")).toBe(true);
        expect(await storage.lock?.("tab")).toBe(undefined);
        const mine = await storage.lock?.("mine");
        expect(mine).toBeTypeOf("function");
        expect(await other.lock("mine")).toBe(false);
        mine?.();
        await poll("let go here, it is free there", () => other.lock("mine"));
        await other.kill();
        let next: Cancel | undefined;
        await poll("the lock of the dead is free", async () => {
          next = await storage.lock?.("tab");
          return next !== undefined;
        });
        next?.();
      });

      it("[B2.9] a change made in another tab or process is told here, its removal too", async () => {
        const { storage } = harness;
        const other = await harness.elsewhere?.();
        if (other === undefined) throw new Error("the harness has no elsewhere");
        let told = 0;
        const stop = storage.watch?.("a", () => {
          told++;
        });
        for (const value of ["1", "2", undefined]) {
          const before = told;
          await (value === undefined ? other.storage.remove("a") : other.storage.set("a", value));
          await poll(`told of ${value}`, async () => told > before && (await storage.get("a")) === value);
        }
        stop?.();
        await other.kill();
      });
    }
  });
}
