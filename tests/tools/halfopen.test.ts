/** What `pnpm halfopen` says where it cannot do its work; what it does is its own proof. */
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { root, run } from "../../scripts/lib/run.js";

const halfopen = (args: readonly string[]): ReturnType<typeof run> =>
  run(process.execPath, [join(root, "node_modules/tsx/dist/cli.mjs"), join(root, "scripts/halfopen.ts"), ...args], {
    // Neither iproute2 nor a package manager is to be found.
    env: { PATH: "/nowhere" },
    limitMs: 60_000,
  });

describe("pnpm halfopen", () => {
  it("says in one line why it was skipped, and fails for it only where that was asked", {
    timeout: 120_000,
  }, async () => {
    const lenient = await halfopen([]);
    expect(lenient.stdout).toMatch(/^halfopen: skipped: .+\n$/m);
    expect(lenient.code).toBe(0);
    const strict = await halfopen(["--strict"]);
    expect(strict.stdout).toMatch(/^halfopen: skipped: /m);
    expect(strict.code).toBe(1);
  });

  it("refuses what it does not know", { timeout: 60_000 }, async () => {
    const { code, stderr } = await halfopen(["--fast"]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^halfopen: .*--fast/);
  });
});
