/** When the peer is asked whether it lives, when it is not, and what an answer is. Numbers of B6.2 and B6.3. */
import { describe, expect, test } from "vitest";
import { linkedRig, type Rig } from "./rig.js";
import { manualRig, probes } from "./states.js";

const heartbeat = { welcome: { heartbeatMs: 10_000 }, ageMs: 0 } as const;

/** A send is on its way, or all are acknowledged. */
function outbox(rig: Rig, pending: boolean): void {
  rig.protocol.unacked = pending ? { since: rig.clock.now(), bytes: 1 } : null;
  rig.protocol.last.host.outbox();
}

const why = (rig: Rig): string | undefined => {
  const { link } = rig.connection.state();
  return link.tag === "linked" ? link.probe?.why : undefined;
};

describe("an acknowledgement", () => {
  test("[B6.3] that is late is asked about after 2 s, however far away the next heartbeat is", () => {
    const rig = linkedRig(heartbeat);
    rig.clock.advance(1_000);
    outbox(rig, true);
    rig.clock.advance(1_999);
    expect(probes(rig)).toBe(0);
    rig.clock.advance(1);
    expect([probes(rig), why(rig)]).toEqual([1, "ack"]);
  });

  test("[B6.3] that stays away is asked about every 2 s, not after every answer", () => {
    const rig = linkedRig(heartbeat);
    outbox(rig, true);
    rig.clock.advance(2_000);
    for (let n = 1; n <= 4; n += 1) {
      expect(probes(rig)).toBe(n);
      rig.clock.advance(100);
      rig.protocol.last.host.probeAck();
      rig.clock.advance(1_899);
      expect(probes(rig)).toBe(n);
      rig.clock.advance(1);
    }
  });

  test("[B6.3] that comes in time leaves nothing to ask, with a heartbeat and without", () => {
    for (const heartbeatMs of [10_000, null]) {
      const rig = linkedRig({ welcome: { heartbeatMs }, ageMs: 1_000 });
      outbox(rig, true);
      rig.clock.advance(1_000);
      outbox(rig, false);
      rig.clock.advance(8_300);
      expect(probes(rig), `heartbeat ${heartbeatMs}`).toBe(0);
    }
  });

  test("[B6.3] a send just before the peer's silence would be looked into: what arrived since counts", () => {
    const rig = linkedRig(heartbeat);
    rig.clock.advance(9_000);
    rig.links.last.message("heartbeat");
    rig.clock.advance(1_000);
    outbox(rig, true);
    rig.clock.advance(1_000);
    expect(probes(rig)).toBe(0);
    rig.clock.advance(1_000);
    expect([probes(rig), why(rig)]).toEqual([1, "ack"]);
  });

  test("[B6.3] that is not late yet is not why silence is asked about", () => {
    const rig = linkedRig(heartbeat);
    rig.clock.advance(9_900);
    outbox(rig, true);
    rig.clock.advance(500);
    expect([probes(rig), why(rig)]).toEqual([1, "quiet"]);
  });

  test("[B6.3] that is owed from before counts from when it was, on a new link too", () => {
    const rig = linkedRig(heartbeat);
    rig.lose();
    rig.dialled(2_000);
    rig.protocol.unacked = { since: rig.clock.now(), bytes: 1 };
    rig.welcome();
    rig.clock.advance(1_999);
    expect(probes(rig)).toBe(0);
    rig.clock.advance(1);
    expect(probes(rig)).toBe(1);
  });
});

describe("an answer", () => {
  test("[B6.1] is only what arrives after the question: a message of the same moment is none", () => {
    const rig = manualRig();
    rig.links.last.message("before");
    rig.watch(rig.connection.ping());
    rig.clock.advance(2_500);
    expect([rig.status(), rig.errors[0]?.code]).toEqual(["disconnected", "ERR_WEBSOCKET_ERROR"]);
  });

  test("[B5.5] [B6.1] and at a wake only what arrived after the open question ends it", () => {
    const rig = linkedRig();
    rig.links.last.message("before");
    rig.lifecycle.emit("offline");
    rig.clock.advance(1_000);
    rig.lifecycle.emit("thawed");
    expect([probes(rig), why(rig)]).toEqual([1, "offline"]);
    rig.clock.advance(1_500);
    expect(rig.status()).toBe("disconnected");
  });

  test("[B6.1] [B5.5] a wake renews what is forgiven a late timer", () => {
    const rig = linkedRig();
    rig.lifecycle.emit("offline");
    const late = (): boolean => {
      rig.clock.stall(60_000);
      rig.clock.advance(0);
      return rig.connection.snapshot().linked;
    };
    expect([late(), late()]).toEqual([true, true]);
    rig.lifecycle.emit("thawed");
    expect([late(), late(), late()]).toEqual([true, true, false]);
  });

  test("[B5.6] none to what was asked when the network went: no internet, though it came back meanwhile", () => {
    const rig = linkedRig();
    rig.lifecycle.emit("offline");
    rig.clock.advance(1_000);
    rig.lifecycle.emit("online");
    rig.clock.advance(1_500);
    expect([rig.errors[0]?.code, rig.connection.snapshot().online]).toEqual(["ERR_NO_INTERNET", true]);
  });
});

describe("an idle client", () => {
  test("[B6.5] takes no step of the machine for a heartbeat", () => {
    let draws = 0;
    const random = (): number => {
      draws += 1;
      return 0.5;
    };
    const rig = linkedRig({ ...heartbeat, owner: { random } });
    rig.clock.advance(6_000);
    const before = draws;
    for (let n = 0; n < 60; n += 1) {
      rig.links.last.message("heartbeat");
      rig.clock.advance(10_000);
    }
    expect([draws - before, rig.status(), probes(rig)]).toEqual([0, "connected", 0]);
  });

  test("[B4.4] [B6.3] in the lease of manual mode keeps the server's heartbeat: only `keep` asks for a longer one", () => {
    const linked = linkedRig({ ...heartbeat, auto: false });
    linked.lifecycle.emit("background");
    expect(linked.protocol.last.acts.filter((act) => act.startsWith("heartbeat"))).toEqual([]);
  });
});
