/**
 * Where Firefox and WebKit are, and how they come here when they are not: a path that was told, the PATH, Debian's packages.
 *
 * Law: a browser counts as here when its own program says a version; whatever else is found is said in one line.
 */
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { aptInstall } from "./apt.js";
import { run } from "./run.js";

export type EngineName = "firefox" | "webkit";
export const engineNames: readonly EngineName[] = ["firefox", "webkit"];

interface Need {
  /** Names a program of this name in this variable of the environment instead. */
  readonly variable: string;
  readonly names: readonly string[];
  /** Debian's. */
  readonly package: string;
}

const needs: Readonly<Record<EngineName, readonly Need[]>> = {
  firefox: [{ variable: "FIREFOX_PATH", names: ["firefox-esr", "firefox"], package: "firefox-esr" }],
  // WebKitGTK has no mode without a screen. Its driver brings its own small browser.
  webkit: [
    { variable: "WEBKIT_DRIVER_PATH", names: ["WebKitWebDriver"], package: "webkit2gtk-driver" },
    { variable: "XVFB_PATH", names: ["Xvfb"], package: "xvfb" },
  ],
};

const executable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

const find = ({ variable, names }: Need): string | undefined => {
  const told = process.env[variable];
  // Who names a program means that one.
  if (told) return executable(told) ? told : undefined;
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find(executable);
};

/** The programs of a browser by the variables that name them; or why it cannot be had. Starts nothing and installs nothing. */
export const findEngine = (engine: EngineName): Readonly<Record<string, string>> | { readonly missing: string } => {
  const found: Record<string, string> = {};
  for (const need of needs[engine]) {
    const path = find(need);
    if (path === undefined) {
      const told = process.env[need.variable];
      const where = told ? `${need.variable} is ${told}, which cannot be run` : "not on the PATH";
      return { missing: `no ${need.names.join(" or ")} here: ${where} (Debian: apt-get install -y ${need.package})` };
    }
    found[need.variable] = path;
  }
  return found;
};

/** The same, after installing what is missing where that is ours to do. */
export async function ensureEngine(
  engine: EngineName,
): Promise<{ readonly programs: Readonly<Record<string, string>> } | { readonly missing: string }> {
  for (const need of needs[engine])
    if (find(need) === undefined && !process.env[need.variable]) await aptInstall(need.package);
  const found = findEngine(engine);
  if (isMissing(found)) return found;
  const [first] = Object.values(found);
  // WebKitWebDriver has no `--version`: its help is as good a proof that it starts.
  const { code, stderr } = await run(first ?? "", [engine === "firefox" ? "--version" : "--help"], { limitMs: 60_000 });
  if (code === 0) return { programs: found };
  return { missing: `${first} does not start: ${stderr.trim().split("\n")[0] || `exit code ${code}`}` };
}

const isMissing = (found: object): found is { readonly missing: string } => "missing" in found;
