/**
 * The tests that take part in `pnpm mutation`: fast, in virtual time, without a socket or a browser. Which of them is said by
 * `CC_MUTATION`, the package whose sources are mutated.
 *
 * One worker runs all files of a run, for starting one for each would take longer than most tests; it ends with the run, so what a
 * mutant did to a module is gone before the next.
 */
import { fileURLToPath } from "node:url";
import { defaultServerConditions } from "vite";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import { isMutated, takingPart } from "./scripts/lib/mutation/parts.js";

const part = process.env["CC_MUTATION"];
if (!isMutated(part)) throw new Error(`CC_MUTATION is ${part}, not a package that is mutated`);

/** A run ends with its first red test. Tables of texts are quick and alone in noticing what they notice; long tests are rarely alone. */
const quick = /explain|errors|codes|vectors/;
const slow = /property|random|retry|liveness|floor|desire|trace|protocol\/test\/(bounds|admission)/;

class QuickFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => (quick.test(moduleId) ? 0 : slow.test(moduleId) ? 2 : 1);
    return files.sort((a, b) => place(a) - place(b) || a.moduleId.localeCompare(b.moduleId));
  }
}

// Of the testkit the tests of core need the scripts and the clock; the gateway and the simulator would be half of what each run loads.
const alias =
  part === "core"
    ? [{ find: /^@cc\/testkit$/, replacement: fileURLToPath(new URL("tests/support/scripts.ts", import.meta.url)) }]
    : [];

export default defineConfig({
  resolve: { alias },
  ssr: { resolve: { conditions: ["@cc/source", ...defaultServerConditions] } },
  test: {
    name: "mutation",
    environment: "node",
    include: [...takingPart[part]],
    // They read or enumerate the sources themselves: a mutant changes the words that the guards are patched by.
    exclude: ["**/node_modules/**", "tests/core/model*.test.ts"],
    isolate: false,
    fileParallelism: false,
    sequence: { sequencer: QuickFirst },
    setupFiles: ["tests/support/short-stacks.setup.ts"],
    testTimeout: 60_000,
    // A fortieth of the random walks and of the seeds (tests/core/rig.ts): whole ones would be nine tenths of the time.
    env: { CC_WALK: "0.025" },
  },
});
