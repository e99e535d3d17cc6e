/** Types, size and unused code, on the sources; `pnpm matrix` does the same with the tarballs. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { weigh } from "../../scripts/lib/bundle.js";
import { refusalsOf } from "../../scripts/lib/refusals.js";

const root = fileURLToPath(new URL("../../", import.meta.url));

it("[R40] wrappers generic over events and protocol compile, and every mistake of the type tests is refused", {
  timeout: 120_000,
}, () => {
  const { expected, refused } = refusalsOf("tests/types");
  expect(expected.size).toBeGreaterThan(30);
  expect([...expected.keys()].filter((at) => at.startsWith("wrappers.ts"))).toHaveLength(6);
  // The same lines and no other: nothing that should compile is refused, nothing that should be refused compiles.
  expect([...refused.keys()].sort()).toEqual([...expected.keys()].sort());
});

describe("[R40] unused code falls away", () => {
  const from = join(root, "packages/react");
  const modulesOf = async (source: string): Promise<readonly string[]> =>
    (await weigh(source, from)).modules.map(({ module }) => module);

  it("an entry that is imported for nothing adds nothing", async () => {
    expect(await modulesOf('import "@cc/sdk"; import "@cc/sdk/cometchat"; import "@cc/sdk/portable";')).toEqual([]);
  });

  it("a check for our errors brings the errors, and no client", async () => {
    const { gzip, modules } = await weigh('export { isConnectionError } from "@cc/sdk";', from);
    expect(modules.map(({ module }) => module)).toEqual(["packages/core/src/errors.ts"]);
    expect(gzip).toBeLessThan(600);
  });

  it("a client of one's own server brings no protocol of ours", async () => {
    const modules = await modulesOf('export { createClient, rawProtocol } from "@cc/sdk/portable";');
    expect(modules).toContain("packages/core/src/transition.ts");
    expect(modules.filter((module) => module.startsWith("packages/protocol"))).toEqual([]);
  });

  it("a page gets nothing of Node", async () => {
    const modules = await modulesOf('export * from "@cc/sdk";');
    expect(modules.filter((module) => /platform-node|transport-ws|node_modules/.test(module))).toEqual([]);
  });
});

it("[R40] size has a budget in CI", () => {
  expect(readFileSync(join(root, ".ci/run"), "utf8")).toMatch(/^step "size" pnpm size/m);
});
