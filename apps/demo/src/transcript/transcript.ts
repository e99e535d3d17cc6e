/** The transcript: the scenes in their order, over one world. Resolves with the number of checks that passed; rejects with the one that failed. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Breakage } from "../flags.js";
import { createChecks } from "./checks.js";
import { policy, shortened } from "./numbers.js";
import type { Paper } from "./paper.js";
import { auto, manual } from "./scenes/background.js";
import { login } from "./scenes/login.js";
import { logout } from "./scenes/logout.js";
import { blackHole, cut } from "./scenes/loss.js";
import { rejected, throttled } from "./scenes/refusal.js";
import { createWorld } from "./world.js";

const scenes = [login, cut, blackHole, auto, manual, rejected, throttled, logout];

export async function playTranscript(paper: Paper, broken: Breakage | undefined, signal: AbortSignal): Promise<number> {
  const checks = createChecks(paper);
  const world = await createWorld(paper, checks, broken);
  try {
    paper.note(
      `gateway ${world.gateway.url}, fault proxies ${world.alice.proxy.url()} (alice) and ${world.bob.proxy.url()} (bob)`,
    );
    for (const text of shortened) paper.note(text);
    if (broken !== undefined) paper.note(`--break ${broken}: one thing is altered, so a check must fail`);
    for (const scene of scenes) {
      signal.throwIfAborted();
      await scene(world);
      // The next loss is the first of its own outage, as it would be for a reader who tries it by hand.
      await sleep((policy.stableMs ?? 0) + 100, undefined, { signal });
    }
    return checks.passed;
  } finally {
    await world.close();
  }
}
