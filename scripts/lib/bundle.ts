/** Bundles an entry as a browser app would and weighs what comes out: minified by esbuild, each chunk by gzip -9. */
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { root } from "./run.js";

export interface Module {
  readonly module: string;
  /** Minified bytes of this module in all chunks, before gzip. */
  readonly bytes: number;
}

export interface Weight {
  /** Sum of the chunks' gzip -9 sizes. */
  readonly gzip: number;
  readonly minified: number;
  readonly chunks: number;
  /** Largest first. */
  readonly modules: readonly Module[];
}

/**
 * Weighs a module text, resolved as if it stood in `folder`. All chunks count, those behind a dynamic import too: code that is
 * fetched later but before `linked` is paid for all the same. `external` packages are left out.
 */
export const weigh = async (source: string, folder: string, external: readonly string[] = []): Promise<Weight> => {
  const { metafile, outputFiles } = await build({
    stdin: { contents: source, resolveDir: folder, sourcefile: "entry.js", loader: "js" },
    absWorkingDir: root,
    bundle: true,
    minify: true,
    splitting: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    // Browser conditions of esbuild are added to these; the sources come first, so no build is needed and none can be stale.
    conditions: ["@cc/source"],
    external: [...external],
    legalComments: "none",
    define: { "process.env.NODE_ENV": '"production"' },
    outdir: "out",
    write: false,
    metafile: true,
    logLevel: "silent",
  });
  const bytes = new Map<string, number>();
  for (const output of Object.values(metafile.outputs)) {
    for (const [input, { bytesInOutput }] of Object.entries(output.inputs)) {
      if (bytesInOutput > 0) bytes.set(input, (bytes.get(input) ?? 0) + bytesInOutput);
    }
  }
  return {
    gzip: outputFiles.reduce((sum, file) => sum + gzipSync(file.contents, { level: 9 }).length, 0),
    minified: outputFiles.reduce((sum, file) => sum + file.contents.length, 0),
    chunks: outputFiles.length,
    modules: [...bytes].map(([module, size]) => ({ module, bytes: size })).sort((a, b) => b.bytes - a.bytes),
  };
};
