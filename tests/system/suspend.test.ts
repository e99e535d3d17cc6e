/** A Node process that is really stopped and continued, with a real gateway (6.3, 6.4, 5.5). */
import { describe, expect, it } from "vitest";
import { builtProgram, type Program, startProgram } from "../support/program.js";
import { openWorld, type World } from "./world.js";

const suspended = await builtProgram(new URL("./programs/suspended.ts", import.meta.url));

/** Longer than the drift that counts as sleep (2 s), seen at a tick of 1 s. */
const STOPPED_MS = 3_500;

interface Sleeper {
  readonly world: World;
  readonly program: Program;
  /** Stops it, does `meanwhile`, and continues it; the answer is when. */
  suspend(meanwhile: () => unknown): Promise<number>;
  /** When it first said `what` since it was continued. */
  when(what: string): Promise<number>;
}

async function sleeper(): Promise<Sleeper> {
  const world = await openWorld();
  const program = startProgram(suspended, { args: [world.proxy.url("http")] });
  await program.line((line) => line.startsWith("ready"));
  return {
    world,
    program,
    async suspend(meanwhile) {
      program.process.kill("SIGSTOP");
      await meanwhile();
      await new Promise((resolve) => setTimeout(resolve, STOPPED_MS));
      const at = Date.now();
      program.process.kill("SIGCONT");
      return at;
    },
    async when(what) {
      const line = await program.line((said) => said.startsWith(`${what} `));
      return Number(line.split(" ")[1]);
    },
  };
}

describe("a process that was stopped and goes on", () => {
  it("[B6.4][B6.3][B5.5][R4] a link that died silently meanwhile is noticed within 2.5 s, and replaced", async () => {
    const { world, suspend, when } = await sleeper();
    const woken = await suspend(() => world.proxy.blackhole(true));
    const noticed = (await when("disconnected")) - woken;
    expect((await when("ERR_HEARTBEAT_TIMEOUT")) - woken).toBeLessThanOrEqual(noticed);
    // Twofold slack, as for every time here; without a wake signal it is the heartbeat that notices, after 13 s.
    expect(noticed).toBeLessThan(2 * 2_500);
    world.proxy.blackhole(false);
    expect(await when("resumed")).toBeGreaterThan(woken);
  });

  it("[B6.4][B1.4] a link that was closed meanwhile is told at once, and comes back with what was missed", async () => {
    const { world, suspend, when } = await sleeper();
    const woken = await suspend(async () => {
      world.proxy.cut();
      await world.publish("ann", "missed");
    });
    expect((await when("disconnected")) - woken).toBeLessThan(1_000);
    await when("resumed");
    expect(await when("event-missed")).toBeGreaterThanOrEqual(woken);
  });

  it("[B6.4][R4] a link that lives is kept, and what came meanwhile is told", async () => {
    const { world, program, suspend, when } = await sleeper();
    const said: string[] = [];
    program.onLine((line) => said.push(line));
    await suspend(() => world.publish("ann", "meanwhile"));
    await when("event-meanwhile");
    // The probe of the wake is answered by then: both went the same way.
    await world.publish("ann", "later");
    await when("event-later");
    expect(said.map((line) => line.split(" ")[0])).toEqual(["event-meanwhile", "event-later"]);
    expect([world.gateway.stats().linked, world.proxy.accepted]).toEqual([1, 2]);
  });
});
