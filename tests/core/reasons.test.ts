/** The reason that stands beside a status (B1.7), and what means nothing where it comes. */
import { defaultPolicy, type Input, type RetryContext, transition } from "@cc/core";
import { describe, expect, test } from "vitest";
import { createRig, linkedRig, type Rig } from "./rig.js";
import { manualRig, waitingRig } from "./states.js";

const reason = (rig: Rig): string => rig.connection.snapshot().reason;

describe("the reason", () => {
  test("[B1.7] of a dial: what was called, or what happened", () => {
    const told = (bring: () => Rig): readonly string[] => {
      const rig = bring();
      return [rig.phase(), reason(rig)];
    };
    const waiting = (act: (rig: Rig) => unknown) => () => {
      const rig = waitingRig();
      act(rig);
      return rig;
    };
    expect({
      connect: told(() => {
        const rig = createRig();
        rig.manual();
        rig.watch(rig.connection.connect());
        return rig;
      }),
      "connect while waiting": told(waiting((rig) => rig.watch(rig.connection.connect()))),
      "wake while waiting": told(waiting((rig) => rig.lifecycle.emit("thawed"))),
      "auto mode by a second init": told(() => {
        const rig = createRig();
        rig.manual();
        rig.connection.init({ auto: true });
        return rig;
      }),
      relogin: told(() => {
        const rig = linkedRig();
        void rig.connection.disconnect();
        rig.connection.relogin(false);
        return rig;
      }),
    }).toEqual({
      connect: ["transport", "connectCalled"],
      "connect while waiting": ["waiting", "connectCalled"],
      "wake while waiting": ["waiting", "wake"],
      "auto mode by a second init": ["waiting", "starting"],
      relogin: ["waiting", "starting"],
    });
  });

  test("[B1.7] [B5.5] of the dial that a wake brought forward is the wake, of one that came by itself a retry", () => {
    const woken = waitingRig();
    woken.lifecycle.emit("thawed");
    woken.dialled(250);
    const alone = waitingRig();
    alone.dialled(30_000);
    expect([reason(woken), reason(alone)]).toEqual(["wake", "retry"]);
  });

  test("[B1.7] stays where a wake or connect() brings nothing forward", () => {
    const rig = linkedRig();
    rig.lose();
    // The dial is due 500 ms after the loss; a wake would bring it to 125 ms from now: the same moment.
    rig.clock.advance(375);
    rig.lifecycle.emit("thawed");
    expect([reason(rig), rig.connection.snapshot().retryAt]).toEqual(["linkLost", rig.clock.wall() + 125]);
  });

  test("[B1.7] [B2.6] of an attempt that got no token in time names the token", () => {
    const rig = createRig();
    rig.getToken.answer = undefined;
    rig.start({ token: null, renewable: true });
    rig.clock.advance(15_000);
    expect([rig.phase(), reason(rig), rig.errors[0]?.code]).toEqual(["waiting", "tokenFailed", "ERR_TOKEN_PROVIDER"]);
  });

  test("[B1.7] [B4.5] disconnect() changes none where there was no wish for a link", () => {
    const idle = createRig();
    idle.manual();
    void idle.connection.disconnect();
    expect(reason(idle)).toBe("manual");
    const expired = manualRig();
    expired.lifecycle.emit("background");
    expired.clock.advance(35_000);
    void expired.connection.disconnect();
    expect(reason(expired)).toBe("leaseExpired");
  });

  test("[B2.1] logout() before init() is nothing: what an earlier process saved still counts, and manual mode is manual", () => {
    const rig = createRig();
    rig.connection.logout();
    expect(reason(rig)).toBe("notInitialized");
    rig.connection.init({ auto: false, floor: { from: { now: 0, wall: rig.clock.wall() }, ms: 30_000 } });
    expect([reason(rig), rig.connection.snapshot().mode, rig.connection.state().ladder.floor?.ms]).toEqual([
      "loggedOut",
      "manual",
      30_000,
    ]);
  });
});

describe("a session", () => {
  test("[B2.3] [B4.1] a login after disconnect() connects in auto mode", () => {
    const rig = linkedRig();
    void rig.connection.disconnect();
    rig.start({ user: "ben" });
    rig.dialled(1_000);
    expect([rig.status(), rig.connection.snapshot().user]).toEqual(["connecting", "ben"]);
  });

  test("[B4.1] in manual mode a login of the same user connects nothing", () => {
    const rig = createRig();
    rig.manual();
    rig.connection.relogin(true);
    rig.clock.advance(60_000);
    expect([rig.status(), rig.dials]).toEqual(["disconnected", 0]);
  });

  test("[B2.6] [R18] the first refresh is 30 s after the login at the earliest, however short the token's life", () => {
    const rig = createRig();
    rig.getToken.answer = undefined;
    rig.start({ renewable: true, lifeMs: 10_000 });
    rig.linkUp({ heartbeatMs: null });
    rig.clock.advance(29_999 - rig.clock.now());
    expect(rig.getToken.calls).toHaveLength(0);
    rig.clock.advance(1);
    expect(rig.getToken.calls).toHaveLength(1);
  });
});

