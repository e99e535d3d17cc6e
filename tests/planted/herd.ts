/** Faults that one client alone hardly shows, and a fleet at once (5.2, 5.3). */
import type { Plant } from "./plant.js";

export const herdPlants: readonly Plant[] = [
  {
    tag: "B5.2",
    what: "a whole fleet's first retry comes at the end of S",
    file: "packages/core/src/ladder.ts",
    find: "return x.m.random * (",
    replace: "return 1 * (",
    test: "tests/herd/herd.test.ts",
  },
  {
    tag: "B5.3",
    what: "the cap is laid upon the jittered delay, and takes the jitter away where all end up",
    file: "packages/core/src/ladder.ts",
    find: "return (c * (1 + x.m.random)) / 2;",
    replace: "return Math.min(cap, c * (1 + x.m.random));",
    test: "tests/herd/herd.test.ts",
  },
];
