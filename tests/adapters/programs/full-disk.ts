/**
 * Stores more than the process may write into one file: the kernel then takes a part of the write and refuses the rest, as it does
 * on a full disk. The limit is this process's own (`ulimit -f`), so no disk has to be filled.
 */
import { execFileSync } from "node:child_process";
import { readdir } from "node:fs/promises";
import { dirname } from "node:path";
import { fileStorage } from "@cc/platform-node";

const [file = ""] = process.argv.slice(2);
// The signal that comes with the refusal would end the process before the error is seen.
process.on("SIGXFSZ", () => {});
const limit = (bytes: string): unknown => execFileSync("prlimit", [`--pid=${process.pid}`, `--fsize=${bytes}:`]);

const storage = fileStorage(file);
// Not even a lock can be written; when there is room again nothing of that stands in the way.
limit("0");
const refused = await Promise.allSettled([storage.set("old", "none"), storage.lock?.("tab")]);
limit("65536");
await storage.set("old", "value");
const lock = await storage.lock?.("tab");
lock?.();
const free = refused.every(({ status }) => status === "rejected") && lock !== undefined;
const rejected = await storage.set("old", "x".repeat(300_000)).then(
  () => false,
  () => true,
);
const files = await readdir(dirname(file));
process.stdout.write(`${JSON.stringify({ free, rejected, old: await storage.get("old"), files })}\n`);
