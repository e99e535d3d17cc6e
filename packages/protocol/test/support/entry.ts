/** An entry of the ring. */
import type { RingEntry } from "../../src/server/ring.js";

export const entryOf = (n: number, more: Partial<RingEntry> = {}): RingEntry => ({
  partition: 0,
  n,
  channel: "c",
  kind: "message",
  from: "x",
  data: n,
  sentAt: 0,
  alias: 1,
  text: "",
  bytes: 10,
  appliedAt: 0,
  ...more,
});
