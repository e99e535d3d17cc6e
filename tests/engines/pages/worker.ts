/** A worker, which has no document: lifecycle, clock and transport in it. */
import { webClock, webLifecycle } from "@cc/platform-web";
import { openWebSocket } from "@cc/transport-browser";
import { countListeners } from "../../support/listeners.js";

const listeners = countListeners(globalThis as unknown as EventTarget);
const lifecycle = webLifecycle();
const cancel = lifecycle.watch(() => {});
const attached = listeners.count;
cancel();
webClock.later?.(() => {
  openWebSocket(
    "ws://[",
    { subprotocols: [] },
    {
      opened() {},
      message() {},
      closed: ({ code }) => postMessage({ current: lifecycle.current(), attached, after: listeners.count, code }),
    },
  );
});