describe("surroundings", () => {
  test("[B4.5] [B3.2] manual mode under `keep`: a link lost in the background comes back by itself", () => {
    const rig = manualRig({ policy: { background: "keep" } });
    rig.lifecycle.emit("background");
    rig.lose();
    rig.linkUp();
    expect(rig.status()).toBe("connected");
  });

  test("[B5.5] [R26] `online` while linked says nothing of the dials after a later loss", () => {
    const rig = linkedRig({ chance: 0.999_999, welcome: { spreadMs: 10_000 } });
    rig.answerProbes(10);
    rig.lifecycle.emit("online");
    rig.clock.advance(60_000);
    rig.lose();
    rig.dialled(10_000).refuse();
    const from = rig.clock.now();
    expect(rig.dialled(30_000).at - from).toBeGreaterThan(10_000);
  });

  test("[B5.6] the snapshot says online again once the platform does", () => {
    const rig = createRig({ online: false });
    rig.start();
    expect(rig.connection.snapshot().online).toBe(false);
    rig.lifecycle.emit("online");
    expect(rig.connection.snapshot().online).toBe(true);
  });

  test("[B5.9] a page that was shown all along, and is told so, restarts no attempt", () => {
    const rig = createRig();
    rig.start();
    rig.dialled();
    rig.lifecycle.emit({ type: "pageShown", persisted: false });
    rig.clock.advance(5_000);
    expect([rig.dials, rig.links.last.state, rig.phase()]).toEqual([1, "connecting", "transport"]);
  });

  test("[B4.4] [B4.6] a ping that finds no link renews no lease", async () => {
    const rig = createRig();
    rig.manual();
    rig.watch(rig.connection.connect());
    rig.lifecycle.emit("background");
    const { leaseUntil } = rig.connection.snapshot();
    expect(leaseUntil).toBe(rig.clock.wall() + 30_000);
    rig.clock.advance(5_000);
    const ping = rig.watch(rig.connection.ping());
    await rig.settle();
    expect([ping.code, rig.connection.snapshot().leaseUntil]).toEqual(["ERR_WEBSOCKET_ERROR", leaseUntil]);
  });
});

describe("acknowledgements in the background", () => {
  const outbox = (rig: Rig, since: number | null): void => {
    rig.protocol.unacked = since === null ? null : { since, bytes: 1 };
    rig.protocol.last.host.outbox();
  };

  test("[B3.2] [R32] one of two sends acknowledged: the link waits for the other", () => {
    const rig = linkedRig();
    outbox(rig, rig.clock.now());
    rig.lifecycle.emit("background");
    rig.clock.advance(500);
    outbox(rig, rig.clock.now() - 100);
    expect(rig.status()).toBe("connected");
    outbox(rig, null);
    expect(rig.status()).toBe("disconnected");
  });

  test("[B3.2] [B4.4] the last one ends neither a grace nor a lease", () => {
    const grace = linkedRig({
      policy: { background: { graceMs: 20_000 } },
      welcome: { heartbeatMs: 60_000 },
      ageMs: 0,
    });
    const lease = manualRig();
    for (const rig of [grace, lease]) {
      rig.lifecycle.emit("background");
      // Sent and acknowledged within a task, and then one that takes longer.
      outbox(rig, null);
      outbox(rig, rig.clock.now());
      rig.clock.advance(100);
      outbox(rig, null);
      rig.clock.advance(15_000);
      expect(rig.status()).toBe("connected");
    }
    grace.clock.advance(5_000);
    expect(grace.status()).toBe("disconnected");
  });
});

describe("a word of the server before its welcome", () => {
  test("[B8.1] [B10.9] throttles nothing and sets no floor", () => {
    const rig = createRig();
    rig.start();
    rig.dialled().open();
    const { host } = rig.protocol.last;
    host.throttle([{ feature: "typing", reason: "busy", forMs: null }]);
    host.goaway(30_000, 10_000);
    expect(rig.connection.state().ladder.floor).toBeNull();
    rig.protocol.last.welcome();
    expect([rig.status(), rig.connection.snapshot().throttled]).toEqual(["connected", []]);
  });
});

