/** Single inputs of the machine and their exact consequences: second words, early words, and words at the wrong moment. */
import { connectionError } from "@cc/core";
import { describe, expect, test } from "vitest";
import { createRig, linkedRig, wallStart } from "./rig.js";
import { idleRig, manualRig, probes, waitingRig } from "./states.js";

describe("the snapshot, whole", () => {
  test("[B1.2] [B1.3] before init", () => {
    expect(createRig().connection.snapshot()).toEqual({
      status: "disconnected",
      phase: "idle",
      reason: "notInitialized",
      attempt: 0,
      retryAt: null,
      since: wallStart,
      linked: false,
      link: null,
      recovery: null,
      throttled: [],
      mode: "auto",
      app: "foreground",
      background: "disconnect",
      leaseUntil: null,
      online: true,
      error: null,
      outage: null,
      rttMs: null,
      user: null,
    });
  });

  test("[B1.3] linked, measured and throttled", () => {
    const rig = linkedRig({ chance: 0, welcome: { recovery: "gap" } });
    const since = rig.connection.snapshot().since;
    rig.answerProbes(80);
    void rig.connection.checkNow();
    rig.clock.advance(80);
    rig.protocol.last.host.throttle([
      { feature: "typing", reason: "load", forMs: 3_000 },
      { feature: "presence", reason: "rate", forMs: null },
    ]);
    expect(rig.connection.snapshot()).toEqual({
      status: "featureThrottled",
      phase: "linked",
      reason: "throttled",
      attempt: 0,
      retryAt: null,
      since: rig.clock.wall(),
      linked: true,
      link: 1,
      recovery: "gap",
      throttled: [
        { feature: "typing", reason: "load", until: rig.clock.wall() + 3_000 },
        { feature: "presence", reason: "rate", until: null },
      ],
      mode: "auto",
      app: "foreground",
      background: "disconnect",
      leaseUntil: null,
      online: true,
      error: null,
      outage: null,
      rttMs: 80,
      user: "ann",
    });
    expect(rig.clock.wall()).toBeGreaterThan(since);
  });

  test("[B1.3] waiting after a loss, in manual mode", () => {
    const rig = manualRig({ chance: 0.5 });
    rig.lose();
    const now = rig.clock.wall();
    expect(rig.connection.snapshot()).toMatchObject({
      status: "disconnected",
      phase: "waiting",
      reason: "linkLost",
      attempt: 0,
      retryAt: now + 500,
      since: now,
      linked: false,
      link: null,
      mode: "manual",
      outage: { since: now, notable: false },
      rttMs: null,
    });
    rig.dialled(1_000);
    expect(rig.connection.snapshot()).toMatchObject({ phase: "transport", reason: "linkLost", attempt: 1, link: 2 });
  });
});

describe("init()", () => {
  test("[B2.1] again with the same mode changes nothing, whatever was asked for since", () => {
    const rig = linkedRig();
    rig.connection.init({ auto: true });
    expect([rig.status(), rig.dials, rig.log]).toEqual(["connected", 1, []]);
    void rig.connection.disconnect();
    rig.connection.init({ auto: true });
    rig.clock.advance(60_000);
    expect([rig.status(), rig.dials]).toEqual(["disconnected", 1]);
  });

  test("[B2.1] [B3.1] [B4.1] with the other mode: manual mode ends the link, auto mode makes one", () => {
    const rig = linkedRig();
    rig.connection.init({ auto: false });
    rig.clock.advance(60_000);
    expect([rig.status(), rig.connection.snapshot().reason, rig.dials]).toEqual(["disconnected", "manual", 1]);
    rig.connection.init({ auto: true });
    rig.linkUp();
    expect([rig.status(), rig.connection.snapshot().mode]).toEqual(["connected", "auto"]);
  });

  test("[B3.2] [B4.4] in the background, a change to auto mode ends the lease and begins the grace", () => {
    const rig = manualRig({ policy: { background: { graceMs: 60_000 } } });
    rig.lifecycle.emit("background");
    rig.clock.advance(10_000);
    rig.connection.init({ auto: true });
    expect(rig.connection.snapshot()).toMatchObject({ status: "connected", leaseUntil: null });
    rig.clock.advance(59_999);
    expect(rig.status()).toBe("connected");
    rig.clock.advance(1);
    expect(rig.connection.snapshot()).toMatchObject({ status: "disconnected", reason: "background" });
  });

  test("a login before it is nothing", () => {
    const rig = createRig();
    const { protocol } = rig;
    const fetchToken = () => ({ result: rig.getToken(""), abort: () => {} });
    rig.connection.login({ user: "ann", token: "T", lifeMs: null, renewable: false, protocol, fetchToken });
    rig.connection.relogin(true);
    rig.clock.advance(60_000);
    expect([rig.dials, rig.connection.snapshot().reason, rig.connection.snapshot().user]).toEqual([
      0,
      "notInitialized",
      null,
    ]);
  });
});

