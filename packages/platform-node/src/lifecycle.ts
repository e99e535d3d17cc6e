/**
 * Lifecycle of a Node process: suspension, clock changes and network changes.
 *
 * Law: one unref'd tick from the first watcher to the last, and one function, `look`, that compares what the tick and
 * both clocks say. A tick that comes too late is a process that did not run (stopped, or its event loop blocked); a
 * wall clock that ran ahead of the monotonic one is a machine that slept, for Linux and macOS stop the latter.
 * A process has no foreground: whoever runs it wants it to work. `online` is always true, for a server on loopback
 * needs no network; a changed network is told as `networkChange`.
 */
import type { Cancel, Clock, Lifecycle, LifecycleSignal } from "@cc/core";
import { nodeClock } from "./clock.js";
import { reachableAddresses } from "./interfaces.js";
import { watchSuspend } from "./suspend.js";

export interface NodeLifecycleOptions {
  /**
   * Tell Ctrl-Z and `kill -TSTP` as `frozen` before the process stops, and `thawed` when it goes on. Default `false`,
   * because it takes a process-wide signal listener. The stop itself is preserved; an app that listens to SIGTSTP
   * itself decides alone.
   */
  readonly suspendSignals?: boolean;
  /** How often clocks and network interfaces are looked at, in ms; default 1,000. */
  readonly tickMs?: number;
  /** Where time comes from. Default: the process's own. */
  readonly clock?: Clock;
  /** Something that differs when the network has changed. Default: the machine's reachable addresses. */
  readonly network?: () => string;
}

/** Above what a busy process suffers, below any sleep that a link would notice. */
const DRIFT_MS = 2000;

/**
 * What a Node process can tell: `clockJump`, `networkChange`, and with `suspendSignals` also `frozen` and `thawed`
 * (`thawed` within `tickMs` even when the stop did not come about, as for a process that no shell controls).
 */
export function nodeLifecycle(options: NodeLifecycleOptions = {}): Lifecycle {
  const { suspendSignals = false, tickMs = 1000, clock = nodeClock, network = reachableAddresses } = options;
  /** By what ends it: one handler may watch twice. */
  const watchers = new Map<Cancel, (signal: LifecycleSignal) => void>();
  const tell = (signal: LifecycleSignal): void => {
    for (const handler of watchers.values()) handler(signal);
  };

  let seen = { now: 0, wall: 0, network: "" };
  /** When the network was last read: it takes a tenth of what a connect takes. */
  let readAt = Number.NEGATIVE_INFINITY;
  let frozen = false;
  const see = (): typeof seen => {
    readAt = clock.now();
    return { now: readAt, wall: clock.wall(), network: network() };
  };
  const look = (): void => {
    const last = seen;
    seen = see();
    const late = Math.max(0, seen.now - last.now - tickMs);
    const leap = late + (seen.wall - last.wall) - (seen.now - last.now);
    const ms = Math.abs(leap) > late ? leap : late;
    // Running at all proves that we run, whether or not a stop and a SIGCONT came between.
    if (frozen) {
      frozen = false;
      tell({ type: "thawed" });
    }
    if (Math.abs(ms) > DRIFT_MS) tell({ type: "clockJump", ms });
    if (seen.network !== last.network) tell({ type: "networkChange" });
  };

  let stopTick: Cancel = () => {};
  const tick = (): void => {
    stopTick = clock.after(
      tickMs,
      () => {
        tick();
        look();
      },
      false,
    );
  };

  let stopSuspend: Cancel = () => {};
  const start = (): void => {
    // What was read within a tick will do: many clients may come and go one after another.
    seen = clock.now() - readAt < tickMs ? { ...seen, now: clock.now(), wall: clock.wall() } : see();
    frozen = false;
    tick();
    if (!suspendSignals) return;
    stopSuspend = watchSuspend(() => {
      frozen = true;
      tell({ type: "frozen" });
    });
    // Also after a SIGSTOP, which cannot be caught: then the look sees the clocks.
    process.on("SIGCONT", look);
  };
  const stop = (): void => {
    stopTick();
    stopSuspend();
    process.off("SIGCONT", look);
  };

  return {
    watch(handler) {
      const end = (): void => {
        if (watchers.delete(end) && watchers.size === 0) stop();
      };
      if (watchers.size === 0) start();
      watchers.set(end, handler);
      return end;
    },
    current: () => ({ background: false, online: true }),
  };
}
