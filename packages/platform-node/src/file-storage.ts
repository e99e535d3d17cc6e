/**
 * Storage in one JSON file.
 *
 * Law: the file is at every moment either the old record or the new one, whole, and readable by its owner alone. Each
 * operation reads it afresh, so that a second process that shares it is seen; operations of one process on one file
 * run one after another, and each change is made behind a lock between processes, so that none undoes another's.
 */
import { createHash } from "node:crypto";
import { mkdirSync, realpathSync, watch } from "node:fs";
import { mkdir, open, readFile, realpath, rename, rm } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Cancel, Storage } from "@cc/core";
import { takeLock } from "./file-lock.js";

/** Version of the record; a newer one is refused and left alone. */
const VERSION = 1;

/** How long a change waits for those of other processes, in ms; each takes a few. A process that was stopped in the midst of one holds up the others. */
const PATIENCE_MS = 5_000;
/** How often it looks, in ms. */
const LOOK_MS = 5;

/** The last operation on each file, so that two storages over one file wait for each other. Empty when all is done. */
const tails = new Map<string, Promise<unknown>>();
let writes = 0;

/**
 * A storage over the file at `path`, made at the first `set` with mode 0600 (folders with 0700).
 *
 * Rejects with what the file system reports: a full disk, a forbidden folder; then the old record stands. A file that
 * is no record of ours is renamed to `<path>.<time>.corrupt` and told by rejecting once; the operation is not carried
 * out, and the next one starts from an empty store. A record of a newer version rejects each time.
 *
 * Processes of one machine may share the file. Locks are files beside it, named `<path>.<hash>.lock`, which end with their
 * process; what it left behind when it was killed is taken over. (What a worker thread left that was terminated is not, for its
 * process lives: let it dispose of its client first.) Changes of others are told by watching the folder, which
 * holds no process; where the system cannot watch (too many watches, some network drives) nothing is told.
 */
export function fileStorage(path: string): Storage {
  const file = resolve(path);

  const inTurn = <T>(operation: () => Promise<T>): Promise<T> => {
    const done = (tails.get(file) ?? Promise.resolve()).then(operation);
    const tail = done.then(
      () => {},
      () => {},
    );
    tails.set(file, tail);
    // The last one clears up behind itself.
    void tail.then(() => tails.get(file) === tail && tails.delete(file));
    return done;
  };

  return {
    get: (key) => inTurn(async () => (await load(file)).get(key)),
    set: (key, value) => inTurn(() => alone(file, async () => store(file, (await load(file)).set(key, value)))),
    remove: (key) =>
      inTurn(() =>
        alone(file, async () => {
          const entries = await load(file);
          if (entries.delete(key)) await store(file, entries);
        }),
      ),
    async lock(name) {
      await mkdir(dirname(file), { recursive: true, mode: 0o700 });
      return takeLock(`${await target(file)}.${createHash("sha256").update(name).digest("hex").slice(0, 16)}.lock`);
    },
    watch: (key, fn) => watchFile(file, key, fn),
  };
}

/** Where a link leads: that file is replaced, locked and watched, whichever link one came by. */
const target = (file: string): Promise<string> => realpath(file).catch(() => file);

/** Runs `change` while no other process changes the file. */
async function alone<T>(file: string, change: () => Promise<T>): Promise<T> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const end = performance.now() + PATIENCE_MS;
  const lock = `${await target(file)}.lock`;
  let release = await takeLock(lock);
  while (release === undefined) {
    if (performance.now() > end) throw new Error(`${file} is held by another process`);
    await sleep(LOOK_MS);
    release = await takeLock(lock);
  }
  try {
    return await change();
  } finally {
    release();
  }
}

/** Calls `fn` when the value under `key` is another than it was: the file changes with every key. */
function watchFile(file: string, key: string, fn: () => void): Cancel {
  let over = false;
  let before: string | undefined;
  const look = async (): Promise<void> => {
    // A look moves nothing aside: what is wrong with the file is for the next operation to tell.
    const entries = parse(await readFile(file, "utf8").catch(() => ""))?.entries;
    const now = Array.isArray(entries) ? new Map(entries.filter(isEntry)).get(key) : undefined;
    if (now === before || over) return;
    before = now;
    fn();
  };
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    // Nothing is told of a link when the file behind it is replaced.
    const real = existing(file);
    const watcher = watch(dirname(real), { persistent: false }, (_, name) => {
      // Some systems give no name.
      if (name === null || name === basename(real)) void look();
    });
    watcher.on("error", () => watcher.close());
    void look();
    return () => {
      over = true;
      watcher.close();
    };
  } catch {
    return () => {};
  }
}

function existing(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return file;
  }
}

async function load(file: string): Promise<Map<string, string>> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return new Map();
    throw error;
  }
  const record = parse(text);
  if (record !== undefined && record.v > VERSION) {
    throw new Error(`${file} is a record of version ${record.v}; this program knows ${VERSION}`);
  }
  const entries = record?.entries;
  if (Array.isArray(entries) && entries.every(isEntry)) return new Map(entries);
  const aside = `${file}.${Date.now()}.corrupt`;
  await rename(file, aside);
  throw new Error(`${file} was corrupt and is kept as ${aside}`);
}

function parse(text: string): { readonly v: number; readonly entries?: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && "v" in value && typeof value.v === "number") {
      return { v: value.v, ...("entries" in value && { entries: value.entries }) };
    }
  } catch {
    // Not JSON: corrupt, as any other text is that is no record.
  }
  return undefined;
}

function isEntry(value: unknown): value is [string, string] {
  return Array.isArray(value) && value.length === 2 && value.every((part) => typeof part === "string");
}

/** Writes a whole new file beside the old one, makes sure that it is on the disk, and puts it in its place. */
async function store(file: string, entries: Map<string, string>): Promise<void> {
  const old = await target(file);
  const fresh = `${old}.${process.pid}.${++writes}`;
  try {
    // `wx`: never through a link or into a file that somebody left there.
    const handle = await open(fresh, "wx", 0o600);
    try {
      // One call of `write` may stop half-way on a full disk and report no error; `writeFile` goes on until it has one.
      await handle.writeFile(JSON.stringify({ v: VERSION, entries: [...entries] }));
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(fresh, old);
  } catch (error) {
    await rm(fresh, { force: true });
    throw error;
  }
}
