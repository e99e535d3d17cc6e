/** Attempts and links seen from the inside: what they take with them when they end, and what a late timer forgives. */
import { describe, expect, test } from "vitest";
import { createRig, linkedRig, type Rig } from "./rig.js";
import { idleRig, waitingRig } from "./states.js";

const stage = (rig: Rig): string => rig.phase();

describe("what ends with an attempt, and what does not", () => {
  test("[B2.6] a token that only the attempt waited for is given up with it", () => {
    const rig = idleRig();
    rig.getToken.answer = () => new Promise(() => {});
    rig.watch(rig.connection.connect());
    rig.clock.advance(15_000);
    expect(rig.aborted).toEqual(["missing"]);
    expect(rig.errors[0]).toMatchObject({
      code: "ERR_TOKEN_PROVIDER",
      message: "No token in time",
      phase: "token",
      retryable: true,
    });
  });

  test("[B2.6] a renewal under way when the link is lost goes on, and its token is the next attempt's", async () => {
    const rig = linkedRig({ renewable: true, lifeMs: 100_000 });
    rig.answerProbes(10);
    let deliver: ((token: { token: string; lifeMs: null }) => void) | undefined;
    rig.getToken.answer = () =>
      new Promise((resolve) => {
        deliver = resolve;
      });
    await rig.clock.advanceAsync(75_000);
    rig.lose();
    expect([rig.getToken.calls.length, rig.aborted]).toEqual([1, []]);
    deliver?.({ token: "T1", lifeMs: null });
    await rig.settle();
    rig.dialled(5_000).open();
    expect([rig.protocol.last.token, rig.getToken.calls.length]).toEqual(["T1", 1]);
  });

  test("[B1.7] the time without a link begins with the loss, not with the last attempt that failed; before the first link there is none", () => {
    const rig = createRig();
    const told: number[] = [];
    rig.connection.on("session", ({ downtimeMs }) => void told.push(downtimeMs));
    rig.start();
    rig.dialled().refuse();
    rig.dialled(5_000);
    rig.welcome();
    rig.clock.advance(10_000);
    const lostAt = rig.clock.now();
    rig.lose();
    rig.dialled(5_000).refuse();
    rig.dialled(5_000);
    rig.welcome();
    expect(told).toEqual([0, rig.clock.now() - lostAt]);
  });

  test("[B2.7] the last eight refused tokens are remembered, newest first", async () => {
    const rig = createRig();
    rig.start({ renewable: true });
    for (let n = 0; n < 10; n += 1) {
      rig.dialled(60_000);
      rig.welcome({ heartbeatMs: null });
      rig.clock.advance(5_000);
      rig.lose({ code: 4401 });
      rig.clock.advance(0);
      await rig.settle();
    }
    const { session } = rig.connection.state();
    expect(session.tag === "active" && session.burnt).toEqual(["T9", "T8", "T7", "T6", "T5", "T4", "T3", "T2"]);
  });

  test("[B2.7] a token that nobody can renew is refused: the error is of the token, and final", () => {
    const rig = createRig();
    rig.start({ token: null, renewable: false });
    rig.clock.advance(0);
    expect(rig.errors).toHaveLength(1);
    expect(rig.errors[0]).toMatchObject({
      code: "ERR_AUTH_REJECTED",
      message: "ERR_AUTH_REJECTED",
      phase: "token",
      retryable: false,
    });
    expect(rig.connection.snapshot()).toMatchObject({ phase: "failed", reason: "failed", error: rig.errors[0] });
  });

  test("[B2.4] a welcome for another user is refused in the handshake", () => {
    const rig = createRig();
    rig.start();
    rig.dialled();
    rig.welcome({ user: "eve" });
    expect(rig.errors[0]).toMatchObject({
      code: "ERR_AUTH_REJECTED",
      message: "another user",
      phase: "handshake",
      retryable: false,
    });
    expect([rig.phase(), rig.links.last.state]).toEqual(["failed", "closing"]);
  });

  test("[B5.5] [R26] the short retry after online is that of a dial that failed, not of a link that came up and was lost later", () => {
    const rig = waitingRig({ chance: 0.5, welcome: { spreadMs: 10_000 } });
    rig.lifecycle.emit("online");
    rig.dialled(250);
    rig.welcome({ heartbeatMs: null, spreadMs: 10_000 });
    rig.clock.advance(10_000);
    rig.lose();
    rig.dialled(10_000).refuse();
    const { retryAt } = rig.connection.snapshot();
    expect((retryAt ?? 0) - rig.clock.wall(), "three quarters of 2 S").toBe(15_000);
  });
});

describe("a held token", () => {
  test("[R16] [B2.6] is sent until a fifth of its life before its end, or a minute where that is less, and from then on replaced", () => {
    const sent = (lifeMs: number, ageMs: number): boolean => {
      const rig = idleRig();
      rig.connection.logout();
      rig.start({ token: "T0", lifeMs, renewable: true });
      rig.clock.advance(ageMs);
      rig.watch(rig.connection.connect());
      return rig.getToken.calls.length === 0;
    };
    expect([sent(100_000, 79_999), sent(100_000, 80_000)]).toEqual([true, false]);
    expect([sent(1_000_000, 939_999), sent(1_000_000, 940_000)]).toEqual([true, false]);
  });
});

