/**
 * Three projects: `node`, `browser` (real Chromium), and `sim`, thousands of simulated minutes. Sources of the workspace are taken
 * through the export condition `@cc/source`, so tests need no build and a stack trace names the real file. A single file: `npx vitest run --project node path/of.test.ts`.
 */
import { playwright } from "@vitest/browser-playwright";
import { defaultClientConditions, defaultServerConditions } from "vite";
import { configDefaults, defineConfig } from "vitest/config";
import { chromiumFlags, findChromium } from "./scripts/lib/browser.js";
import { LongestFirst } from "./scripts/lib/longestFirst.js";
import { ONLY, pureTests } from "./scripts/lib/pure.js";
import { offlineFor } from "./tests/support/browser-commands.js";

const chromium = findChromium();
const inVirtualTime = ["packages/testkit/test/simSeeds*.test.ts"];
/** Which of Node's tests `pnpm test` wants now; by itself a run wants all. */
const only = process.env[ONLY];
const inBrowser = ["tests/browser/**/*.test.{ts,tsx}", "{packages,apps}/*/test/**/*.browser.test.{ts,tsx}"];

export default defineConfig({
  test: {
    // An unhandled rejection or uncaught exception anywhere fails the run, even when every test passed.
    dangerouslyIgnoreUnhandledErrors: false,
    passWithNoTests: false,
    maxWorkers: 2,
    // No assertion on speed: a machine that is busy with other things may take its time.
    testTimeout: 40_000,
    hookTimeout: 60_000,
    sequence: { sequencer: LongestFirst },
    // For tests that start a browser of their own, and their children.
    env: chromium === undefined ? {} : { CHROMIUM_PATH: chromium },
    projects: [
      {
        extends: true,
        ssr: { resolve: { conditions: ["@cc/source", ...defaultServerConditions] } },
        test: {
          name: "node",
          environment: "node",
          pool: "forks",
          // Twice the two cores: most of these wait for a deadline, a browser or a child.
          maxWorkers: 4,
          include:
            only === "pure"
              ? [...pureTests]
              : ["{packages,apps}/*/test/**/*.test.{ts,tsx}", "tests/**/*.test.{ts,tsx}"],
          // These need more than Node and Chromium: `pnpm interop`, `pnpm halfopen`, `pnpm browsers`.
          exclude: [
            ...configDefaults.exclude,
            ...inBrowser,
            ...inVirtualTime,
            "tests/interop/**",
            "tests/netns/**",
            "tests/engines/**",
            ...(only === "others" ? pureTests : []),
          ],
        },
      },
      {
        extends: true,
        ssr: { resolve: { conditions: ["@cc/source", ...defaultServerConditions] } },
        // Minutes of processor and no real time at all: by themselves, for beside others they would make those late.
        test: {
          name: "sim",
          environment: "node",
          pool: "forks",
          include: inVirtualTime,
        },
      },
      {
        extends: true,
        resolve: { conditions: ["@cc/source", ...defaultClientConditions] },
        // What only some tests import is bundled before the first one runs: found later, it would reload the page under them.
        optimizeDeps: { entries: inBrowser },
        test: {
          name: "browser",
          include: inBrowser,
          globalSetup: ["tests/support/link-server.setup.ts"],
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            commands: { offlineFor },
            provider: playwright({
              launchOptions: {
                args: [...chromiumFlags],
                ...(chromium === undefined ? {} : { executablePath: chromium }),
              },
            }),
            instances: [{ browser: "chromium" }],
          },
        },
      },
    ],
  },
});
