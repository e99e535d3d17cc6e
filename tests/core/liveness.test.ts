import { createRandom } from "@cc/testkit";
import { describe, expect, test } from "vitest";
import { createRig, linkedRig, type Rig } from "./rig.js";

const probes = (rig: Rig): number => rig.protocol.last.acts.filter((act) => act === "probe").length;
const heartbeat = { welcome: { heartbeatMs: 10_000 }, ageMs: 0 } as const;

/** Time from now until the link is given up, at most `withinMs`. */
function death(rig: Rig, withinMs = 600_000): number {
  const from = rig.clock.now();
  while (rig.status() === "connected" && rig.clock.now() - from < withinMs) {
    const next = rig.clock.next ?? from + withinMs;
    rig.clock.advance(Math.max(0, Math.min(next, from + withinMs) - rig.clock.now()));
  }
  return rig.clock.now() - from;
}

/** The server says something every `everyMs` ms, for `forMs` ms. */
function chatter(rig: Rig, everyMs: number, forMs: number): void {
  for (let at = 0; at < forMs; at += everyMs) {
    rig.clock.advance(everyMs);
    if (rig.links.last.state === "open") rig.links.last.message("ping");
  }
}

describe("life", () => {
  test("[B6.1] [R2] steady inbound traffic is life: nothing is asked and nothing dies", () => {
    const rig = linkedRig({ ...heartbeat, timers: 4_000 });
    chatter(rig, 9_000, 8 * 3_600_000);
    expect([rig.status(), probes(rig), rig.dials]).toEqual(["connected", 0, 1]);
  });

  test("[B6.1] [R2] outbound traffic is none: a link that only sends is found dead", () => {
    const rig = linkedRig(heartbeat);
    const from = rig.clock.now();
    while (rig.status() === "connected" && rig.clock.now() - from < 60_000) {
      rig.protocol.last.host.send("typing");
      rig.clock.advance(500);
    }
    expect(rig.clock.now() - from).toBeLessThanOrEqual(13_000);
  });

  test("[B6.1] [R1] nobody is declared dead without a probe on this very link whose deadline has passed in silence", () => {
    const rig = linkedRig(heartbeat);
    let asked = 0;
    rig.protocol.onAct = (_, act) => {
      if (act === "probe") asked = rig.clock.now();
    };
    death(rig);
    expect(rig.errors[0]?.code).toBe("ERR_HEARTBEAT_TIMEOUT");
    expect(rig.clock.now() - asked).toBeGreaterThanOrEqual(2_500);
  });

  test("[B6.1] any message after the probe is an answer", () => {
    const rig = linkedRig(heartbeat);
    for (let n = 0; n < 100; n += 1) {
      rig.passUntil(() => probes(rig) > n, 100);
      rig.clock.advance(2_000);
      rig.links.last.message("not the answer, but somebody is there");
    }
    expect([rig.status(), rig.dials]).toEqual(["connected", 1]);
  });

  test("[B6.1] [R1] timers a minute late: a late one grants a fresh deadline, and what was queued behind it counts", () => {
    const rig = linkedRig(heartbeat);
    rig.clock.stall(60_000);
    // The quiet check and the probe are due at once, long ago.
    rig.clock.advance(0);
    expect([rig.status(), probes(rig)]).toEqual(["connected", 1]);
    rig.clock.stall(60_000);
    rig.clock.advance(0);
    expect(rig.status(), "the deadline passed while nothing ran").toBe("connected");
    rig.links.last.message("was in the queue all along");
    rig.clock.advance(5_000);
    expect(rig.status()).toBe("connected");
  });

  test("[B6.1] [R1] a hidden page with a timer a minute and a living server lives for hours", () => {
    const rig = linkedRig({ ...heartbeat, policy: { background: "keep" } });
    rig.lifecycle.emit("background");
    for (let minute = 0; minute < 300; minute += 1) {
      // Messages are not throttled, timers are.
      for (let n = 0; n < 2; n += 1) {
        rig.clock.stall(30_000);
        rig.links.last.message("ping");
      }
      rig.clock.advance(0);
    }
    expect([rig.status(), rig.dials]).toEqual(["connected", 1]);
  });

  test("[B6.1] after a sleep in the middle of a probe, on either kind of clock, the peer has its whole time again", () => {
    for (const kind of ["late", "stopped"] as const) {
      const rig = linkedRig(heartbeat);
      rig.passUntil(() => probes(rig) > 0, 100);
      rig.clock.sleep(3_600_000, kind);
      rig.lifecycle.emit({ type: "clockJump", ms: 3_600_000 });
      expect(rig.status(), kind).toBe("connected");
      rig.clock.advance(700);
      rig.links.last.message("still here");
      rig.clock.advance(4_000);
      expect([rig.status(), rig.dials], kind).toEqual(["connected", 1]);
    }
  });

  test("[B6.1] a probe of an old link says nothing about the new one", () => {
    const rig = linkedRig(heartbeat);
    rig.passUntil(() => probes(rig) > 0, 100);
    rig.lose();
    rig.linkUp({ heartbeatMs: 10_000 });
    rig.clock.advance(2_600);
    expect(rig.status()).toBe("connected");
  });
});

