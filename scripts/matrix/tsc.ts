/** A TypeScript compiler of a given version over a folder of the project, with what it found as one line each. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root, run } from "../lib/run.js";
import { put } from "./project.js";

export interface Finding {
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

/** Where a version's `tsc` is: each stands in the workspace under a name of its own, the newest under its usual one. */
const compiler = (version: string): string =>
  join(root, "node_modules", version === "6.0" ? "typescript" : `typescript-${version}`);

/** Every TypeScript that is supported, the oldest first. */
export const versions: readonly string[] = ["5.6", "5.7", "5.8", "5.9", "6.0"];

/** The exact version, as its manifest says it. */
export const exactVersion = (version: string): string => {
  const manifest = JSON.parse(readFileSync(join(compiler(version), "package.json"), "utf8")) as { version: string };
  if (!manifest.version.startsWith(`${version}.`)) throw new Error(`TypeScript ${version} is ${manifest.version} here`);
  return manifest.version;
};

/** Compiles `config`, written as `name` into the project. Empty: no error. */
export const compile = async (
  project: string,
  version: string,
  name: string,
  config: object,
): Promise<readonly Finding[]> => {
  put(project, name, JSON.stringify(config, null, 2));
  const args = [join(compiler(version), "bin/tsc"), "-p", name, "--pretty", "false"];
  const { code, stdout, stderr } = await run(process.execPath, args, { cwd: project, limitMs: 180_000 });
  const findings: Finding[] = [];
  for (const line of stdout.split("\n")) {
    const found = /^(.+?)\((\d+),\d+\): (error .*)$/.exec(line);
    if (found !== null) {
      findings.push({ file: found[1] ?? "", line: Number(found[2]), text: found[3] ?? "" });
    } else if (/^\s/.test(line) && findings.length > 0) {
      const last = findings[findings.length - 1];
      if (last !== undefined) findings[findings.length - 1] = { ...last, text: `${last.text}\n${line}` };
    } else if (line.startsWith("error")) {
      findings.push({ file: name, line: 0, text: line });
    }
  }
  if (code !== 0 && findings.length === 0) {
    findings.push({ file: name, line: 0, text: `tsc: exit code ${code}\n${stdout}${stderr}` });
  }
  return findings;
};
