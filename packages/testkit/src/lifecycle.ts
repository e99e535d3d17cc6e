/**
 * A lifecycle that says what the test tells it to.
 *
 * Law: `current()` follows the signals by itself, as a platform's state and its events agree; a test that wants
 * them to disagree (an event that comes late, or never) sets `state`.
 */
import type { Cancel, Lifecycle, LifecycleNow, LifecycleSignal } from "@cc/core";

export interface ScriptedLifecycle extends Lifecycle {
  /** What `current()` answers. */
  state: LifecycleNow;
  /** Tells every watcher, in the order in which they came. */
  emit(signal: LifecycleSignal | Exclude<LifecycleSignal["type"], "pageShown" | "clockJump">): void;
  /** How many watch at this moment. */
  readonly watchers: number;
}

/** A lifecycle that starts in the foreground and online unless told otherwise. */
export function createScriptedLifecycle(start: Partial<LifecycleNow> = {}): ScriptedLifecycle {
  const watching = new Set<{ readonly handler: (signal: LifecycleSignal) => void }>();
  const lifecycle: ScriptedLifecycle = {
    state: { background: false, online: true, ...start },
    current: () => lifecycle.state,
    watch(handler): Cancel {
      // A record of its own: the same function watching twice is two watchers.
      const entry = { handler };
      watching.add(entry);
      return () => void watching.delete(entry);
    },
    emit(what) {
      const signal: LifecycleSignal = typeof what === "string" ? { type: what } : what;
      const { type } = signal;
      if (type === "foreground" || type === "background") {
        lifecycle.state = { ...lifecycle.state, background: type === "background" };
      } else if (type === "online" || type === "offline") {
        lifecycle.state = { ...lifecycle.state, online: type === "online" };
      }
      for (const entry of [...watching]) if (watching.has(entry)) entry.handler(signal);
    },
    get watchers() {
      return watching.size;
    },
  };
  return lifecycle;
}
