/**
 * What must not be in the repository: a lockfile that names where packages came from, the host of a registry, a path of the machine
 * that wrote it. Each would make a clone elsewhere behave differently, or tell strangers about this machine.
 */
import { readFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { root, run } from "./run.js";

/** Lines of pnpm-lock.yaml that hold a URL or a tarball's address. */
export const lockfileUrls = (): readonly string[] =>
  readFileSync(join(root, "pnpm-lock.yaml"), "utf8")
    .split("\n")
    .filter((line) => /:\/\/|tarball:|registry:/.test(line))
    .map((line) => `pnpm-lock.yaml: ${line.trim()}`);

const registryHosts = async (): Promise<readonly string[]> => {
  const { stdout } = await run("npm", ["config", "get", "registry"]);
  const configured = /^[a-z]+:\/\/([^/]+)/.exec(stdout.trim())?.[1];
  // Spelled in two parts, or this very file would name it.
  const usual = ["registry", "npmjs.org"].join(".");
  return configured === undefined || configured === usual ? [usual] : [usual, configured];
};

const machinePaths = (): readonly string[] => {
  const here = root.replace(/\/$/, "");
  const parent = dirname(here);
  const common = ["/", "/home", "/root", "/srv", "/opt", "/var/tmp", tmpdir()];
  return [`${here}/`, `${homedir()}/`, ...(common.includes(parent) ? [] : [`${parent}/`])];
};

/** Tracked lines that name a registry's host or a path of this machine. */
export const machineTraces = async (): Promise<readonly string[]> => {
  const needles = [...(await registryHosts()), ...machinePaths()];
  const { code, stdout, stderr } = await run("git", ["grep", "-nIF", ...needles.flatMap((needle) => ["-e", needle])]);
  // git grep exits 1 when it found nothing.
  if (code > 1) return [`git grep failed: ${stderr.trim()}`];
  return stdout.split("\n").filter((line) => line !== "");
};