describe("the probe's deadline", () => {
  test("[B6.2] 2.5 s at first and for short round trips", () => {
    const rig = linkedRig();
    rig.lifecycle.emit("thawed");
    expect(death(rig)).toBe(2_500);
    const short = linkedRig();
    short.answerProbes(40);
    for (let n = 0; n < 20; n += 1) {
      short.lifecycle.emit("thawed");
      short.clock.advance(3_000);
    }
    short.answerProbes(null);
    short.lifecycle.emit("thawed");
    expect(death(short)).toBe(2_500);
  });

  test("[B6.2] twice the smoothed round trip and 1 s for long ones", () => {
    const rig = linkedRig();
    rig.answerProbes(2_000);
    for (let n = 0; n < 60; n += 1) {
      rig.lifecycle.emit("thawed");
      rig.clock.advance(6_000);
    }
    expect(rig.connection.snapshot().rttMs).toBeCloseTo(2_000, -1);
    rig.answerProbes(null);
    rig.lifecycle.emit("thawed");
    expect(Math.abs(death(rig) - 5_000)).toBeLessThan(50);
  });

  test("[B6.2] no false death at a round trip of 2 s: an hour of heartbeats, pings and wakes", () => {
    const random = createRandom(5);
    const rig = linkedRig({ ...heartbeat, auto: false, timers: 3_000 });
    rig.answerProbes(2_000);
    for (let n = 0; n < 900; n += 1) {
      const what = random.int(3);
      if (what === 0) rig.lifecycle.emit("networkChange");
      if (what === 1) rig.watch(rig.connection.ping());
      rig.clock.advance(random.between(1_000, 7_000));
    }
    expect([rig.status(), rig.dials, rig.errors]).toEqual(["connected", 1, []]);
  });

  test("[B6.2] unacknowledged bytes have their time at 16 kB a second", () => {
    for (const bytes of [0, 16_000, 160_000, 1_600_000]) {
      const rig = linkedRig();
      rig.protocol.unacked = { since: rig.clock.now(), bytes };
      rig.lifecycle.emit("thawed");
      expect(death(rig), `${bytes} bytes`).toBe(2_500 + bytes / 16);
    }
  });

  test("[B6.2] no false death during a large transfer over a slow line", () => {
    const rig = linkedRig(heartbeat);
    const start = rig.clock.now();
    const total = 2_000_000;
    // 20 kB a second go out; nothing else can be said meanwhile, the answer to a probe comes behind what was queued before it.
    const left = (): number => Math.max(0, total - ((rig.clock.now() - start) / 1_000) * 20_000);
    rig.protocol.onAct = ({ host }, act) => {
      if (act === "probe") rig.clock.after((left() / 20_000) * 1_000 + 200, () => host.probeAck());
    };
    rig.protocol.unacked = { since: start, bytes: total };
    rig.protocol.last.host.outbox();
    while (left() > 0) {
      rig.protocol.unacked = { since: start, bytes: left() };
      rig.clock.advance(250);
    }
    rig.protocol.unacked = null;
    rig.protocol.last.host.outbox();
    rig.clock.advance(5_000);
    expect([rig.status(), rig.dials]).toEqual(["connected", 1]);
  });
});