describe("late timers", () => {
  test("[B5.8] an attempt whose time ran out while timers stood still has 2.5 s more, once", () => {
    const rig = createRig();
    rig.start();
    rig.dialled();
    rig.clock.stall(30_000);
    rig.clock.advance(0);
    expect(stage(rig)).toBe("transport");
    rig.clock.advance(2_499);
    expect(stage(rig)).toBe("transport");
    rig.clock.advance(1);
    expect([stage(rig), rig.errors.map(({ code }) => code)]).toEqual(["waiting", ["ERR_CONNECT_TIMEOUT"]]);

    const twice = createRig();
    twice.start();
    twice.dialled();
    for (let n = 0; n < 2; n += 1) {
      twice.clock.stall(30_000);
      twice.clock.advance(0);
    }
    expect(stage(twice)).toBe("waiting");
  });

  test("[B5.8] a timer that is late by no more than a second forgives nothing", () => {
    const late = (ms: number): string => {
      const rig = createRig();
      rig.start();
      rig.dialled();
      rig.clock.stall(10_000 + ms);
      rig.clock.advance(0);
      return stage(rig);
    };
    expect([late(0), late(1_000), late(1_001)]).toEqual(["waiting", "waiting", "transport"]);
  });

  test("[B5.8] offline, an attempt that gets no answer is told as no internet", () => {
    const rig = createRig({ online: false });
    rig.start();
    rig.dialled();
    rig.clock.advance(10_000);
    expect(rig.errors[0]?.code).toBe("ERR_NO_INTERNET");
  });

  test("[B6.1] a probe's late timer is forgiven twice, by more than a second only", () => {
    const probing = (): Rig => {
      const rig = linkedRig();
      rig.lifecycle.emit("thawed");
      return rig;
    };
    const late = (ms: number): boolean => {
      const rig = probing();
      rig.clock.stall(2_500 + ms);
      rig.clock.advance(0);
      return rig.connection.snapshot().linked;
    };
    expect([late(0), late(1_000), late(1_001)]).toEqual([false, false, true]);
    const rig = probing();
    const alive: boolean[] = [];
    for (let n = 0; n < 3; n += 1) {
      rig.clock.stall(60_000);
      rig.clock.advance(0);
      alive.push(rig.connection.snapshot().linked);
    }
    expect(alive).toEqual([true, true, false]);
  });
});

describe("why a probe is sent", () => {
  const why = (rig: Rig): string | undefined => {
    const { link } = rig.connection.state();
    return link.tag === "linked" ? link.probe?.why : undefined;
  };

  test("[B6.3] the state names it: silence, a late acknowledgement, a wake, offline, a call", () => {
    const quiet = linkedRig({ welcome: { heartbeatMs: 10_000 } });
    quiet.clock.advance(400);
    expect(why(quiet)).toBe("quiet");

    const ack = linkedRig();
    ack.protocol.unacked = { since: ack.clock.now(), bytes: 10 };
    ack.protocol.last.host.outbox();
    ack.clock.advance(1_999);
    expect(why(ack)).toBeUndefined();
    ack.clock.advance(1);
    expect(why(ack)).toBe("ack");

    const wake = linkedRig();
    wake.lifecycle.emit("networkChange");
    expect(why(wake)).toBe("wake");
    const offline = linkedRig();
    offline.lifecycle.emit("offline");
    expect(why(offline)).toBe("offline");
    const call = linkedRig();
    call.watch(call.connection.checkNow());
    expect(why(call)).toBe("user");
  });

  test("[B4.6] [B5.6] unanswered, a call's is a WebSocket error, one sent offline no internet, any other a missing heartbeat", () => {
    const told = (ask: (rig: Rig) => unknown): string | undefined => {
      const rig = linkedRig();
      ask(rig);
      rig.clock.advance(2_500);
      expect(rig.connection.snapshot().reason).toBe("probeFailed");
      return rig.errors[0]?.code;
    };
    expect([
      told((rig) => rig.watch(rig.connection.checkNow())),
      told((rig) => rig.lifecycle.emit("offline")),
      told((rig) => rig.lifecycle.emit("thawed")),
      told((rig) => {
        rig.lifecycle.emit("thawed");
        rig.lifecycle.emit("offline");
      }),
    ]).toEqual(["ERR_WEBSOCKET_ERROR", "ERR_NO_INTERNET", "ERR_HEARTBEAT_TIMEOUT", "ERR_NO_INTERNET"]);
  });
});

describe("what is saved", () => {
  test("[B2.8] a new token, a burnt one and a floor are given out to be saved; nothing else is", async () => {
    const rig = linkedRig({ renewable: true, lifeMs: 100_000, chance: 0 });
    rig.answerProbes(10);
    expect(rig.saved).toHaveLength(0);
    await rig.clock.advanceAsync(80_000);
    expect(rig.saved.map(({ session }) => session.tag === "active" && session.token?.value)).toEqual(["T1"]);
    rig.lose({ code: 4401 });
    expect(rig.saved.slice(1).map(({ session }) => session.tag === "active" && session.burnt)).toEqual([["T1"]]);
    await rig.settle();
    rig.clock.advance(0);
    await rig.settle();
    rig.linkUp();
    const before = rig.saved.length;
    rig.lose({ code: 1013, retryAfterMs: 5_000 });
    expect(rig.saved.slice(before).map(({ ladder }) => ladder.floor?.ms)).toEqual([5_000]);
  });
});
