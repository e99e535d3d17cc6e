/** What happens exactly at a bound, and where a number is missing. */
import { describe, expect, test } from "vitest";
import { createRig, linkedRig, wallStart } from "./rig.js";

describe("a floor", () => {
  test("[B5.4] one that was told twice in a moment is given out to be saved once", () => {
    const rig = linkedRig();
    const { host } = rig.protocol.last;
    rig.saved.length = 0;
    host.goaway(30_000, 10_000);
    host.goaway(30_000, 10_000);
    host.goaway(20_000, 10_000);
    expect(rig.saved.map(({ ladder }) => ladder.floor?.ms)).toEqual([35_000]);
  });

  test("[B5.4] one of an earlier process that ends at this moment, or ended, is none", () => {
    const floorAfter = (ms: number) => {
      const rig = createRig();
      rig.connection.init({ auto: true, floor: { from: { now: 0, wall: wallStart - 1_000 }, ms } });
      return rig.connection.state().ladder.floor?.ms ?? null;
    };
    expect([500, 1_000, 1_001].map(floorAfter)).toEqual([null, null, 1]);
  });
});

describe("the ladder", () => {
  test("[B5.3] without a cap for the outage's age, twice S is the cap", () => {
    const rig = linkedRig({ chance: 0.999_999, policy: { caps: [] } });
    rig.lose();
    const at: number[] = [];
    for (let n = 0; n < 6; n += 1) {
      const link = rig.dialled(10_000);
      at.push(link.at);
      link.refuse();
    }
    const gaps = at.slice(1).map((time, n) => Math.round(time - (at[n] ?? 0)));
    expect(gaps).toEqual([2_000, 2_000, 2_000, 2_000, 2_000]);
  });
});

describe("several deadlines", () => {
  /** Linked by the second attempt, with a `goaway` of so many ms, and then everything is 10 s late. */
  function attemptAfter(leaveMs: number): number {
    const rig = createRig();
    rig.start();
    rig.dialled().refuse();
    rig.dialled(5_000);
    rig.welcome({ heartbeatMs: null });
    rig.protocol.last.host.goaway(leaveMs, 0);
    rig.clock.stall(10_000);
    rig.clock.advance(0);
    return rig.connection.snapshot().attempt;
  }

  test("[B2.7] [B5.3] that are found passed at once are settled in the order of their times: stable at 5 s, then left; or left before", () => {
    expect([attemptAfter(8_000), attemptAfter(5_000), attemptAfter(4_000)]).toEqual([1, 1, 3]);
  });
});