describe("connect()", () => {
  test("[R13] in every onDisconnected it is no hammer: half a second to a second after the failure, chance decides", () => {
    for (const [chance, earliest] of [
      [0, 500],
      [0.5, 750],
    ] as const) {
      const rig = waitingRig({ chance });
      const failed = rig.clock.now();
      rig.watch(rig.connection.connect());
      expect(rig.dialled(30_000).at - failed).toBe(earliest);
    }
  });

  test("[R13] later than that it dials at once, and it never puts a dial off", () => {
    const late = waitingRig({ chance: 0.5 });
    late.clock.advance(2_000);
    late.watch(late.connection.connect());
    expect(late.dialled(0).at).toBe(late.clock.now());

    const soon = linkedRig({ chance: 0.1, welcome: { spreadMs: 1_000 } });
    soon.lose();
    const from = soon.clock.now();
    soon.watch(soon.connection.connect());
    expect(soon.dialled(1_000).at - from).toBe(100);
  });

  test("[B4.2] [R13] after a terminal refusal the ladder is fresh and the first dial immediate", () => {
    const rig = waitingRig({ renewable: true });
    rig.dialled(60_000).refuse({ code: 4403 });
    rig.watch(rig.connection.connect());
    expect(rig.connection.snapshot().attempt).toBe(1);
    rig.dialled(0).refuse();
    const { retryAt } = rig.connection.snapshot();
    expect((retryAt ?? 0) - rig.clock.wall(), "the second rung: c is 2 S").toBe(1_500);
  });
});

describe("second words of the server", () => {
  test("[B1.1] a second welcome on a link is nothing", () => {
    const rig = linkedRig();
    const before = rig.connection.snapshot();
    rig.protocol.last.welcome({ recovery: "gap", session: "other" });
    expect(rig.connection.snapshot()).toBe(before);
  });

  test("[B8.1] throttling: the whole set each time; an end tells why; nothing throttled twice over tells nothing", () => {
    const rig = linkedRig({ chance: 0.5 });
    const { host } = rig.protocol.last;
    host.throttle([]);
    expect(rig.connection.snapshot().reason, "nothing was throttled, and nothing ends").toBe("welcome");
    host.throttle([{ feature: "typing", reason: "load", forMs: 1_000 }]);
    host.throttle([{ feature: "presence", reason: "load", forMs: 2_000 }]);
    expect(rig.connection.snapshot().throttled.map(({ feature }) => feature)).toEqual(["presence"]);
    rig.clock.advance(2_099);
    expect(rig.status(), "with half of the largest jitter, 10 %").toBe("featureThrottled");
    rig.clock.advance(1);
    expect(rig.changes.map(({ current, reason }) => [current, reason])).toEqual([
      ["featureThrottled", "throttled"],
      ["connected", "throttleEnded"],
    ]);
  });

  test("[B8.1] of two features the one that ends first goes alone, and one without an end stays", () => {
    const rig = linkedRig({ chance: 0 });
    rig.protocol.last.host.throttle([
      { feature: "typing", reason: "load", forMs: 1_000 },
      { feature: "presence", reason: "load", forMs: 2_000 },
      { feature: "receipts", reason: "load", forMs: null },
    ]);
    const names = (): readonly string[] => rig.connection.snapshot().throttled.map(({ feature }) => feature);
    rig.clock.advance(1_000);
    expect(names()).toEqual(["presence", "receipts"]);
    rig.clock.advance(1_000);
    expect([names(), rig.connection.snapshot().reason]).toEqual([["receipts"], "throttled"]);
    rig.lose();
    expect(names(), "gone with the link").toEqual([]);
  });

  test("[B5.4] goaway without a delay: left at once; a second one may only put it off", () => {
    const rig = linkedRig({ chance: 0 });
    const { host } = rig.protocol.last;
    host.goaway(2_000, 0);
    host.goaway(5_000, 0);
    host.goaway(1_000, 0);
    const from = rig.clock.now();
    rig.clock.advance(4_999);
    expect(rig.status()).toBe("connected");
    expect(rig.dialled(1).at - from).toBe(5_000);
    expect(rig.connection.snapshot().reason).toBe("goaway");

    const now = linkedRig();
    now.protocol.last.host.goaway(0, 0);
    expect(now.dialled(0).at).toBe(now.clock.now());
  });

  test("[B2.6] the server's word on the token's life is the one that counts: the welcome's, and tokenOk's", async () => {
    const asked = (rig: ReturnType<typeof createRig>): number => rig.getToken.calls.length;
    const rig = linkedRig({ renewable: true, lifeMs: null, welcome: { tokenLifeMs: 100_000 }, ageMs: 0 });
    rig.answerProbes(10);
    await rig.clock.advanceAsync(79_999);
    expect(asked(rig), "a fifth of its life before its end").toBe(0);
    await rig.clock.advanceAsync(1);
    expect(asked(rig)).toBe(1);
    expect(rig.protocol.last.acts).toContain("renew T1");
    rig.protocol.last.host.tokenOk(600_000);
    await rig.clock.advanceAsync(539_999);
    expect(asked(rig), "a minute before its end").toBe(1);
    await rig.clock.advanceAsync(1);
    expect(asked(rig)).toBe(2);
    rig.protocol.last.host.tokenOk(null);
    await rig.clock.advanceAsync(3_600_000);
    expect(asked(rig), "nobody knows how long it lives").toBe(2);
  });
});