describe("how soon a dead link is noticed, at a round trip of 0.7 s", () => {
  const random = createRandom(11);
  const living = (): Rig => {
    const rig = linkedRig(heartbeat);
    rig.answerProbes(700);
    chatter(rig, 10_000, 30_000);
    rig.clock.advance(random.int(10_000));
    return rig;
  };

  test("[B6.3] idle: within 13 s of the last sign of life", () => {
    for (let n = 0; n < 100; n += 1) {
      const rig = living();
      rig.links.last.message("the last one");
      rig.answerProbes(null);
      rig.links.last.silence();
      expect(death(rig)).toBeLessThanOrEqual(13_000);
    }
  });

  test("[B6.3] with an acknowledgement pending: within 5 s of the send", () => {
    for (let n = 0; n < 100; n += 1) {
      const rig = living();
      rig.answerProbes(null);
      rig.links.last.silence();
      rig.protocol.unacked = { since: rig.clock.now(), bytes: 500 };
      rig.protocol.last.host.outbox();
      expect(death(rig)).toBeLessThanOrEqual(5_000);
    }
  });

  test("[B6.3] with acknowledgements that keep coming, then no more: within 5 s of the first that is missing", () => {
    const rig = living();
    for (let n = 0; n < 40; n += 1) {
      rig.protocol.unacked = { since: rig.clock.now(), bytes: 500 };
      rig.protocol.last.host.outbox();
      rig.clock.advance(300);
      rig.links.last.message("ack");
      rig.protocol.unacked = null;
      rig.protocol.last.host.outbox();
      rig.clock.advance(100);
    }
    rig.answerProbes(null);
    rig.links.last.silence();
    rig.protocol.unacked = { since: rig.clock.now(), bytes: 500 };
    rig.protocol.last.host.outbox();
    expect(death(rig)).toBeLessThanOrEqual(5_000);
  });

  test("[B6.3] after a wake signal: within 2.5 s", () => {
    for (let n = 0; n < 100; n += 1) {
      const rig = living();
      rig.answerProbes(null);
      rig.links.last.silence();
      rig.lifecycle.emit("networkChange");
      expect(death(rig)).toBeLessThanOrEqual(2_500);
    }
  });

  test("[B6.3] kept in the background a client asks for a heartbeat of 30–60 s, and for the server's own on return", () => {
    const rig = linkedRig({ ...heartbeat, policy: { background: "keep" } });
    const asked = (): number[] =>
      rig.protocol.last.acts.flatMap((act) => (act.startsWith("heartbeat ") ? [Number(act.slice(10))] : []));
    rig.lifecycle.emit("background");
    expect(asked()).toHaveLength(1);
    expect(asked()[0]).toBeGreaterThanOrEqual(30_000);
    expect(asked()[0]).toBeLessThanOrEqual(60_000);
    chatter(rig, 29_000, 600_000);
    expect(probes(rig), "silence of that length is expected then").toBe(0);
    rig.lifecycle.emit("foreground");
    expect(asked().at(-1)).toBe(10_000);
  });

  test("[B6.3] a link that comes up in the background asks too", () => {
    const rig = linkedRig({ ...heartbeat, policy: { background: "keep" } });
    rig.lifecycle.emit("background");
    rig.lose();
    rig.dialled(5_000);
    rig.welcome({ heartbeatMs: 10_000 });
    expect(rig.protocol.last.acts.at(-1)).toMatch(/^heartbeat [3-6]0000$/);
  });
});

describe("what liveness costs", () => {
  test("[B6.5] a message sets no timer, draws no chance and takes no step of the machine", () => {
    const rig = linkedRig(heartbeat);
    const state = rig.connection.state();
    const { after } = rig.clock;
    let timers = 0;
    Object.assign(rig.clock, {
      after: (...args: Parameters<typeof after>) => {
        timers += 1;
        return after(...args);
      },
    });
    for (let n = 0; n < 10_000; n += 1) {
      rig.clock.stall(0.5);
      rig.links.last.message("event");
    }
    expect([timers, rig.connection.state() === state, rig.protocol.last.messages.length]).toEqual([0, true, 10_000]);
    rig.clock.advance(6_000);
    expect(timers, "a few looks at the one number").toBeLessThan(5);
  });

  test("a server that does not ping, or a protocol that cannot probe, is never diagnosed", () => {
    for (const welcome of [{ heartbeatMs: null }, { heartbeatMs: 10_000, probes: false }]) {
      const rig = linkedRig({ welcome });
      const from = rig.clock.now();
      rig.lifecycle.emit("thawed");
      if (welcome.heartbeatMs === null) rig.protocol.last.host.probeAck();
      rig.clock.advance(3_600_000);
      expect([rig.status(), rig.clock.now() - from]).toEqual(["connected", 3_600_000]);
    }
    expect(createRig().status()).toBe("disconnected");
  });
});
