/** The listener bus by itself: rounds, iterators and their ends. */
import { Bus, memoryStorage, unsubscribe } from "@cc/core";
import { turn } from "@cc/testkit";
import { describe, expect, test } from "vitest";

interface Events {
  readonly note: number;
  readonly kind: number;
  readonly all: number;
}

const createBus = (thrown: unknown[] = []): Bus<Events> =>
  new Bus<Events>({ onListenerError: (error) => void thrown.push(error) });

describe("a round", () => {
  test("[B1.5] the listeners of an event, of its kind and of all hear it in the order of registration, and nobody else", () => {
    const bus = createBus();
    const heard: string[] = [];
    const listen = (event: keyof Events, name: string): unknown =>
      bus.on(event, (value) => void heard.push(`${name} ${value}`));
    listen("all", "all");
    listen("note", "note");
    listen("kind", "kind");
    bus.emit("note", 1, "kind", "all");
    bus.emit("note", 2);
    bus.emit("kind", 3);
    expect(heard).toEqual(["all 1", "note 1", "kind 1", "note 2", "kind 3"]);
  });

  test("[B1.6] the same function for two events is two registrations", () => {
    const bus = createBus();
    let calls = 0;
    const listener = (): void => {
      calls += 1;
    };
    const off = bus.on("note", listener);
    bus.on("kind", listener);
    off();
    bus.emit("note", 1);
    bus.emit("kind", 1);
    expect(calls).toBe(1);
  });

  test("[B1.6] once is over before its call: what it does there is not told to it again", () => {
    const thrown: unknown[] = [];
    const bus = createBus(thrown);
    const boom = new Error("mine");
    let calls = 0;
    bus.on(
      "note",
      () => {
        calls += 1;
        if (calls < 5) bus.emit("note", 2);
        throw boom;
      },
      { once: true },
    );
    bus.emit("note", 1);
    bus.emit("note", 3);
    expect([calls, thrown]).toEqual([1, [boom]]);
  });

  test("[B1.6] a signal ends the registration; one that was aborted before begins none; unsubscribing lets go of it", () => {
    const bus = createBus();
    const controller = new AbortController();
    let calls = 0;
    bus.on("note", () => (calls += 1), { signal: controller.signal });
    bus.on("note", () => (calls += 1), { signal: AbortSignal.abort() });
    bus.emit("note", 1);
    controller.abort();
    bus.emit("note", 2);
    expect(calls).toBe(1);
  });

  test("[B1.9] after clear nobody hears anything, who comes later included", () => {
    const bus = createBus();
    const heard: string[] = [];
    bus.on("note", () => {
      bus.clear();
      heard.push("first");
    });
    bus.on("note", () => void heard.push("second"));
    bus.emit("note", 1);
    bus.on("note", () => void heard.push("late"));
    bus.emit("note", 2);
    expect(heard).toEqual(["first"]);
  });
});

describe("an iteration", () => {
  test("[B1.6] values wait in order for who is slow, and who waits first is served first", async () => {
    const bus = createBus();
    const values = bus.events("note");
    bus.emit("note", 1);
    bus.emit("note", 2);
    expect(await values.next()).toEqual({ done: false, value: 1 });
    const waiting = [values.next(), values.next(), values.next()];
    bus.emit("note", 3);
    bus.emit("note", 4);
    expect((await Promise.all(waiting)).map(({ value }) => value)).toEqual([2, 3, 4]);
  });

  test("[B1.6] its signal ends it after what was heard before; an aborted one begins none", async () => {
    const bus = createBus();
    const controller = new AbortController();
    const values = bus.events("note", { signal: controller.signal });
    bus.emit("note", 1);
    controller.abort();
    bus.emit("note", 2);
    expect([await values.next(), await values.next()]).toEqual([
      { done: false, value: 1 },
      { done: true, value: undefined },
    ]);
    const none = bus.events("note", { signal: AbortSignal.abort() });
    bus.emit("note", 3);
    expect(await none.next()).toEqual({ done: true, value: undefined });
  });

  test("[B1.6] the end answers everybody who still waits", async () => {
    for (const end of ["signal", "clear", "return"] as const) {
      const bus = createBus();
      const controller = new AbortController();
      const values = bus.events("note", { signal: controller.signal });
      const waiting = [values.next(), values.next()];
      if (end === "signal") controller.abort();
      else if (end === "clear") bus.clear();
      else await values.return?.();
      expect(await Promise.all(waiting), end).toEqual([
        { done: true, value: undefined },
        { done: true, value: undefined },
      ]);
    }
  });

  test("[B1.6] leaving it drops what was not read, and lets go of the signal and of the bus", async () => {
    const bus = createBus();
    const held = new Set<unknown>();
    const signal = {
      aborted: false,
      addEventListener: (_: string, fn: unknown) => void held.add(fn),
      removeEventListener: (_: string, fn: unknown) => void held.delete(fn),
    };
    const values = bus.events("note", { signal });
    expect(held.size).toBe(1);
    bus.emit("note", 1);
    expect(await values.return?.()).toEqual({ done: true, value: undefined });
    bus.emit("note", 2);
    expect(await values.next()).toEqual({ done: true, value: undefined });
    expect(held.size).toBe(0);
  });

  test("[B1.6] two of them are two: each hears all", async () => {
    const bus = createBus();
    const [one, two] = [bus.events("note"), bus.events("note")];
    bus.emit("note", 7);
    expect([await one.next(), await two.next()].map(({ value }) => value)).toEqual([7, 7]);
  });
});

describe("small parts", () => {
  test("[B1.6] an unsubscribe undoes once, by call and by using", () => {
    let undone = 0;
    const off = unsubscribe(() => {
      undone += 1;
    });
    off();
    off();
    const symbol: symbol | undefined = Symbol.dispose;
    if (symbol !== undefined) (off as unknown as Record<symbol, () => void>)[symbol]?.();
    expect(undone).toBe(1);
  });

  test("[B2.8] a memory store tells of a removal only when something was removed, and only who watches that key", async () => {
    const storage = memoryStorage();
    const told: string[] = [];
    const off = storage.watch?.("a", () => void told.push("a"));
    storage.watch?.("b", () => void told.push("b"));
    await storage.remove("a");
    await storage.set("a", "1");
    await storage.remove("a");
    await storage.remove("a");
    expect(told).toEqual(["a", "a"]);
    off?.();
    await storage.set("a", "2");
    await turn();
    expect(told).toEqual(["a", "a"]);
  });

  test("[B2.9] a lock is let go of once: a release that comes twice leaves the next holder's alone", async () => {
    const storage = memoryStorage();
    const first = await storage.lock?.("tab");
    expect(await storage.lock?.("tab")).toBeUndefined();
    first?.();
    const second = await storage.lock?.("tab");
    expect(second).toBeTypeOf("function");
    first?.();
    expect(await storage.lock?.("tab")).toBeUndefined();
    expect(await storage.lock?.("other")).toBeTypeOf("function");
  });
});
