import { describe, expect, test } from "vitest";
import { createRig, linkedRig, type Rig, walkShare } from "./rig.js";

/** Ways to be in the middle of something. */
const stages: Readonly<Record<string, () => Rig>> = {
  "before init": () => createRig(),
  "fetching a token": () => {
    const rig = createRig();
    rig.getToken.answer = undefined;
    rig.start({ token: null, renewable: true });
    rig.clock.advance(0);
    return rig;
  },
  dialling: () => {
    const rig = createRig();
    rig.start();
    rig.dialled();
    return rig;
  },
  "in the handshake": () => {
    const rig = createRig();
    rig.start();
    rig.dialled().open();
    return rig;
  },
  linked: () => linkedRig({ welcome: { heartbeatMs: 10_000 } }),
  waiting: () => {
    const rig = linkedRig();
    rig.lose();
    return rig;
  },
  "in the background under a lease": () => {
    const rig = linkedRig({ auto: false });
    rig.lifecycle.emit("background");
    return rig;
  },
};

describe("dispose()", () => {
  for (const [name, make] of Object.entries(stages)) {
    test(`[B1.9] [R34] ${name}: closes, cancels, detaches, tells nobody, rejects what is pending`, async () => {
      const rig = make();
      const { connection } = rig;
      const pending = rig.watch(connection.until("featureThrottled"));
      const log = rig.log.length;
      const changes = rig.changes.length;
      const links = [...rig.links.live];
      connection.dispose();
      connection.dispose();
      await rig.settle();
      // The hop before a socket is opened cannot be taken back; it finds nothing to do.
      rig.clock.advance(0);
      expect(rig.clock.pending, "timers left").toBe(0);
      expect(rig.lifecycle.watchers).toBe(0);
      expect(rig.links.live).toHaveLength(0);
      expect(pending.code).toBe("ERR_DISPOSED");
      if (rig.getToken.pending.length > 0) expect(rig.aborted).toEqual(["missing"]);

      for (const link of links) {
        link.message("late");
        link.close();
      }
      rig.lifecycle.emit("foreground");
      rig.getToken.pending[0]?.resolve({ token: "late", lifeMs: null });
      await rig.settle();
      rig.clock.advance(3_600_000);
      expect([rig.log.length, rig.changes.length], "no callback afterwards").toEqual([log, changes]);
      expect(rig.links.live).toHaveLength(0);
      const calls = [
        connection.connect(),
        connection.disconnect(),
        connection.ping(),
        connection.checkNow(),
        connection.reconnect(),
        connection.until("linked"),
      ].map((promise) => rig.watch<unknown>(promise));
      await rig.settle();
      expect(calls.map(({ code }) => code)).toEqual(new Array(6).fill("ERR_DISPOSED"));
      expect(rig.clock.pending).toBe(0);
    });
  }

  test("[B1.9] called by a listener: nobody after it is called, in this round neither", () => {
    const rig = linkedRig();
    const seen: string[] = [];
    rig.connection.on("status", () => {
      seen.push("one");
      rig.connection.dispose();
    });
    rig.connection.on("status", () => void seen.push("two"));
    rig.connection.subscribe((snapshot) => void (snapshot.linked || seen.push("three")));
    rig.lose();
    rig.clock.advance(60_000);
    expect(seen).toEqual(["one"]);
    expect(rig.clock.pending).toBe(0);
  });

  test("[B1.9] a call that waits in the queue behind it is rejected too", async () => {
    const rig = linkedRig();
    let queued: Promise<unknown> | undefined;
    rig.connection.on("status", () => {
      queued ??= rig.connection.checkNow();
      rig.connection.dispose();
    });
    rig.lose();
    const outcome = rig.watch(queued as Promise<unknown>);
    await rig.settle();
    expect(outcome.code).toBe("ERR_DISPOSED");
  });

  test("[B1.9] iterators end", async () => {
    const rig = linkedRig();
    const reading = rig.watch(
      (async () => {
        for await (const _ of rig.connection.events("status"));
      })(),
    );
    rig.connection.dispose();
    await rig.settle();
    expect(reading.state).toBe("resolved");
  });

  test("[R34] 1,000 reconnects leave no timer, watcher or socket more than the first did", () => {
    const rig = linkedRig({ welcome: { heartbeatMs: 10_000 }, timers: 6_000 });
    const count = () => [rig.clock.pending, rig.lifecycle.watchers, rig.links.live.length];
    const first = count();
    for (let n = 0; n < 1_000 * walkShare; n += 1) {
      rig.lose();
      rig.dialled(30_000);
      rig.welcome({ heartbeatMs: 10_000 });
      rig.clock.advance(6_000);
    }
    expect(count()).toEqual(first);
    rig.connection.dispose();
    rig.clock.advance(0);
    expect(count()).toEqual([0, 0, 0]);
  });

  test("[B6.5] [R34] one physical timer for one client, whatever is going on", () => {
    const rig = createRig();
    let most = 0;
    const look = (): void => {
      most = Math.max(most, rig.clock.pending);
    };
    rig.connection.on("snapshot", look);
    rig.start();
    for (let n = 0; n < 50; n += 1) {
      rig.dialled(30_000);
      look();
      rig.welcome({ heartbeatMs: 10_000 });
      rig.protocol.unacked = { since: rig.clock.now(), bytes: 10 };
      rig.protocol.last.host.outbox();
      rig.protocol.last.host.throttle([{ feature: "typing", reason: "load", forMs: 9_000 }]);
      for (let tick = 0; tick < 5; tick += 1) {
        rig.clock.advance(1_000);
        rig.links.last.message("x");
        look();
      }
      rig.protocol.unacked = null;
      rig.lose();
    }
    expect(most, "the timer, and the hop before a socket is opened").toBeLessThanOrEqual(2);
  });

  test("[B9.2] a timer holds the process while a promise is owed, an attempt runs or a retry waits; idle or linked none does", async () => {
    const rig = createRig();
    rig.manual();
    expect(rig.clock.held).toBe(0);
    const abort = new AbortController();
    const until = rig.watch(rig.connection.until("featureThrottled", { signal: abort.signal }));
    expect([rig.clock.held, rig.clock.pending]).toEqual([1, 1]);
    abort.abort();
    await rig.settle();
    expect([until.state, rig.clock.held]).toEqual(["rejected", 0]);
    void rig.connection.connect();
    rig.linkUp();
    expect(rig.clock.held).toBe(0);
    rig.lose();
    expect([rig.phase(), rig.clock.held]).toEqual(["waiting", 1]);
    void rig.connection.disconnect();
    expect([rig.phase(), rig.clock.held, rig.clock.pending]).toEqual(["idle", 0, 0]);
    rig.protocol.due = rig.clock.now() + 5_000;
    void rig.connection.disconnect();
    expect(rig.clock.held).toBe(1);
    rig.connection.dispose();
    expect([rig.clock.held, rig.clock.pending]).toEqual([0, 0]);
  });

  test("[B1.9] a listener that comes after the end hears nothing, and leaves nothing on its signal", () => {
    const rig = linkedRig();
    rig.connection.dispose();
    const { signal } = new AbortController();
    const held: unknown[] = [];
    signal.addEventListener = (_: string, fn: unknown) => void held.push(fn);
    const seen: unknown[] = [];
    rig.connection.on("error", (error) => seen.push(error), { signal });
    rig.connection.report({ code: "ERR_STORAGE", message: "late", phase: "storage", retryable: true });
    expect([seen, held]).toEqual([[], []]);
  });
});
