/**
 * Tests in virtual time, without a socket, a child or a global that is changed: `pnpm test` runs them in shared processes, for to
 * start one takes as long as most of them. By file (`npx vitest run --project node FILE`) they run as all others do.
 */
export const pureFolders: readonly string[] = ["tests/core", "packages/protocol/test"];

/** Set by `pnpm test` where it runs the others. */
export const WITHOUT_PURE = "CC_WITHOUT_PURE";
