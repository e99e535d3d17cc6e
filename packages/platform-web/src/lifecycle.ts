/**
 * Lifecycle of pages and workers.
 *
 * Law: listeners stand from the first watcher to the last and at no other time; `unload` and `beforeunload` are never
 * among them, for one of those keeps a page out of the back/forward cache (B5.9, R33). There is no polling timer: a
 * page that is awake but hears of nothing has the client's own heartbeat deadline, which also fires after a sleep.
 * Where a global is missing (`document` in workers, `addEventListener` in React Native), its signals are too.
 */
import type { Lifecycle, LifecycleSignal } from "@cc/core";

/**
 * Wall and monotonic clock may drift this far apart between two events, in ms: above what a clock that is being slewed
 * does in the hour between two of them, below any sleep that a link would notice.
 */
const DRIFT_MS = 2000;

/** Events of the global and of its document, by the signal that they are. `visibilitychange` says only that something is to be read. */
const ofGlobal: Readonly<Record<string, LifecycleSignal["type"]>> = {
  online: "online",
  offline: "offline",
  pagehide: "pageHidden",
  pageshow: "pageShown",
};
const ofDocument: typeof ofGlobal = { visibilitychange: "foreground", freeze: "frozen", resume: "thawed" };

const hidden = (): boolean => globalThis.document?.visibilityState === "hidden";
const drift = (): number => Date.now() - performance.now();

/**
 * What page and network tell. `visibilitychange` becomes `background` and `foreground`; `freeze` and `resume` become
 * `frozen` and `thawed`; `pagehide`, `pageshow`, `online` and `offline` are passed on. When such an event shows that
 * the wall clock moved otherwise than the monotonic one since the event before, `clockJump` is told first.
 *
 * A page that is being prerendered counts as background. `current().online` is `false` only where the platform says so.
 */
export function webLifecycle(): Lifecycle {
  const watchers = new Set<{ readonly handler: (signal: LifecycleSignal) => void }>();
  let before = 0;

  const tell = (signal: LifecycleSignal): void => {
    for (const watcher of watchers) watcher.handler(signal);
  };
  const onEvent = (event: Event): void => {
    const ms = drift() - before;
    before += ms;
    if (Math.abs(ms) > DRIFT_MS) tell({ type: "clockJump", ms });
    const type = ofGlobal[event.type] ?? ofDocument[event.type];
    // The table has no other types; and only `pageShown` has a field of its own.
    tell(
      (type === "pageShown"
        ? { type, persisted: (event as PageTransitionEvent).persisted }
        : { type: type === "foreground" && hidden() ? "background" : type }) as LifecycleSignal,
    );
  };
  const listen = (method: "addEventListener" | "removeEventListener"): void => {
    for (const type in ofGlobal) globalThis[method]?.(type, onEvent);
    for (const type in ofDocument) globalThis.document?.[method]?.(type, onEvent);
  };

  return {
    watch(handler) {
      const watcher = { handler };
      if (watchers.size === 0) {
        before = drift();
        listen("addEventListener");
      }
      watchers.add(watcher);
      return () => {
        if (watchers.delete(watcher) && watchers.size === 0) listen("removeEventListener");
      };
    },
    current: () => ({
      background: hidden(),
      online: globalThis.navigator?.onLine !== false,
    }),
  };
}