describe("a refusal", () => {
  const refused = (retry: "never" | "later" | "reauth", minDelayMs: number, spreadMs = 0) => {
    const rig = linkedRig({ renewable: true, chance: 0.5 });
    const at = rig.clock.now();
    rig.protocol.last.host.reject({ code: "ERR_SERVER_OVERLOADED", message: "why", retry, minDelayMs, spreadMs });
    return { rig, at };
  };

  test("[B5.1] [B5.4] later: told with its delay, and kept: the delay and chance times the spread", () => {
    const { rig, at } = refused("later", 4_000, 2_000);
    expect(rig.errors).toHaveLength(1);
    expect(rig.errors[0]).toMatchObject({
      code: "ERR_SERVER_OVERLOADED",
      message: "why",
      phase: "linked",
      retryable: true,
      retryAfterMs: 4_000,
    });
    expect(rig.connection.snapshot()).toMatchObject({ phase: "waiting", reason: "serverBusy" });
    expect(rig.dialled(10_000).at - at).toBe(5_000);
  });

  test("[B2.7] [B5.4] reauth: a new token, and the delay is kept all the same", async () => {
    const { rig, at } = refused("reauth", 4_000);
    expect(rig.connection.snapshot()).toMatchObject({ phase: "waiting", reason: "rejected" });
    await rig.clock.advanceAsync(4_000);
    rig.links.last.open();
    expect([rig.links.last.at - at, rig.protocol.last.token]).toEqual([4_000, "T1"]);
  });

  test("[B5.1] never: the end, and it says so", () => {
    const { rig } = refused("never", 4_000);
    expect(rig.errors[0]).toMatchObject({ code: "ERR_SERVER_OVERLOADED", message: "why", retryable: false });
    rig.clock.advance(86_400_000);
    expect([rig.phase(), rig.dials]).toEqual(["failed", 1]);
  });
});

describe("an auth server that asks to wait", () => {
  const busy = connectionError("ERR_SERVER_OVERLOADED", "busy", "auth", { retryable: true, retryAfterMs: 120_000 });

  test("[B2.6] [B5.4] is asked again no sooner, and no socket is dialled meanwhile", async () => {
    const rig = idleRig({ chance: 0 });
    rig.getToken.answer = () => {
      throw busy;
    };
    rig.watch(rig.connection.connect());
    await rig.clock.advanceAsync(119_999);
    expect([rig.getToken.calls.length, rig.phase()]).toEqual([1, "waiting"]);
    await rig.clock.advanceAsync(1);
    expect([rig.getToken.calls.length, rig.dials]).toEqual([2, 0]);
  });

  test("[B2.6] a renewal that it puts off leaves the link as it is", async () => {
    const rig = linkedRig({ renewable: true, lifeMs: 1_000_000 });
    rig.answerProbes(10);
    rig.getToken.answer = () => {
      throw busy;
    };
    await rig.clock.advanceAsync(930_000);
    expect(rig.getToken.calls).toHaveLength(1);
    await rig.clock.advanceAsync(119_999);
    expect(rig.getToken.calls).toHaveLength(1);
    await rig.clock.advanceAsync(1);
    expect([rig.getToken.calls.length, rig.status(), rig.dials]).toEqual([2, "connected", 1]);
    expect(rig.errors[0]).toMatchObject({ code: "ERR_SERVER_OVERLOADED", phase: "auth", retryable: true });
  });
});

