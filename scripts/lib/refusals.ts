/** What the compiler says of the type tests when no `@ts-expect-error` keeps it quiet: each must be there for a reason. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { root } from "./run.js";

export interface Refusals {
  /** `file:line` below each `@ts-expect-error`, with the words after it. */
  readonly expected: ReadonlyMap<string, string>;
  /** `file:line` of each statement that is refused, with the compiler's words. */
  readonly refused: ReadonlyMap<string, string>;
}

const marker = /^\s*\/\/ @ts-expect-error:?(.*)$/;

/** Compiles every file of `folder` (from the root) against the sources, the markers taken out. */
export const refusalsOf = (folder: string): Refusals => {
  const directory = join(root, folder);
  const files = readdirSync(directory)
    .filter((name) => /\.tsx?$/.test(name))
    .map((name) => join(directory, name));
  const config = ts.getParsedCommandLineOfConfigFile(
    join(root, "tests/tsconfig.json"),
    { noEmit: true, noUnusedLocals: false },
    { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => {} },
  );
  if (config === undefined) throw new Error("tests/tsconfig.json cannot be read");
  const host = ts.createCompilerHost(config.options);
  const read = host.readFile.bind(host);
  const getSourceFile = host.getSourceFile.bind(host);
  const expected = new Map<string, string>();
  host.getSourceFile = (name, options, ...rest) => {
    if (!files.includes(name)) return getSourceFile(name, options, ...rest);
    const lines = (read(name) ?? "").split("\n");
    lines.forEach((line, n) => {
      const told = marker.exec(line);
      if (told === null) return;
      expected.set(`${name.slice(directory.length + 1)}:${n + 2}`, (told[1] ?? "").trim());
      lines[n] = "";
    });
    return ts.createSourceFile(name, lines.join("\n"), options);
  };
  const program = ts.createProgram(files, config.options, host);
  const refused = new Map<string, string>();
  for (const file of program.getSourceFiles().filter(({ fileName }) => files.includes(fileName))) {
    for (const { start = 0, messageText } of [
      ...program.getSyntacticDiagnostics(file),
      ...program.getSemanticDiagnostics(file),
    ]) {
      const { line } = file.getLineAndCharacterOfPosition(start);
      const at = `${file.fileName.slice(directory.length + 1)}:${line + 1}`;
      refused.set(at, ts.flattenDiagnosticMessageText(messageText, "\n"));
    }
  }
  return { expected, refused };
};
