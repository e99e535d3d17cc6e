/**
 * Locks between processes: a file that only one can make, naming who made it.
 *
 * Law: whoever makes the file holds the lock. A file whose maker is dead is taken over, and only behind a guard (a second
 * such file, held for a moment), so that of two who see the same dead holder the slower one cannot remove the lock of the
 * quicker. A maker is dead when no process has its id or, on Linux, when that process began at another time: after a restart
 * ids come again, in a container always the same. Processes that cannot see each other (other machines, other containers)
 * must not share a file.
 */
import { readFileSync, unlinkSync } from "node:fs";
import { open, readFile, rm, stat } from "node:fs/promises";
import type { Cancel } from "@cc/core";

/** Between making a file and writing into it, and for a guard, lie some ms; what is older than this was left by a crash. */
const CRASH_MS = 10_000;

/** The lock files that this process holds: they go with it. */
const held = new Set<string>();
function onExit(): void {
  for (const path of held) {
    try {
      unlinkSync(path);
    } catch {
      // Gone already; or it stays and is taken over.
    }
  }
}

/** Takes the lock that the file at `path` stands for; `undefined` when a living process has it, this one included. */
export async function takeLock(path: string): Promise<Cancel | undefined> {
  if (!(await make(path)) && !(await takeOver(path))) return undefined;
  if (held.size === 0) process.on("exit", onExit);
  held.add(path);
  let mine = true;
  return () => {
    // A release that comes twice must not take the lock from the next holder.
    if (!mine) return;
    mine = false;
    held.delete(path);
    if (held.size === 0) process.off("exit", onExit);
    try {
      unlinkSync(path);
    } catch {
      // Somebody has cleared the folder: then it is free.
    }
  };
}

async function make(path: string): Promise<boolean> {
  try {
    const handle = await open(path, "wx", 0o600);
    try {
      await handle.writeFile(`${process.pid} ${startOf(process.pid) ?? ""}`);
    } catch (error) {
      // A full disk: one that names nobody would hold everybody up, ourselves included, until it counts as a crash.
      await rm(path, { force: true });
      throw error;
    } finally {
      await handle.close();
    }
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

async function takeOver(path: string): Promise<boolean> {
  if (await alive(path)) return false;
  const guard = `${path}.guard`;
  if (!(await make(guard))) {
    if (await older(guard)) await rm(guard, { force: true });
    return false;
  }
  try {
    // Somebody may have been here between the look and the guard.
    if (await alive(path)) return false;
    await rm(path, { force: true });
    return await make(path);
  } finally {
    await rm(guard, { force: true });
  }
}

async function alive(path: string): Promise<boolean> {
  const text = await readFile(path, "utf8").catch(() => "");
  const [pid = "", start = ""] = text.split(" ");
  // Not written yet; or never, by a process that died in between.
  if (!/^\d+$/.test(pid)) return !(await older(path));
  const now = startOf(Number(pid));
  if (now !== undefined && start) return now === start;
  // Where processes do not tell when they began, a file with our id that is older than we are is of an earlier process.
  if (Number(pid) === process.pid) return !(await older(path, process.uptime() * 1000 + 1000));
  try {
    process.kill(Number(pid), 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

/** Whether the file at `path` is older than `ms`, or not there at all. */
async function older(path: string, ms = CRASH_MS): Promise<boolean> {
  const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: 0 }));
  return Date.now() - mtimeMs > ms;
}

/** When a process began, as Linux counts it; `""` for one that is dead and not yet buried; `undefined` where nobody can tell. */
function startOf(pid: number): string | undefined {
  try {
    // The name of the program stands in parentheses and may hold anything; behind it are state (3rd) and start (22nd field).
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ");
    return fields?.[0] === "Z" ? "" : fields?.[19];
  } catch {
    return undefined;
  }
}
