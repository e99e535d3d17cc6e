/** @cc/platform-node where it lives: clock, storage on a real disk, and a lifecycle in a real process that is really stopped. */
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LifecycleSignal, Storage } from "@cc/core";
import { fileStorage, nodeClock, nodeLifecycle } from "@cc/platform-node";
import { createVirtualClock } from "@cc/testkit";
import {
  clockConformance,
  lifecycleConformance,
  type StorageElsewhere,
  storageConformance,
} from "@cc/testkit/conformance";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { startLifecycleProcess, stopped } from "../support/lifecycle-process.js";
import { builtProgram, startProgram } from "../support/program.js";

const [idle, storageProgram, fullDisk] = await Promise.all([
  builtProgram(new URL("programs/idle.ts", import.meta.url)),
  builtProgram(new URL("programs/storage.ts", import.meta.url)),
  builtProgram(new URL("programs/full-disk.ts", import.meta.url)),
]);

clockConformance("platform-node", nodeClock);

it("a wait that is no whole number of milliseconds is not cut to one, so it is not early by more than 1 ms", async () => {
  const early: number[] = [];
  for (let n = 0; n < 100; n += 1) {
    // Late in a millisecond of the clock that Node counts timers by, which forgets how late.
    while (process.hrtime.bigint() % 1_000_000n < 800_000n);
    const from = nodeClock.now();
    await new Promise<void>((resolve) => nodeClock.after(3.9, resolve));
    early.push(3.9 - (nodeClock.now() - from));
  }
  expect(Math.max(...early)).toBeLessThanOrEqual(1);
});

const able = ["frozen", "thawed", "clockJump", "networkChange"] as const;
lifecycleConformance("platform-node, suspended by real signals", able, () => startLifecycleProcess({ group: "job" }));

describe("lifecycle of platform-node", () => {
  const record = (options: Parameters<typeof nodeLifecycle>[0]): LifecycleSignal[] => {
    const told: LifecycleSignal[] = [];
    nodeLifecycle(options).watch((signal) => told.push(signal));
    return told;
  };

  it("[B6.4] a machine that slept is a clock jump of that length, whether or not its monotonic clock went on", () => {
    for (const kind of ["stopped", "late"] as const) {
      const clock = createVirtualClock();
      const told = record({ clock, network: () => "" });
      clock.advance(60_000);
      expect(told).toEqual([]);
      clock.sleep(90_000, kind);
      clock.advance(1000);
      expect(told).toEqual([{ type: "clockJump", ms: expect.closeTo(90_000, -3.5) }]);
      clock.advance(60_000);
      expect(told).toHaveLength(1);
    }
  });

  it("[B6.4] a wall clock that was set is a clock jump in that direction; one that is slewed, or a busy second, is none", () => {
    const clock = createVirtualClock();
    const told = record({ clock, network: () => "" });
    clock.setWall(clock.wall() - 3_600_000);
    clock.advance(1000);
    clock.setWall(clock.wall() + 500);
    clock.advance(1000);
    clock.stall(1500);
    clock.advance(1000);
    expect(told).toEqual([{ type: "clockJump", ms: -3_600_000 }]);
  });

  it("[B9.2] watching does not keep the process, and its tick holds nothing", async () => {
    const clock = createVirtualClock();
    const cancel = nodeLifecycle({ clock }).watch(() => {});
    expect([clock.pending, clock.held]).toEqual([1, 0]);
    cancel();
    expect(clock.pending).toBe(0);
    const program = startProgram(idle);
    expect(await program.ended()).toEqual({ code: 0, signal: null, stdout: "watching\n", stderr: "" });
  });

  it("[B6.4] Ctrl-Z is told before it stops the process, stops it, and its end is told once", async () => {
    const { pid, lifecycle, stop } = await startLifecycleProcess({ group: "job" });
    try {
      const watching = await lifecycle.watch();
      process.kill(pid, "SIGTSTP");
      await stopped(pid, true);
      process.kill(pid, "SIGCONT");
      await stopped(pid, false);
      await expect.poll(() => watching.signals()).toEqual([{ type: "frozen" }, { type: "thawed" }]);
      // Again, for listening has to be taken up anew each time.
      process.kill(pid, "SIGTSTP");
      await stopped(pid, true);
      process.kill(pid, "SIGCONT");
      await expect.poll(async () => (await watching.signals()).length).toBe(4);
      await watching.cancel();
      process.kill(pid, "SIGTSTP");
      await stopped(pid, true);
      process.kill(pid, "SIGCONT");
      await stopped(pid, false);
      expect(await watching.signals()).toHaveLength(4);
    } finally {
      await stop();
    }
  });

  it("[B6.4] two clients in one process do not take the stop away from each other", async () => {
    const { pid, lifecycle, second, stop } = await startLifecycleProcess({ group: "job" });
    try {
      const watching = await lifecycle.watch();
      await second();
      for (let n = 1; n <= 2; n++) {
        process.kill(pid, "SIGTSTP");
        await stopped(pid, true);
        process.kill(pid, "SIGCONT");
        await expect.poll(async () => (await watching.signals()).map(({ type }) => type)).toHaveLength(2 * n);
      }
    } finally {
      await stop();
    }
  });

  it("[B6.4] a process that no shell controls is not stopped by it, and hears that it goes on", async () => {
    const { pid, lifecycle, stop } = await startLifecycleProcess({ group: "orphan" });
    try {
      const watching = await lifecycle.watch();
      process.kill(pid, "SIGTSTP");
      await expect.poll(() => watching.signals()).toEqual([{ type: "frozen" }, { type: "thawed" }]);
    } finally {
      await stop();
    }
  });
});

