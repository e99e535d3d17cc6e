/** Watches its lifecycle and does nothing else: that is no reason to live on. */
import { nodeClock, nodeLifecycle } from "@cc/platform-node";

nodeLifecycle({ suspendSignals: true }).watch(() => {});
nodeClock.after(60_000, () => console.log("kept"), false);
console.log("watching");
