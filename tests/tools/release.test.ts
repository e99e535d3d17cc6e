/** A release as the workflows do it, up to where the registry would come in. */
import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { workflowProblems } from "../../scripts/lib/workflows.js";
import { publishedPackages } from "../../scripts/lib/workspace.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const folder = join(root, ".github/workflows");
const read = (file: string): string => readFileSync(join(folder, file), "utf8");

describe("workflows", () => {
  const files = readdirSync(folder);

  it.each(files)("%s: pinned actions, rights said and least, no registry and no token", (file) => {
    expect(workflowProblems(file, read(file))).toEqual([]);
  });

  it("there is one that checks and one that releases", () => {
    expect(files.sort()).toEqual(["ci.yml", "release.yml"]);
    expect(read("ci.yml")).toContain("bash .ci/run");
  });

  it.each<[string, (text: string) => string, string]>([
    ["a tag in the place of a commit", (text) => text.replace(/@[0-9a-f]{40}/, "@v7"), "not pinned"],
    ["a shortened commit", (text) => text.replace(/(@[0-9a-f]{7})[0-9a-f]{33}/, "$1"), "not pinned"],
    ["no permissions", (text) => text.replace(/^permissions: .*$/m, ""), "no permissions"],
    [
      "a publisher that may write",
      (text) => text.replace("id-token: write", "id-token: write\n      packages: write"),
      "who publishes",
    ],
    ["a stored token", (text) => `${text}\n# NODE_AUTH_TOKEN\n`, "a token or a registry"],
    ["no timeout", (text) => text.replace("timeout-minutes: 30", ""), "no timeout"],
    [
      "text of others in a script",
      (text) => text.replace("pnpm@10.34.9 build", `build ${"$"}{{ github.head_ref }}`),
      "an expression",
    ],
    ["a release that nobody can read", (text) => text.replace(" # v1.9.0", ""), "which release"],
    ["broken YAML", (text) => `${text}\n  : [`, "release.yml"],
  ])("%s is noticed", (_, spoil, what) => {
    const spoiled = spoil(read("release.yml"));
    expect(spoiled).not.toBe(read("release.yml"));
    expect(workflowProblems("release.yml", spoiled).join("\n")).toContain(what);
  });
});

describe("versions", () => {
  const manifestOf = (base: string, path: string): { version: string; dependencies?: Record<string, string> } =>
    JSON.parse(readFileSync(join(base, path, "package.json"), "utf8"));

  it("one changeset moves every published package to one version and is told in a changelog", {
    timeout: 60_000,
  }, () => {
    const copy = mkdtempSync(join(tmpdir(), "cc-release-"));
    onTestFinished(() => rmSync(copy, { recursive: true, force: true }));
    for (const file of ["package.json", "pnpm-workspace.yaml", "pnpm-lock.yaml"])
      cpSync(join(root, file), join(copy, file));
    for (const group of ["packages", "apps", "tests", "bench"]) {
      const folders = group === "tests" || group === "bench" ? [""] : readdirSync(join(root, group));
      for (const one of folders) {
        if (!existsSync(join(root, group, one, "package.json"))) continue;
        mkdirSync(join(copy, group, one), { recursive: true });
        cpSync(join(root, group, one, "package.json"), join(copy, group, one, "package.json"));
      }
    }
    mkdirSync(join(copy, ".changeset"));
    cpSync(join(root, ".changeset/config.json"), join(copy, ".changeset/config.json"));
    writeFileSync(join(copy, ".changeset/one.md"), '---\n"@cc/core": minor\n---\n\nSomething new.\n');
    symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
    const git = (...args: string[]): void =>
      void execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@t", ...args], { cwd: copy });
    git("init", "-q", "-b", "main");
    git("add", ".changeset", "packages", "apps", "package.json");
    git("commit", "-q", "-m", "as it is");
    const before = manifestOf(copy, "packages/core").version;
    execFileSync(process.execPath, [join(root, "node_modules/@changesets/cli/bin.js"), "version"], { cwd: copy });

    const packages = publishedPackages();
    const versions = new Set(packages.map((one) => manifestOf(copy, one.folder).version));
    expect([...versions]).toHaveLength(1);
    expect([...versions][0]).not.toBe(before);
    for (const one of packages) {
      const { dependencies = {} } = manifestOf(copy, one.folder);
      for (const [name, range] of Object.entries(dependencies)) {
        if (name.startsWith("@cc/")) expect([one.folder, range]).toEqual([one.folder, "workspace:*"]);
      }
      expect(readFileSync(join(copy, one.folder, "CHANGELOG.md"), "utf8")).toContain([...versions][0]);
    }
    expect(readFileSync(join(copy, "packages/core/CHANGELOG.md"), "utf8")).toContain("Something new.");
    expect(existsSync(join(copy, ".changeset/one.md"))).toBe(false);
  });
});
