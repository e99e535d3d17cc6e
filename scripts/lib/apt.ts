/** Debian packages for the tests' own needs. Law: only as root on Debian, and never without saying so. */
import { existsSync, readFileSync } from "node:fs";
import { run } from "./run.js";

const isDebianRoot = (): boolean =>
  process.getuid?.() === 0 &&
  existsSync("/etc/os-release") &&
  /^ID=["']?debian["']?$/m.test(readFileSync("/etc/os-release", "utf8"));

/** Installs a package by name; false where that is not ours to do, or did not work. */
export const aptInstall = async (name: string): Promise<boolean> => {
  if (!isDebianRoot()) return false;
  console.log(`installing Debian's ${name} with apt-get (this machine is Debian and we are root)`);
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  const update = await run("apt-get", ["update", "-q"], { env, show: true });
  if (update.code !== 0) return false;
  const { code } = await run("apt-get", ["install", "-y", "-q", "--no-install-recommends", name], { env, show: true });
  return code === 0;
};
