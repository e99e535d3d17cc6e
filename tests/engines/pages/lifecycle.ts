/**
 * The lifecycle of a page, driven from outside. What it is told it writes into the tab's storage, which the page after it can read
 * when this one was left.
 */
import { webLifecycle } from "@cc/platform-web";
import { countListeners } from "../../support/listeners.js";

const listeners = countListeners(globalThis as unknown as EventTarget, document);
const lifecycle = webLifecycle();
const cancels: (() => void)[] = [];

const page = {
  watch() {
    const watcher = cancels.length;
    cancels.push(
      lifecycle.watch((signal) => {
        const told = JSON.parse(sessionStorage.getItem("told") ?? "[]") as unknown[];
        sessionStorage.setItem("told", JSON.stringify([...told, { watcher, signal }]));
      }),
    );
    return watcher;
  },
  cancel: (watcher: number) => cancels[watcher]?.(),
  current: () => lifecycle.current(),
  attached: () => listeners.count,
  types: () => listeners.types,
};
Object.assign(globalThis, { page });
