/**
 * The order of test files. Law: those that wait longest for real deadlines begin first, or the last of them waits alone.
 *
 * The runner sorts by what it remembers of the last run, and a bare clone remembers nothing. A name that is missing here costs time, and nothing else.
 */
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Slowest first. */
const long: readonly string[] = [
  "tests/system/playground-faults.test.ts",
  "tests/system/playground-access.test.ts",
  "tests/system/playground.test.ts",
  "tests/terminal/doctor.test.ts",
  "tests/demo/demo.test.ts",
  "packages/gateway/test/overload.test.ts",
  "tests/system/tabs.test.ts",
  "tests/system/page-lifecycle.test.ts",
  "tests/protocol/conformance.gateway.test.ts",
  "tests/system/client-chromium.test.ts",
  "tests/herd/herd.test.ts",
  "tests/imports/imports.test.ts",
  "tests/system/liveness.test.ts",
  "tests/system/blocked.test.ts",
];

const rank = ({ moduleId }: TestSpecification): number => {
  const at = long.findIndex((name) => moduleId.endsWith(`/${name}`));
  return at < 0 ? long.length : at;
};

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return [...(await super.sort(files))].sort((a, b) => rank(a) - rank(b));
  }
}
