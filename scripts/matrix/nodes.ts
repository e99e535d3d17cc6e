/** Every entry of every package, by `import` and by `require`, and a real conversation, on each Node that is supported. */
import { run } from "../lib/run.js";
import type { Tarball } from "../lib/tarballs.js";
import { bring } from "./project.js";
import type { Trial } from "./rows.js";

/** Beside the Node that runs this. Each comes as a package of npm, so nothing has to be installed. */
const otherVersions = ["22.23.3", "24.21.0", "26.10.0"];

interface Runtime {
  readonly name: string;
  /** The executable, or why there is none. */
  find(): Promise<{ readonly path: string } | { readonly skipped: string }>;
}

const own: Runtime = { name: process.version.slice(1), find: async () => ({ path: process.execPath }) };

const fromNpm = (version: string): Runtime => {
  let found: ReturnType<Runtime["find"]> | undefined;
  const find: Runtime["find"] = async () => {
    const platform = `${process.platform}-${process.arch}`;
    if (platform !== "linux-x64" && platform !== "linux-arm64")
      return { skipped: `no package of Node for ${platform}` };
    const args = ["--yes", "-p", `node-${platform}@${version}`, "-c", "node -p process.execPath"];
    const { code, stdout, stderr } = await run("npx", args, { limitMs: 180_000 });
    const path = stdout.trim().split("\n").at(-1) ?? "";
    if (code !== 0 || path === "") throw new Error(`npx -p node-${platform}@${version} failed\n${stderr}`);
    return { path };
  };
  return {
    name: version,
    find: () => {
      found ??= find();
      return found;
    },
  };
};

/** Every entry of every package, as an importer writes it. */
export const entriesOf = (tarballs: readonly Tarball[]): readonly string[] =>
  tarballs.flatMap(({ manifest }) =>
    Object.keys(manifest.exports ?? {})
      .filter((path) => path !== "./package.json")
      .map((path) => manifest.name + path.slice(1)),
  );

/** Two programs by two module systems on each Node. Each must end by itself. */
export const nodeTrials = (project: string, tarballs: readonly Tarball[]): readonly Trial[] => {
  for (const name of ["exports.mjs", "exports.cjs", "talk.mjs", "talk.cjs"]) bring(project, name);
  const entries = entriesOf(tarballs);
  const programs = [
    { name: "every entry, import", args: ["exports.mjs", ...entries] },
    { name: "every entry, require", args: ["exports.cjs", ...entries] },
    { name: "a conversation, import", args: ["talk.mjs"] },
    { name: "a conversation, require", args: ["talk.cjs"] },
  ];
  return [own, ...otherVersions.map(fromNpm)].flatMap(({ name: version, find }) =>
    programs.map(
      ({ name, args }): Trial => ({
        part: "node",
        name: `Node ${version}: ${name}`,
        try: async () => {
          const found = await find();
          if ("skipped" in found) return found;
          const { code, stdout, stderr, timedOut } = await run(found.path, args, { cwd: project, limitMs: 60_000 });
          const said = `${stdout}${stderr}`.trim();
          if (timedOut) return { problem: `did not end by itself\n${said}` };
          // A warning counts: it would be every user's.
          if (code !== 0 || stderr.trim() !== "") return { problem: `exit code ${code}\n${said}` };
          return { detail: stdout.trim().split("\n").at(-1) };
        },
      }),
    ),
  );
};
