/** Bundles of the sources, as an app would make them: for pages and workers, which resolve no packages, and for bare Node. */
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const folder = fileURLToPath(new URL("../", import.meta.url));

export interface BundleOptions {
  /** Default `browser`. */
  readonly platform?: "browser" | "node";
  /** Modules of others, by what is put in their place. */
  readonly instead?: Readonly<Record<string, string>>;
  /** Libraries in their development builds. Default false. */
  readonly development?: boolean;
  /** Where the text's imports are resolved from. Default: the tests' own folder. */
  readonly folder?: string;
}

/** The ESM text of `source` (TypeScript), with all that it imports in it. */
export async function bundle(source: string, options: BundleOptions = {}): Promise<string> {
  const { platform = "browser", development = false } = options;
  const { outputFiles } = await build({
    stdin: { contents: source, resolveDir: options.folder ?? folder, loader: "ts" },
    bundle: true,
    format: "esm",
    platform,
    target: "es2022",
    conditions: ["@cc/source"],
    define: { "process.env.NODE_ENV": development ? '"development"' : '"production"' },
    // CommonJS dependencies of Node call `require` for its own modules, which ESM does not have.
    ...(platform === "node" && {
      banner: {
        js: 'import { createRequire as bundled } from "node:module"; const require = bundled(import.meta.url);',
      },
    }),
    ...(options.instead && { alias: { ...options.instead } }),
    write: false,
    logLevel: "silent",
  });
  return outputFiles[0]?.text ?? "";
}
