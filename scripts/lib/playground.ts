/** The playground's page, built as people get it but from the sources: no package has to be built before. */
import { join } from "node:path";
import { build, defaultClientConditions } from "vite";
import { root } from "./run.js";

/** Set by `pnpm test` to a page that it has built, for those who would each build their own. */
export const BUILT_PAGE = "CC_BUILT_PAGE";

/** Builds it into `folder`, which is emptied first. */
export async function buildPlayground(folder: string): Promise<void> {
  const { NODE_ENV } = process.env;
  // A test runner's own NODE_ENV would build React for development, which is not what people get.
  process.env["NODE_ENV"] = "production";
  const playground = join(root, "apps/playground");
  try {
    await build({
      root: playground,
      configFile: join(playground, "vite.config.ts"),
      logLevel: "silent",
      resolve: { conditions: ["@cc/source", ...defaultClientConditions] },
      build: { outDir: folder, emptyOutDir: true, sourcemap: false },
    });
  } finally {
    if (NODE_ENV === undefined) delete process.env["NODE_ENV"];
    else process.env["NODE_ENV"] = NODE_ENV;
  }
}