/** A process of its own over the same file. */
async function storageProcess(file: string): Promise<StorageElsewhere> {
  const program = startProgram(storageProgram, { args: [file] });
  let asked = 0;
  const ask = async <T>(method: string, ...args: string[]): Promise<T> => {
    const id = ++asked;
    program.process.stdin.write(`${JSON.stringify({ id, method, args })}\n`);
    const answer = await program.line((line) => line.startsWith(`{"id":${id},`));
    return (JSON.parse(answer) as { result: T }).result;
  };
  return {
    storage: {
      get: async (key) => (await ask<string | null>("get", key)) ?? undefined,
      set: (key, value) => ask("set", key, value),
      remove: (key) => ask("remove", key),
    },
    lock: (name) => ask("lock", name),
    kill: () => program.stop(),
  };
}

describe("storage of platform-node", () => {
  let folder: string;
  let places = 0;
  const place = (): string => join(folder, `${++places}`, "session.json");
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "cc-storage-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const able = { reopen: true, forbidden: true, lock: true, watch: true, elsewhere: true } as const;
  storageConformance("platform-node", able, async () => {
    const file = place();
    return {
      elsewhere: () => storageProcess(file),
      storage: fileStorage(file),
      reopen: () => fileStorage(file),
      // What takes a folder's place cannot hold a file, not even for root.
      forbidden: (): Storage => fileStorage("/dev/null/session.json"),
      stop: async () => {},
    };
  });

  it("[B2.8] only its owner can read it, also when it was readable before, and its folder is made", async () => {
    const file = place();
    const storage = fileStorage(file);
    await storage.set("a", "1");
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await stat(join(file, ".."))).mode & 0o777).toBe(0o700);
    await chmod(file, 0o644);
    await storage.set("a", "2");
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it("[B2.8] a record carries a version; a newer one is refused and left alone", async () => {
    const file = place();
    const storage = fileStorage(file);
    await storage.set("a", "1");
    expect(JSON.parse(await readFile(file, "utf8"))).toEqual({ v: 1, entries: [["a", "1"]] });
    const newer = JSON.stringify({ v: 2, whatever: true });
    await writeFile(file, newer);
    for (let n = 0; n < 2; n++) await expect(storage.get("a")).rejects.toThrow("version 2");
    await expect(storage.set("a", "2")).rejects.toThrow("version 2");
    expect(await readFile(file, "utf8")).toBe(newer);
  });

  it("[B2.8] a corrupt file is told once and kept aside, whatever is wrong with it", async () => {
    for (const bad of [
      "",
      "{",
      "null",
      "[]",
      '{"v":1}',
      '{"v":"1","entries":[]}',
      '{"v":1,"entries":[["a"]]}',
      "\u0000\u0001",
    ]) {
      const file = place();
      const storage = fileStorage(file);
      await storage.set("a", "1");
      await writeFile(file, bad);
      await expect(storage.get("a")).rejects.toThrow(/session\.json was corrupt and is kept as /);
      expect(await storage.get("a")).toBe(undefined);
      await storage.set("a", "2");
      expect(await storage.get("a")).toBe("2");
      const [aside = ""] = (await readdir(join(file, ".."))).filter((name) => name.endsWith(".corrupt"));
      expect(await readFile(join(file, "..", aside), "utf8")).toBe(bad);
    }
  });

  it("[B2.8] two storages over one file lose nothing of each other, and leave nothing lying about", async () => {
    const file = place();
    const [one, other] = [fileStorage(file), fileStorage(file)];
    const sets = Array.from({ length: 40 }, (_, n) => (n % 2 ? one : other).set(`key ${n}`, "x"));
    await Promise.all(sets);
    for (let n = 0; n < 40; n++) expect(await one.get(`key ${n}`)).toBe("x");
    expect(await readdir(join(file, ".."))).toEqual(["session.json"]);
  });

  it("[B2.9] two processes that write at once lose nothing of each other", async () => {
    const file = place();
    const [here, there] = [fileStorage(file), await storageProcess(file)];
    // It runs by now.
    await there.storage.get("nothing");
    await Promise.all(Array.from({ length: 40 }, (_, n) => (n % 2 ? here : there.storage).set(`key ${n}`, "x")));
    for (let n = 0; n < 40; n++) expect(await here.get(`key ${n}`)).toBe("x");
    expect(await readdir(join(file, ".."))).toEqual(["session.json"]);
  });

  it("[B2.9] a watch tells of its own key, not of the file: others save their positions all the time", async () => {
    const file = place();
    const [here, there] = [fileStorage(file), fileStorage(file)];
    await there.set("a", "1");
    const told: string[] = [];
    const stops = ["a", "b"].map((key) => here.watch?.(key, () => told.push(key)));
    onTestFinished(() => stops.forEach((stop) => void stop?.()));
    await expect.poll(() => told).toEqual(["a"]);
    for (const value of ["1", "2", "3"]) {
      await there.set("b", value);
      await expect.poll(() => told.filter((key) => key === "b").length).toBe(Number(value));
    }
    expect(told.filter((key) => key === "a")).toHaveLength(1);
  });

  it("[B2.9] a lock leaves nothing behind when it is let go, nor when its process ends by itself", async () => {
    const file = place();
    const release = await fileStorage(file).lock?.("tab");
    expect(await readdir(join(file, ".."))).toHaveLength(1);
    release?.();
    expect(await readdir(join(file, ".."))).toEqual([]);
    const program = startProgram(storageProgram, { args: [file] });
    program.process.stdin.end(`${JSON.stringify({ id: 1, method: "lock", args: ["tab"] })}\n`);
    expect(await program.line((line) => line.startsWith("{"))).toBe('{"id":1,"result":true}');
    expect((await program.ended()).code).toBe(0);
    expect(await readdir(join(file, ".."))).toEqual([]);
  });

  it("[B2.9] a lock file of a process that is no more, or that has the id of another by now, or is unreadable and old, is taken over", async () => {
    const gone = startProgram(storageProgram, { args: [place()] });
    const dead = gone.process.pid;
    await gone.stop();
    for (const [left, free] of [
      [`${dead} 1`, true],
      [`${dead} `, true],
      // Ours now, of a process that began at another time: a container that was restarted.
      [`${process.pid} 1`, true],
      // That of the process that started this one: alive.
      [`${process.ppid} `, false],
      ["", false],
    ] as const) {
      const file = place();
      const storage = fileStorage(file);
      (await storage.lock?.("tab"))?.();
      const names = async (): Promise<string[]> =>
        (await readdir(join(file, ".."))).filter((name) => name.includes(".lock"));
      const probe = await storage.lock?.("tab");
      const [name = ""] = await names();
      probe?.();
      await writeFile(join(file, "..", name), left);
      const taken = await storage.lock?.("tab");
      expect([left, taken !== undefined]).toEqual([left, free]);
      if (left === "") {
        // Made and never written into: its maker died in between, long ago.
        await utimes(join(file, "..", name), 1, 1);
        expect(await storage.lock?.("tab")).toBeTypeOf("function");
      }
      expect(await names()).toEqual([name]);
    }
  });

  it("[B2.9] of many who find the lock of a dead process one takes it over", async () => {
    for (let round = 0; round < 10; round++) {
      const file = place();
      const storage = fileStorage(file);
      const release = await storage.lock?.("tab");
      const [name = ""] = await readdir(join(file, ".."));
      release?.();
      await writeFile(join(file, "..", name), `${process.pid} 1`);
      const taken = await Promise.all(Array.from({ length: 10 }, () => fileStorage(file).lock?.("tab")));
      expect(taken.filter((one) => one !== undefined)).toHaveLength(1);
    }
  });

  it("[B2.8] a write that the disk does not take whole rejects, the old record stands, and no rest is left", async () => {
    const program = startProgram(fullDisk, { args: [place()] });
    const { stdout, stderr, code } = await program.ended();
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toEqual({ free: true, rejected: true, old: "value", files: ["session.json"] });
    expect(code).toBe(0);
  });

  it("[B2.8] writing goes to the file a link points to, and the link stays", async () => {
    const file = place();
    const real = join(file, "..", "real.json");
    await mkdir(join(file, ".."), { recursive: true });
    await fileStorage(real).set("a", "1");
    await symlink(real, file);
    await fileStorage(file).set("a", "2");
    expect(await fileStorage(real).get("a")).toBe("2");
  });

  it("[B2.9] whoever comes by a link shares changes and locks with who comes by the file", async () => {
    const real = place();
    const link = place();
    await fileStorage(real).set("a", "1");
    await mkdir(join(link, ".."), { recursive: true });
    await symlink(real, link);
    const told: (() => void)[] = [];
    const change = (): Promise<void> => new Promise((resolve) => told.push(resolve));
    const first = change();
    const stop = fileStorage(link).watch?.("a", () => told.shift()?.());
    onTestFinished(() => stop?.());
    await first;
    const second = change();
    await fileStorage(real).set("a", "2");
    await second;
    const release = await fileStorage(real).lock?.("tab");
    expect(await fileStorage(link).lock?.("tab")).toBeUndefined();
    release?.();
  });
});
