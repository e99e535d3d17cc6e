/** Several real processes on one session file, against a real gateway (2.9). */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { builtProgram, type Program, startProgram } from "../support/program.js";
import { holds, keys, startGateway } from "./world.js";

const session = await builtProgram(new URL("programs/session.ts", import.meta.url));

interface Member {
  readonly program: Program;
  /** The values told under `what` so far. */
  told(what: string): unknown[];
  ask(line: string): void;
}

async function place(): Promise<{ readonly folder: string; readonly file: string }> {
  const folder = await mkdtemp(join(tmpdir(), "cc-processes-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return { folder, file: join(folder, "session.json") };
}

async function start(url: string, file: string): Promise<Member> {
  const program = startProgram(session, { args: [url, file] });
  const notes: [string, unknown][] = [];
  program.onLine((line) => notes.push(JSON.parse(line) as [string, unknown]));
  await program.line((line) => line.startsWith('["restored"'));
  return {
    program,
    told: (what) => notes.filter(([name]) => name === what).map(([, value]) => value),
    ask: (line) => void program.process.stdin.write(`${line}\n`),
  };
}

/** Tidily: what is unsaved is saved. */
async function end({ program }: Member): Promise<void> {
  program.process.stdin.end();
  expect(await program.ended()).toMatchObject({ code: 0, stderr: "" });
}

const record = async (file: string, key: string): Promise<unknown> => {
  const { entries } = JSON.parse(await readFile(file, "utf8")) as { entries: [string, string][] };
  const text = new Map(entries).get(`cc:demo:${key}`);
  return text === undefined ? undefined : JSON.parse(text);
};

describe("processes on one file", () => {
  it("[B2.9][B10.3] share the session, each with an instance and a position of its own, found again after a restart", async () => {
    const gateway = await startGateway();
    onTestFinished(() => gateway.close());
    const { folder, file } = await place();
    const publish = (data: unknown) => gateway.publish({ channel: "user:ann", kind: "message", data });
    const first = await start(gateway.url, file);
    first.ask(`login ann ${keys.authKey}`);
    await holds(() => first.told("session"), ["new"]);
    const second = await start(gateway.url, file);
    await holds(() => second.told("session"), ["new"]);
    expect(second.told("restored")).toEqual(["ann"]);
    await publish(1);
    for (const one of [first, second]) await holds(() => one.told("event"), [1]);
    // Neither supersedes the other.
    expect([first.told("status"), second.told("status"), gateway.stats().linked]).toEqual([
      ["connecting", "connected"],
      ["connecting", "connected"],
      2,
    ]);
    // The first leaves, the second goes on: what comes now only one of the two has seen.
    await end(first);
    await holds(() => gateway.stats().linked, 1);
    await publish(2);
    await holds(() => second.told("event"), [1, 2]);
    await end(second);
    const names = [await record(file, "instance"), await record(file, "instance:1")];
    expect(new Set(names.map((name) => JSON.stringify(name))).size).toBe(2);
    expect((await readdir(folder)).filter((name) => name.includes("lock"))).toEqual([]);
    const again = [await start(gateway.url, file), await start(gateway.url, file)];
    await holds(() => again.map((one) => one.told("session")), [["resumed"], ["resumed"]]);
    await holds(() => again.map((one) => one.told("event")), [[2], []]);
    expect([await record(file, "instance"), await record(file, "instance:1")]).toEqual(names);
    for (const one of again) await end(one);
  });

  it("[B2.9] a logout in one, and a login as another, end the session of the others at once; the place of one that was killed is free", async () => {
    const gateway = await startGateway();
    onTestFinished(() => gateway.close());
    const { file } = await place();
    const first = await start(gateway.url, file);
    first.ask(`login ann ${keys.authKey}`);
    await holds(() => first.told("session"), ["new"]);
    const second = await start(gateway.url, file);
    await holds(() => second.told("session"), ["new"]);
    second.ask("logout");
    await holds(() => first.told("user"), ["ann", null]);
    await holds(() => gateway.stats().linked, 0);
    // The file's news and the gateway's refusal of the token race. Whoever hears the refusal first looks at the file before all else.
    const refused = ["ERR_AUTH_REJECTED"];
    expect([
      [["connecting", "connected", "disconnected"], []],
      [["connecting", "connected", "disconnected"], refused],
      [["connecting", "connected", "disconnected", "connecting", "disconnected"], refused],
    ]).toContainEqual([first.told("status"), first.told("error")]);
    expect(first.told("session")).toEqual(["new"]);
    second.ask(`login ann ${keys.authKey}`);
    await holds(() => second.told("session").length, 2);
    // One that comes now takes the place of one that was killed, and is fenced by a user change.
    const instance = await record(file, "instance");
    await first.program.stop();
    const third = await start(gateway.url, file);
    await holds(() => third.told("session").length, 1);
    expect(await record(file, "instance")).toEqual(instance);
    expect(await record(file, "instance:2")).toBe(undefined);
    second.ask(`login bob ${keys.authKey}`);
    await holds(() => third.told("user"), [null]);
    await holds(() => second.told("user").at(-1), "bob");
    await end(second);
    await end(third);
    expect(await record(file, "session")).toMatchObject({ user: { uid: "bob" } });
  });
});
