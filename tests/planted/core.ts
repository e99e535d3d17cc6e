/** Faults in `@cc/core`: decisions of the machine (sections 1, 3 to 8). */
import type { Plant } from "./plant.js";

const policy = "packages/core/src/policy.ts";
const link = "packages/core/src/link.ts";
const transition = "packages/core/src/transition.ts";
const ladder = "packages/core/src/ladder.ts";
const desire = "packages/core/src/desire.ts";

export const corePlants: readonly Plant[] = [
  {
    tag: "B3.2",
    what: "a background app stays connected although it may not",
    file: desire,
    find: `app.tag === "foreground" || p.background === "keep"`,
    replace: `app.tag === "foreground" || p.background !== "keep"`,
    test: "tests/core/auto.test.ts",
  },
  {
    tag: "B3.4",
    what: "auto mode takes a disconnect() back by itself",
    file: transition,
    find: `if (x.mode.wish === "on") x.mode.wish = "disconnectCalled";`,
    replace: `if (x.mode.wish === "on" && !x.mode.auto) x.mode.wish = "disconnectCalled";`,
    test: "tests/core/auto.test.ts",
  },
  {
    tag: "B4.4",
    what: "the lease ends after 20 s instead of 30 s",
    file: policy,
    find: "leaseMs: 30_000,",
    replace: "leaseMs: 20_000,",
    test: "tests/core/lease.test.ts",
  },
  {
    tag: "B4.5",
    what: "manual mode reconnects in the background",
    file: link,
    find: `if (x.link.tag === "linked") loseInBackground(x);`,
    replace: `if (x.link.tag !== "linked") loseInBackground(x);`,
    test: "tests/core/lease.test.ts",
  },
  {
    tag: "B5.3",
    what: "the ladder does not climb",
    file: ladder,
    find: "2 ** Math.min(step, 16)",
    replace: "2 ** Math.min(step, 0)",
    test: "tests/core/retry.test.ts",
  },
  {
    tag: "R10",
    what: "retries are not jittered above the first",
    file: ladder,
    find: "return (c * (1 + random)) / 2;",
    replace: "return c;",
    test: "tests/core/retry.test.ts",
  },
  {
    tag: "R12",
    what: "a wake dials below the server's floor",
    file: link,
    find: "if (x.now < floorUntil(ladder)) return wait(x, 0, reason);",
    replace: "",
    test: "tests/core/floor.test.ts",
  },
  {
    tag: "B6.1",
    what: "a link is declared dead although messages arrive",
    file: link,
    find: "if (x.inboundAt > open.sentAt) return endProbe(x, l, x.inboundAt);",
    replace: "",
    test: "tests/core/liveness.test.ts",
  },
  {
    tag: "B8.1",
    what: "a fleet that was throttled together wakes together",
    file: policy,
    find: "throttleJitter: 0.1,",
    replace: "throttleJitter: 0,",
    test: "tests/core/snapshot.test.ts",
  },
];
