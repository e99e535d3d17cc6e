/**
 * Tests in virtual time, without a socket, a child, a client of the whole program (`CometChat`) or a global that is changed:
 * `pnpm test` runs them in shared processes, for to start one takes as long as most of them. By file
 * (`npx vitest run --project node FILE`) they run as all others do.
 */
export const pureTests: readonly string[] = [
  "tests/core/**/*.test.ts",
  "tests/sdk/!(cometchat|raw|rest)*.test.ts",
  "packages/protocol/test/**/*.test.ts",
];

/** Set by `pnpm test` to run those alone (`pure`), or the others alone (`others`). */
export const ONLY = "CC_TESTS";
