/** `pnpm interop`: the protocol suite against other implementations. Apart from `pnpm test`, for it needs more than Node. */
import { defaultServerConditions } from "vite";
import { defineConfig } from "vitest/config";

export default defineConfig({
  ssr: { resolve: { conditions: ["@cc/source", ...defaultServerConditions] } },
  test: {
    name: "interop",
    environment: "node",
    pool: "forks",
    include: ["tests/interop/**/*.test.ts"],
    passWithNoTests: false,
    testTimeout: 60_000,
    hookTimeout: 30_000,
  },
});
