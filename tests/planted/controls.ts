/** Plants that must not count as caught, to show that the tool can tell. */
import type { Plant } from "./plant.js";

const connect: Pick<Plant, "tag" | "file" | "find" | "test"> = {
  tag: "B4.2",
  file: "packages/core/src/policy.ts",
  find: "connectTimeoutMs: 15_000,",
  test: "tests/core/connect.test.ts",
};

export const controls: readonly (Plant & { readonly verdict: "missed" | "error" })[] = [
  { ...connect, what: "the same number in other words", replace: "connectTimeoutMs: 15 * 1_000,", verdict: "missed" },
  { ...connect, what: "no JavaScript", replace: "connectTimeoutMs: 15_000,,", verdict: "error" },
];
