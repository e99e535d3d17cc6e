/** `pnpm halfopen`: real faults in network namespaces. Apart from `pnpm test`, for it needs root, iproute2 and iptables. */
import { defaultServerConditions } from "vite";
import { defineConfig } from "vitest/config";

export default defineConfig({
  ssr: { resolve: { conditions: ["@cc/source", ...defaultServerConditions] } },
  test: {
    name: "netns",
    environment: "node",
    pool: "forks",
    include: ["tests/netns/**/*.test.ts"],
    passWithNoTests: false,
    // They wait for deadlines, not for the processor.
    maxWorkers: 1,
    maxConcurrency: 40,
    // Three attempts, where the machine stood still.
    testTimeout: 400_000,
    hookTimeout: 120_000,
  },
});
