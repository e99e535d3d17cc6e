/**
 * `pnpm release:publish [--dry-run]`: publishes every package whose version the registry has not, with provenance. For the release
 * workflow; at home only as a dry run.
 *
 * Provenance is refused for a package that names another repository than the one it is built in, so each manifest is told where it
 * is: the workflow knows, and a fork says its own name without changing a file.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { root, run } from "./lib/run.js";
import { pnpmVersion, publishedPackages } from "./lib/workspace.js";

const { values } = parseArgs({ options: { "dry-run": { type: "boolean", default: false } } });
const dry = values["dry-run"];
const { GITHUB_REPOSITORY: repository, GITHUB_SERVER_URL: server } = process.env;
if (repository !== undefined && server !== undefined) {
  for (const { folder } of publishedPackages()) {
    const file = join(root, folder, "package.json");
    const manifest = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
    manifest["repository"] = { type: "git", url: `git+${server}/${repository}.git`, directory: folder };
    writeFileSync(file, `${JSON.stringify(manifest, null, 2)}\n`);
  }
} else if (!dry) {
  console.error("release: only the release workflow publishes; here there is `pnpm release:publish --dry-run`");
  process.exit(2);
}
// The manifests were just changed, which is what pnpm's own look at git would refuse.
const args = ["publish", "--recursive", "--access", "public", "--no-git-checks", ...(dry ? ["--dry-run"] : [])];
// Said to npm by the environment: pnpm's recursive publish does not hand the flag `--provenance` on (10.34.9).
const env = { NPM_CONFIG_PROVENANCE: String(!dry) };
const { code } = await run("npx", ["--yes", pnpmVersion(), ...args], { show: true, env });
process.exitCode = code;
