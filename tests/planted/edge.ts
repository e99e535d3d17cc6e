/** Faults in gateway, adapters and testkit. */
import type { Plant } from "./plant.js";

export const edgePlants: readonly Plant[] = [
  {
    tag: "B8.3",
    what: "load never throttles anything",
    file: "packages/gateway/src/load/decide.ts",
    find: "if (pressure >= 1) {",
    replace: "if (pressure >= 1_000) {",
    test: "packages/gateway/test/load.test.ts",
  },
  {
    tag: "B2.7",
    what: "a token of the very millisecond of its revocation lives on",
    file: "packages/gateway/src/auth/revocations.ts",
    find: "issuedAt <= cutoff",
    replace: "issuedAt < cutoff - 60_000",
    test: "packages/gateway/test/tokens.test.ts",
  },
  {
    tag: "B2.8",
    what: "the file with the session can be read by everybody",
    file: "packages/platform-node/src/file-storage.ts",
    find: "0o600",
    replace: "0o644",
    test: "tests/adapters/platform-node.test.ts",
  },
  {
    tag: "R8",
    what: "a close without a code is told as none",
    file: "packages/transport-browser/src/index.ts",
    find: "code || 1006",
    replace: "code || 1005",
    test: "tests/adapters/transport-browser.test.ts",
  },
  {
    tag: "B7.1",
    what: "HTTP 429 is told as a wrong argument",
    file: "packages/sdk/src/rest.ts",
    find: "status === 429 || status >= 500",
    replace: "status >= 500",
    test: "tests/sdk/rest.test.ts",
  },
  {
    tag: "R38",
    what: "timers of the virtual clock fire in the order in which they were set",
    file: "packages/testkit/src/clock.ts",
    find: "a.due < b.due || (a.due === b.due && a.order < b.order)",
    replace: "a.order < b.order",
    test: "packages/testkit/test/clock.test.ts",
  },
  {
    tag: "B6.4",
    what: "a machine that slept is not noticed",
    file: "packages/platform-node/src/lifecycle.ts",
    find: "Math.abs(ms) > DRIFT_MS",
    replace: "Math.abs(ms) < 0",
    test: "tests/adapters/platform-node.test.ts",
  },
];
