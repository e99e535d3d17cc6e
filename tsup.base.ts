/**
 * One build for every package: ESM, CommonJS and types side by side, source maps, nothing minified (an app's bundler does that,
 * and a stack trace should be readable). Programs (`bin`) are ESM only and have no types.
 */
import { defineConfig, type Options } from "tsup";

export interface Library {
  /** Output name → source file, one for each public entry. */
  readonly entry: Readonly<Record<string, string>>;
  /** Output name → source file of programs. */
  readonly bin?: Readonly<Record<string, string>>;
}

const common: Options = {
  outDir: "dist",
  target: "es2022",
  platform: "neutral",
  sourcemap: true,
  clean: false,
  splitting: true,
  treeshake: false,
  // Dependencies are never bundled; sources of the workspace must not slip in through the `@cc/source` condition.
  skipNodeModulesBundle: true,
};

/** The tsup configuration of one package. */
export const library = ({ entry, bin = {} }: Library): ReturnType<typeof defineConfig> => {
  const builds: Options[] = [];
  if (Object.keys(entry).length > 0) {
    builds.push({
      ...common,
      entry: { ...entry },
      format: ["esm", "cjs"],
      // tsup sets `baseUrl`, which TypeScript 6 only accepts when told to.
      dts: {
        compilerOptions: { ignoreDeprecations: "6.0" },
        // The bundler of types drops this line of the sources, and a page that has only `lib: ["ES2022", "DOM"]` knows no `Symbol.dispose`.
        banner: '/// <reference lib="esnext.disposable" />\n',
      },
    });
  }
  if (Object.keys(bin).length > 0) builds.push({ ...common, entry: { ...bin }, format: ["esm"], platform: "node" });
  return defineConfig(builds);
};
