/** Intervals of membership: what the broker's records, markers and forgetting make of them. */
import { describe, expect, it } from "vitest";
import { createMembers, type Members } from "../src/server/members.js";

const open = Number.POSITIVE_INFINITY;
const seen = (members: Members, channel: string, user: string, upTo: number): number[] =>
  Array.from({ length: upTo }, (_, i) => i + 1).filter((n) => members.sees(channel, user, n));

describe("membership records", () => {
  it("[B10.5] take the place of all that was known: who is a member, who was, and what they see", () => {
    const members = createMembers();
    members.apply("group:old", "cat", "joined", 1);
    members.apply("group:old", "dan", "joined", 2);
    members.apply("group:old", "dan", "left", 3);
    members.load([
      {
        channel: "group:g",
        user: "ann",
        intervals: [
          { after: 1, until: 3 },
          { after: 5, until: open },
        ],
      },
      { channel: "group:g", user: "bob", intervals: [{ after: 2, until: 4 }] },
      { channel: "group:h", user: "ann", intervals: [{ after: 6, until: open }] },
    ]);
    expect(members.membersOf("group:g")).toEqual(["ann"]);
    expect(members.membersOf("group:old")).toEqual([]);
    expect([...members.channelsOf("ann")]).toEqual(["group:g", "group:h"]);
    expect([...members.channelsOf("cat"), ...members.channelsOf("dan")]).toEqual([]);
    expect(seen(members, "group:g", "ann", 8)).toEqual([2, 3, 6, 7, 8]);
    expect(seen(members, "group:g", "bob", 8)).toEqual([3, 4]);
    expect(seen(members, "group:old", "cat", 8)).toEqual([]);
    expect([...members.channelsWithPast]).toEqual(["group:g"]);
  });
});

describe("markers", () => {
  it("[B10.5] told again behind the records they change nothing", () => {
    const members = createMembers();
    members.load([{ channel: "group:g", user: "ann", intervals: [{ after: 4, until: open }] }]);
    for (const [change, n] of [
      ["joined", 2],
      ["left", 4],
      ["joined", 5],
    ] as const)
      members.apply("group:g", "ann", change, n);
    expect(members.isMember("group:g", "ann")).toBe(true);
    expect(seen(members, "group:g", "ann", 8)).toEqual([5, 6, 7, 8]);
    members.apply("group:g", "ann", "left", 6);
    members.apply("group:g", "ann", "joined", 5);
    members.apply("group:g", "ann", "left", 6);
    expect(seen(members, "group:g", "ann", 8)).toEqual([5, 6]);
  });

  it("[B10.5] two joins in a row are one, and one leave ends it", () => {
    const members = createMembers();
    members.apply("group:g", "ann", "joined", 2);
    members.apply("group:g", "ann", "joined", 5);
    members.apply("group:g", "ann", "left", 7);
    expect(members.isMember("group:g", "ann")).toBe(false);
    expect(seen(members, "group:g", "ann", 9)).toEqual([2, 3, 4, 5, 6, 7]);
  });

  it("[B10.5] a leave of nobody is nothing, and a second leave makes the first no longer", () => {
    const members = createMembers();
    members.apply("group:g", "ann", "left", 1);
    expect(seen(members, "group:g", "ann", 3)).toEqual([]);
    members.apply("group:g", "ann", "joined", 2);
    members.apply("group:g", "ann", "kicked", 3);
    members.apply("group:g", "ann", "left", 5);
    expect(seen(members, "group:g", "ann", 7)).toEqual([2, 3]);
    expect(members.membersOf("group:g")).toEqual([]);
  });
});

describe("forgetting", () => {
  const withPast = (): Members => {
    const members = createMembers();
    for (const [user, change, n] of [
      ["ann", "joined", 1],
      ["ann", "left", 3],
      ["bob", "joined", 4],
      ["ann", "joined", 5],
      ["cat", "joined", 6],
      ["cat", "left", 9],
    ] as const)
      members.apply("group:g", user, change, n);
    members.apply("group:h", "cat", "joined", 10);
    return members;
  };

  it("[R34] takes intervals that ended at or below the floor, one by one", () => {
    const members = withPast();
    members.forget("group:g", 3);
    expect(seen(members, "group:g", "ann", 10)).toEqual([5, 6, 7, 8, 9, 10]);
    expect(seen(members, "group:g", "cat", 10)).toEqual([6, 7, 8, 9]);
    expect(members.membersOf("group:g")).toEqual(["ann", "bob"]);
    expect([...members.channelsWithPast]).toEqual(["group:g"]);
  });

  it("[R34] who is forgotten in one channel stays in the others", () => {
    const members = withPast();
    members.forget("group:g", 9);
    expect([...members.channelsOf("cat")]).toEqual(["group:h"]);
    expect([...members.channelsOf("ann")]).toEqual(["group:g"]);
    expect([...members.channelsWithPast]).toEqual([]);
  });

  it("[R34] a channel without anybody is gone, and one that nobody knows is nothing", () => {
    const members = createMembers();
    members.apply("group:g", "ann", "joined", 1);
    members.apply("group:g", "ann", "left", 2);
    for (const channel of ["group:g", "group:g", "group:never"]) members.forget(channel, 2);
    expect([...members.channelsOf("ann")]).toEqual([]);
    expect(members.membersOf("group:g")).toEqual([]);
    expect(members.sees("group:g", "ann", 2)).toBe(false);
  });
});
