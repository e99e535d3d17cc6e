/** What keeps a Node process alive, and what does not (9.2): processes of their own, ended by themselves or by us. */
import { describe, expect, it } from "vitest";
import { startProgram } from "../support/program.js";
import { openWorld } from "./world.js";

const program = new URL("./programs/exit.ts", import.meta.url);

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
