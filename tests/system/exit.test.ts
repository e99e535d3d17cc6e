/** What keeps a Node process alive, and what does not (9.2): processes of their own, ended by themselves or by us. */
import { describe, expect, it } from "vitest";
import { builtProgram, startProgram } from "../support/program.js";
import { openWorld } from "./world.js";

const program = await builtProgram(new URL("./programs/exit.ts", import.meta.url));

describe("a Node process", () => {
  it.each(["constructed", "idle", "manual", "disconnected", "dispose", "logout"])(
    "[B9.2][R34] ends by itself: %s",
    async (what) => {
      const world = await openWorld();
      const running = startProgram(program, { args: [what, world.proxy.url("http")] });
      await running.line((line) => line === what);
      const { code, stderr } = await running.ended(5_000);
      expect([code, stderr]).toEqual([0, ""]);
      expect(world.gateway.stats().linked).toBe(0);
    },
  );

  it("[B9.2] is kept alive by a linked client and by a pending retry, without an uncaught error", async () => {
    const world = await openWorld();
    const running = startProgram(program, { args: ["retrying", world.proxy.url("http")] });
    await running.line((line) => line === "linked");
    await world.proxy.refuse("reset");
    world.proxy.cut();
    await running.line((line) => line === "retrying");
    await world.proxy.refuse(false);
    // Alive: it comes back.
    await expect.poll(() => world.gateway.stats().linked, { timeout: 10_000 }).toBe(1);
    expect(running.process.exitCode).toBeNull();
    running.process.kill("SIGTERM");
    expect((await running.ended()).stderr).toBe("");
  });
});

const holds = await builtProgram(new URL("./programs/holds.ts", import.meta.url));

/** What it says. From the moment when it is ready the far end is silent, and gone when it has sent. */
async function owing(what: string, letGo = ""): Promise<string[]> {
  const world = await openWorld();
  if (what === "dial" || what === "rest") world.proxy.blackhole(true);
  const running = startProgram(holds, { args: [what, world.proxy.url("http"), letGo] });
  if (/send|aborted/.test(what)) {
    await running.line((line) => line === "ready");
    world.proxy.blackhole(true);
    running.process.stdin.write("go\n");
    await running.line((line) => line === "sent");
    await world.proxy.refuse("reset");
    world.proxy.cut();
  }
  const { code, stdout, stderr } = await running.ended(10_000);
  expect([code, stderr]).toEqual([0, ""]);
  return stdout
    .trim()
    .split("\n")
    .filter((line) => line !== "ready" && line !== "sent");
}

describe("a promise that is not settled", () => {
  it.each([
    ["until", "rejected ERR_DISPOSED"],
    ["login", "rejected ERR_DISPOSED"],
    ["logout", "rejected ERR_DISPOSED"],
    ["token", "rejected ERR_DISPOSED"],
    ["send", "rejected ERR_DISPOSED"],
    ["sendForEver", "rejected ERR_DISPOSED"],
  ])("[B9.2] keeps a Node process alive: %s", async (what, end) => {
    expect(await owing(what)).toEqual(["begun", "alive", end]);
  });

  it("[B9.2] once it is settled, nothing does", async () => {
    expect(await owing("aborted")).toEqual(["begun", "rejected ERR_ABORTED"]);
  });

  it("[B9.2] an iterator of events is a listener: it holds nothing", async () => {
    expect(await owing("iterating")).toEqual(["begun"]);
  });
});

describe("unref()", () => {
  it.each(["linked", "until", "login", "rest", "logout", "token", "send"])(
    "[B9.2] lets a Node process end whatever its client does: %s",
    async (what) => {
      expect(await owing(what, "unref")).toEqual(["begun"]);
    },
  );

  it("[B9.2] holds for what comes after it: a dial, and its link", async () => {
    expect(await owing("dial", "early")).toEqual(["begun"]);
  });

  it("[B9.2] ref() takes it back", async () => {
    for (const what of ["linked", "until"]) expect((await owing(what, "ref")).slice(0, 2)).toEqual(["begun", "alive"]);
  });
});
