/** What a client says first, and the turns that its answer takes. */
import type { World } from "./world.js";

/** Ann's `hello` in a world of `createWorld`, with these fields in place of its own. */
export const hello = (more: object = {}): object => ({
  t: "hello",
  token: "token:ann",
  app: "app",
  instance: "i",
  linkNo: 1,
  ...more,
});

/** Lets promises settle and later tasks run, one after the other, so often. */
export async function turns(world: World, times = 30): Promise<void> {
  for (let i = 0; i < times; i++) {
    await Promise.resolve();
    world.turn();
  }
}
