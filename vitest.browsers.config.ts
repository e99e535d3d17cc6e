/** `pnpm browsers`: the browser suite and the client end to end in Firefox and WebKit. Apart from `pnpm test`, for it needs more than Chromium. */
import { defaultServerConditions } from "vite";
import { defineConfig, type TestProjectInlineConfiguration } from "vitest/config";
import { type EngineName, engineNames } from "./scripts/lib/engines.js";

const project = (engine: EngineName): TestProjectInlineConfiguration => ({
  extends: true,
  test: { name: engine, provide: { engine } },
});

export default defineConfig({
  ssr: { resolve: { conditions: ["@cc/source", ...defaultServerConditions] } },
  test: {
    environment: "node",
    pool: "forks",
    include: ["tests/engines/**/*.test.ts"],
    passWithNoTests: false,
    // What one file does to its network, others of its project would be told.
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 30_000,
    projects: engineNames.map(project),
  },
});
