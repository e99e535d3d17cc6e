/** A link that asks and gets its answer, and that knows which ephemeral events it heard. */
import type { Frame, TestLink } from "./link.js";

export type { Frame };

export interface ChatLink {
  /** Sends, and waits for the answer: `"ok"`, or the nack. */
  ask(channel: string, kind: string, data: unknown, ephemeral: boolean): Promise<unknown>;
  /** `[kind, from, data]` of each ephemeral event so far. */
  heard(): readonly unknown[];
}

let asked = 0;

export const linkOf = (link: TestLink): ChatLink => ({
  ask: async (channel, kind, data, ephemeral) => {
    asked += 1;
    const id = `ask-${asked}`;
    link.send([6, id, channel, kind, data, ephemeral ? 1 : 0]);
    const isAck = (frame: Frame): boolean => Array.isArray(frame) && frame[0] === 3 && frame[1] === id;
    const isNack = (frame: Frame): boolean => (frame as Record<string, unknown>)["id"] === id;
    const answer = await link.frame((frame) => isAck(frame) || isNack(frame));
    return isAck(answer) ? "ok" : answer;
  },
  heard: () =>
    link.frames.flatMap((frame) => (Array.isArray(frame) && frame[0] === 2 ? [(frame as unknown[]).slice(2)] : [])),
});
