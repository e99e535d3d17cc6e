/**
 * What a process holds, looked at when it has come to rest.
 *
 * Law: nothing is judged here. The heap is what is left after collections in turns, so that what finalizers and closing sockets let
 * go of is gone; handles and timers are counted by Node's own hooks, those that hold no process (unref) included; listeners by the
 * emitters and signals that have them.
 */
import { createHook } from "node:async_hooks";
import { getEventListeners } from "node:events";
import { globalAgent } from "node:http";
import { memoryUsage } from "node:process";
import { setTimeout as sleep, setImmediate as turn } from "node:timers/promises";

/** One look. */
export interface Sample {
  readonly n: number;
  /** Bytes of heap in use. */
  readonly heap: number;
  /** Kind of handle, timer or listener, and how many there are. */
  readonly held: Readonly<Record<string, number>>;
}

/** Resources that somebody must close; promises and requests end by themselves. */
const kinds: ReadonlySet<string> = new Set([
  "Timeout",
  "TCPWRAP",
  "TCPSERVERWRAP",
  "PIPEWRAP",
  "TLSWRAP",
  "FSEVENTWRAP",
  "FSREQCALLBACK",
  "SIGNALWRAP",
  "WORKER",
  "MESSAGEPORT",
]);
const alive = new Map<number, string>();
createHook({
  init(id, type) {
    if (kinds.has(type)) alive.set(id, type);
  },
  destroy(id) {
    alive.delete(id);
  },
}).enable();

const collect = (globalThis as { gc?: () => void }).gc;
if (collect === undefined) throw new Error("started without --expose-gc");

function count(signals: Readonly<Record<string, AbortSignal>>): Record<string, number> {
  const held: Record<string, number> = {};
  for (const kind of alive.values()) held[kind] = (held[kind] ?? 0) + 1;
  for (const kind of process.getActiveResourcesInfo()) held[`active ${kind}`] = (held[`active ${kind}`] ?? 0) + 1;
  for (const event of process.eventNames())
    held[`process.on(${String(event)})`] = process.listenerCount(event as "exit");
  for (const [name, signal] of Object.entries(signals))
    held[`listeners of ${name}`] = getEventListeners(signal, "abort").length;
  return held;
}

/** Rounds without a change that are rest; and when it is given up, for then the judge shall see what does not rest. */
const REST_ROUNDS = 12;
const ROUNDS = 400;
const ROUND_MS = 25;

/** Waits for rest and looks. `signals`: those that live as long as the process, by name. */
export async function look(n: number, signals: Readonly<Record<string, AbortSignal>> = {}): Promise<Sample> {
  // Connections kept for the next request are nobody's leak, and end when they like.
  globalAgent.destroy();
  let held = count(signals);
  for (let rest = 0, round = 0; rest < REST_ROUNDS && round < ROUNDS; round += 1) {
    await sleep(ROUND_MS);
    collect?.();
    await turn();
    const now = count(signals);
    rest = JSON.stringify(now) === JSON.stringify(held) ? rest + 1 : 0;
    held = now;
  }
  let heap = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 6; round += 1) {
    collect?.();
    await turn();
    heap = Math.min(heap, memoryUsage().heapUsed);
  }
  return { n, heap, held };
}
