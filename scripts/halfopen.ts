/**
 * `pnpm halfopen`: links that die in silence, and links that are only slow, in real networks: namespaces, veth pairs, iptables.
 *
 * Runs tests/netns and prints what was measured: how long until a dead link was told, against the contract (6.3), and how long until
 * it was back. Where root, iproute2 or iptables are missing nothing is run: one line says why, and `--strict` makes that a failure.
 * `--out FILE` writes the figures as JSON. All names of a run begin alike, and are swept when it ends, however it ends; those of a
 * run that was killed are swept by the next one.
 *
 * What is measured are milliseconds of processes that mostly wait, so they go before whatever else this machine does; and a measuring
 * in which one of them stood still all the same, and which came too late, is void and made again, at most twice, which is told.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { setPriority, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import type { Figure } from "../tests/netns/figures.js";
import { namespaces, sweep, whyNot } from "../tests/netns/net.js";
import { aptInstall } from "./lib/apt.js";
import { ensureChromium } from "./lib/browser.js";
import { root, run } from "./lib/run.js";

/** Names of namespaces: this, and the id of the process that made them. */
const family = "cch";
/** The whole takes about a minute and a half; this is when it hangs. */
const limitMs = 600_000;
/** Of this process and all that it starts; root may. */
const priority = -15;

interface Options {
  readonly out: string | undefined;
  readonly strict: boolean;
}

function options(): Options {
  try {
    const { values } = parseArgs({ options: { out: { type: "string" }, strict: { type: "boolean", default: false } } });
    return { out: values.out, strict: values.strict };
  } catch (error) {
    console.error(`halfopen: ${(error as Error).message}. Options: --out FILE, --strict`);
    process.exit(2);
  }
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

/** What runs that were killed have left. */
function sweepOrphans(): void {
  for (const pid of new Set(namespaces().map((ns) => Number(new RegExp(`^${family}(\\d+)-`).exec(ns)?.[1])))) {
    if (pid && !isAlive(pid))
      console.log(`halfopen: swept ${sweep(`${family}${pid}`)} namespaces of a run that was killed`);
  }
}

/** Why it cannot be run here; Debian's packages are installed where that is ours to do. */
async function obstacle(name: string): Promise<string | undefined> {
  const missing = await whyNot(name);
  const tool = /^no (ip|iptables) here$/.exec(missing ?? "")?.[1];
  if (tool === undefined) return missing;
  return (await aptInstall(tool === "ip" ? "iproute2" : "iptables")) ? obstacle(name) : missing;
}

function write(file: string, what: object): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(what, null, 2)}\n`);
}

const cell = (ms: number | null): string => (ms === null ? "" : `${(ms / 1_000).toFixed(2)} s`);

function print(figures: readonly Figure[]): void {
  const head = ["fault", "who", "told after", "after the signal", "contract", "reason", "back after"];
  const rows = figures.map((row) => [
    row.fault,
    row.seat,
    row.note ?? cell(row.toldMs),
    cell(row.signalMs),
    cell(row.contractMs),
    row.lateMs ? `${row.reason} (the process stood still for ${cell(row.lateMs)})` : row.reason,
    cell(row.healedMs),
  ]);
  for (const row of [head, head.map(() => "---"), ...rows]) console.log(`| ${row.join(" | ")} |`);
}

const { out, strict } = options();
const name = `${family}${process.pid}`;
const why = await obstacle(name);
if (why !== undefined) {
  console.log(`halfopen: skipped: ${why}`);
  if (out !== undefined) write(out, { skipped: why });
  process.exit(strict ? 1 : 0);
}

const folder = mkdtempSync(join(tmpdir(), "cc-halfopen-"));
// Also after a signal, on which `run` ends its child and then this process.
process.on("exit", () => {
  sweep(name);
  rmSync(folder, { recursive: true, force: true });
});
sweepOrphans();
if ((await ensureChromium()) === undefined) {
  console.error("halfopen: no Chromium here, and none could be installed");
  process.exit(1);
}
try {
  setPriority(priority);
} catch (error) {
  console.log(`halfopen: at the priority of all others: ${(error as Error).message}`);
}
const began = performance.now();
const file = join(folder, "figures");
const { code } = await run(
  process.execPath,
  [join(root, "node_modules/vitest/vitest.mjs"), "run", "--config", "vitest.netns.config.ts"],
  { env: { CC_HALFOPEN_RUN: name, CC_HALFOPEN_FIGURES: file, TMPDIR: folder }, show: true, limitMs },
);
const figures = existsSync(file)
  ? readFileSync(file, "utf8")
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Figure)
      .sort((a, b) => a.fault.localeCompare(b.fault))
  : [];
print(figures);
const seconds = Math.round((performance.now() - began) / 1_000);
console.log(`halfopen: ${code === 0 ? "ok" : "FAILED"}, ${seconds} s`);
if (out !== undefined) write(out, { ok: code === 0, seconds, figures });
process.exitCode = code;
