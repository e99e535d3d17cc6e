/** What the tests of core use of @cc/testkit, without the rest: `pnpm mutation` loads it in the testkit's place, thousands of times. */
export * from "../../packages/testkit/src/calls.js";
export * from "../../packages/testkit/src/clock.js";
export * from "../../packages/testkit/src/lifecycle.js";
export * from "../../packages/testkit/src/links.js";
export * from "../../packages/testkit/src/misuse.js";
export * from "../../packages/testkit/src/protocol.js";
export * from "../../packages/testkit/src/random.js";
export * from "../../packages/testkit/src/storage.js";
export * from "../../packages/testkit/src/turn.js";