describe("words at the wrong moment", () => {
  test("[B7.5] a hint counts while attempts are under way, and not when linked or when none is wanted", () => {
    const blocked = { code: "ERR_TRANSPORT_BLOCKED", message: "proxy", phase: "transport", retryable: true } as const;
    for (const [bring, heard] of [
      [linkedRig, 0],
      [idleRig, 0],
      [waitingRig, 1],
    ] as const) {
      const rig = bring();
      const before = rig.errors.length;
      rig.connection.hint(blocked);
      expect(rig.errors.slice(before).map(({ code }) => code)).toEqual(heard ? ["ERR_TRANSPORT_BLOCKED"] : []);
    }
    const dialling = createRig();
    dialling.start();
    dialling.dialled();
    dialling.connection.hint(blocked);
    expect(dialling.errors).toHaveLength(1);
  });

  test("[B7.5] what a hint said stays the snapshot's error while attempts fail plainly, and gives way to anything else", () => {
    const rig = createRig();
    rig.start();
    rig.dialled().refuse();
    rig.connection.hint({ code: "ERR_TRANSPORT_BLOCKED", message: "proxy", phase: "transport", retryable: true });
    rig.dialled(5_000).refuse();
    expect(rig.connection.snapshot().error?.code).toBe("ERR_TRANSPORT_BLOCKED");
    rig.dialled(10_000).refuse({ httpStatus: 503 });
    expect(rig.connection.snapshot().error?.code).toBe("ERR_SERVER_OVERLOADED");
  });

  test("[B3.2] a second background signal starts no second grace", () => {
    const rig = linkedRig({ policy: { background: { graceMs: 10_000 } } });
    rig.lifecycle.emit("background");
    rig.clock.advance(6_000);
    rig.lifecycle.emit("background");
    rig.clock.advance(3_999);
    expect(rig.status()).toBe("connected");
    rig.clock.advance(1);
    expect([rig.status(), rig.connection.snapshot().reason]).toEqual(["disconnected", "background"]);
  });

  test("[B5.6] offline probes once; a wake meanwhile asks nothing more", () => {
    const rig = linkedRig();
    rig.lifecycle.emit("offline");
    rig.lifecycle.emit("offline");
    rig.lifecycle.emit("networkChange");
    expect(probes(rig)).toBe(1);
    rig.clock.advance(2_500);
    expect(rig.errors.map(({ code }) => code)).toEqual(["ERR_NO_INTERNET"]);
  });

  test("[B2.5] a logout when nobody is logged in, and ping() without a link, change nothing", async () => {
    const rig = createRig();
    rig.connection.init({ auto: false });
    const before = rig.connection.snapshot();
    rig.connection.logout();
    expect(rig.connection.snapshot()).toBe(before);
    rig.manual();
    const ping = rig.watch(rig.connection.ping());
    await rig.settle();
    expect([ping.code, rig.dials]).toEqual(["ERR_WEBSOCKET_ERROR", 0]);
  });
});

describe("what is forgotten, and what is not", () => {
  test("[B2.4] [B5.4] a logout forgets the error, the recovery and the ladder, and keeps the server's floor", () => {
    const rig = linkedRig({ chance: 0, welcome: { recovery: "resumed", spreadMs: 5_000 } });
    rig.lose({ code: 1013, retryAfterMs: 20_000 });
    rig.connection.logout();
    expect(rig.connection.snapshot()).toMatchObject({
      error: null,
      recovery: null,
      attempt: 0,
      user: null,
      outage: null,
      reason: "loggedOut",
    });
    const from = rig.clock.now();
    rig.start({ user: "bob" });
    expect(rig.dialled(30_000).at - from).toBe(20_000);
    rig.links.last.refuse();
    const { retryAt } = rig.connection.snapshot();
    expect((retryAt ?? 0) - rig.clock.wall(), "S is the default again: the rung is 2 s, at least half of it").toBe(
      1_000,
    );
  });

  test("[B1.7] the time without a link is told by the next welcome, and not by that of another user", () => {
    const rig = linkedRig();
    const told: number[] = [];
    rig.connection.on("session", ({ downtimeMs }) => void told.push(downtimeMs));
    rig.lose();
    rig.clock.advance(100);
    rig.clock.sleep(60_000);
    rig.linkUp();
    rig.lose();
    rig.start({ user: "bob" });
    rig.dialled(1_000);
    rig.welcome({ user: "bob" });
    expect(told[0]).toBeGreaterThanOrEqual(60_100);
    expect(told[1]).toBe(0);
  });
});
