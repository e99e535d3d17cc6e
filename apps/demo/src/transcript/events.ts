/** Events as the checker counts them: by their numbers in the gateway's log, which the gateway gave out itself. */
import type { Gateway } from "@cc/gateway";
import type { AppEvent } from "@cc/sdk";

/** Publishes `count` messages to a user through the gateway's own API; their numbers in the log. */
export async function publish(gateway: Gateway, uid: string, count: number): Promise<number[]> {
  const all = Array.from({ length: count }, (_, i) =>
    gateway.publish({ channel: `user:${uid}`, kind: "message", data: { text: `Message ${i + 1}` } }),
  );
  return (await Promise.all(all)).map(({ position }) => position);
}

/** Numbers of the durable events among these. */
export const numbers = (events: readonly AppEvent[]): number[] =>
  events.flatMap(({ position }) => position?.positions[0] ?? []);

/** The newest number in the log. */
export const head = (gateway: Gateway): number | undefined => gateway.stats().positions[0];