describe("a token that arrives beside an attempt which does not wait for it", () => {
  /** In the handshake with a token that the old link's server had called good, while the job of before still runs. */
  function handshake(): Rig {
    const rig = createRig();
    rig.getToken.answer = undefined;
    rig.start({ renewable: true, lifeMs: 100_000 });
    rig.linkUp({ heartbeatMs: null });
    rig.clock.advance(80_000);
    expect(rig.getToken.pending).toHaveLength(1);
    rig.protocol.last.host.tokenOk(3_600_000);
    rig.lose();
    rig.dialled(1_000).open();
    rig.clock.advance(5_000);
    expect([rig.phase(), rig.getToken.pending.length]).toEqual(["handshake", 1]);
    return rig;
  }

  test("[B2.6] [B5.8] neither starts the attempt anew nor gives it more time", async () => {
    const rig = handshake();
    rig.getToken.pending[0]?.resolve({ token: "T1", lifeMs: null });
    await rig.settle();
    expect(rig.phase()).toBe("handshake");
    rig.clock.advance(5_000);
    expect(rig.errors.at(-1)?.code).toBe("ERR_CONNECT_TIMEOUT");
  });

  test("[B2.6] and none at all does not end it: the loss is told, as one of the token", async () => {
    const rig = handshake();
    rig.getToken.pending[0]?.reject(new Error("no"));
    await rig.settle();
    expect([rig.phase(), rig.errors.at(-1)?.code, rig.errors.at(-1)?.phase]).toEqual([
      "handshake",
      "ERR_TOKEN_PROVIDER",
      "token",
    ]);
    rig.protocol.last.welcome();
    expect(rig.status()).toBe("connected");
  });

  test("[B2.7] a burnt one on a standing link is told as an error of the token's phase", async () => {
    const rig = createRig();
    rig.getToken.answer = undefined;
    rig.start({ renewable: true });
    rig.dialled().open();
    rig.lose({ code: 4401 });
    rig.clock.advance(1_000);
    rig.getToken.pending[0]?.resolve({ token: "T1", lifeMs: 100_000 });
    await rig.settle();
    rig.linkUp({ heartbeatMs: null });
    rig.clock.advance(80_000);
    rig.getToken.pending[0]?.resolve({ token: "T0", lifeMs: null });
    await rig.settle();
    expect(rig.errors.at(-1)).toMatchObject({ code: "ERR_AUTH_REJECTED", phase: "token", retryable: false });
    expect(rig.status()).toBe("connected");
  });
});

describe("shouldRetry", () => {
  test("[B5.1] is told what would be done, whether trying again is the default, and a floor that it would override, from now on", () => {
    const told: { retryable: boolean; context: RetryContext }[] = [];
    const rig = createRig({
      policy: { shouldRetry: ({ retryable }, context) => void told.push({ retryable, context }) },
    });
    rig.start();
    rig.clock.advance(60_000);
    rig.links.last.open();
    rig.protocol.last.host.reject({
      code: "ERR_SERVER_OVERLOADED",
      message: "",
      retry: "later",
      minDelayMs: 4_000,
      spreadMs: 2_000,
    });
    rig.dialled(10_000).open();
    rig.lose({ code: 4403 });
    expect(told.slice(-2)).toMatchObject([
      { retryable: true, context: { defaultAction: "retry", floorMs: 5_000 } },
      { retryable: false, context: { defaultAction: "stop", floorMs: 0 } },
    ]);
  });
});

describe("the machine by itself", () => {
  const m = (now: number) =>
    ({
      now,
      wall: now,
      random: 0.5,
      inboundAt: Number.NEGATIVE_INFINITY,
      unackedSince: null,
      unackedBytes: 0,
    }) as const;

  test("[R20] `reconnect` where no link may be dialled changes nothing, whoever asks", () => {
    const failed = linkedRig();
    failed.lose({ code: 4403 });
    const kept = linkedRig({ policy: { background: { graceMs: 60_000 } } });
    kept.lifecycle.emit("background");
    for (const [rig, policy] of [
      [failed, defaultPolicy],
      [kept, { ...defaultPolicy, background: { graceMs: 60_000 } }],
    ] as const) {
      const state = rig.connection.state();
      const next = transition(state, { type: "reconnect" }, m(rig.clock.now()), policy);
      expect(next.state).toBe(state);
    }
  });

  test("[B2.6] a token that arrives without a link is saved, and renewed on none", () => {
    const rig = createRig();
    rig.getToken.answer = undefined;
    rig.start({ renewable: true, lifeMs: 100_000 });
    rig.linkUp({ heartbeatMs: null });
    rig.clock.advance(80_000);
    rig.lose();
    const state = rig.connection.state();
    const job = state.session.tag === "active" ? state.session.job?.job : undefined;
    expect(job).toBeDefined();
    const input: Input = { type: "token", job: job ?? 0, value: "T1", lifeMs: null };
    const next = transition(state, input, m(rig.clock.now()), defaultPolicy);
    expect(next.effects).toEqual([{ type: "save" }]);
    expect(next.state.session).toMatchObject({ token: { value: "T1" }, job: null });
  });

  test("[R20] a policy whose deadlines have no length ends each step all the same", () => {
    const never = { ...defaultPolicy, caps: [], connectBudgetsMs: [0] };
    const rig = createRig();
    rig.start();
    rig.dialled();
    const dialling = rig.connection.state();
    const start = { ...dialling, ladder: { ...dialling.ladder, spreadMs: 0 } };
    const { state, effects } = transition(start, { type: "tick" }, m(rig.clock.now() + 10_000), never);
    expect(effects.filter(({ type }) => type === "error").length).toBeGreaterThan(1);
    expect(["waiting", "dialing"]).toContain(state.link.tag);
  });
});
