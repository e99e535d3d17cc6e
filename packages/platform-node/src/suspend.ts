/**
 * Ctrl-Z and `kill -TSTP`, told before the process stops.
 *
 * Law: one listener per process, however many watch, and none when nobody does: listening takes the stop away, and two
 * listeners that each wanted to give it back would each take the other for an app that has decided against it.
 */
import type { Cancel } from "@cc/core";

const watchers = new Set<() => void>();

function onSuspend(): void {
  for (const watcher of watchers) watcher();
  // The stop is given back by raising the signal again without us, not by SIGSTOP, which would also stop a process of
  // an orphaned group, that nobody could continue. An app that listens itself decides alone.
  process.off("SIGTSTP", onSuspend);
  if (process.listenerCount("SIGTSTP") === 0) process.kill(process.pid, "SIGTSTP");
  // From here on we run again. A watcher may have left when told.
  if (watchers.size > 0) process.on("SIGTSTP", onSuspend);
}

/** Calls `watcher` in the signal's own turn, before the process stops. */
export function watchSuspend(watcher: () => void): Cancel {
  // A function of its own, so that the same one watching twice is two watchers.
  const own = (): void => watcher();
  if (watchers.size === 0) process.on("SIGTSTP", onSuspend);
  watchers.add(own);
  return () => {
    if (watchers.delete(own) && watchers.size === 0) process.off("SIGTSTP", onSuspend);
  };
}
