/** The ports without a platform: what stands in for a real one must keep the same promises. */
import { memoryStorage } from "@cc/core";
import { createScriptedLifecycle, createScriptedStorage } from "@cc/testkit";
import { lifecycleConformance, nearby, storageConformance } from "@cc/testkit/conformance";

storageConformance("memory", { lock: true, watch: true }, async () => ({
  storage: memoryStorage(),
  stop: async () => {},
}));

storageConformance("scripted", { reopen: true, fill: true, forbidden: true, lock: true, watch: true }, async () => {
  const storage = createScriptedStorage();
  return {
    storage,
    reopen: () => createScriptedStorage({ shared: storage }),
    async fill() {
      storage.capacity = 1000;
      return { size: 1001 };
    },
    forbidden() {
      const error = new Error("forbidden");
      storage.fail = { get: error, set: error, remove: error };
      return storage;
    },
    stop: async () => {},
  };
});

const signals = [
  "background",
  "foreground",
  "offline",
  "online",
  "frozen",
  "thawed",
  "pageHidden",
  "pageShown",
  "clockJump",
  "networkChange",
] as const;
lifecycleConformance("scripted", signals, async () => {
  const lifecycle = createScriptedLifecycle();
  const emit = (signal: Parameters<typeof lifecycle.emit>[0]) => async () => lifecycle.emit(signal);
  return {
    // A script has no platform to listen to: that somebody watches is all that can be seen.
    lifecycle: nearby(lifecycle, () => Math.min(1, lifecycle.watchers)),
    provoke: {
      background: emit("background"),
      foreground: emit("foreground"),
      offline: emit("offline"),
      online: emit("online"),
      frozen: emit("frozen"),
      thawed: emit("thawed"),
      pageHidden: emit("pageHidden"),
      pageShown: emit({ type: "pageShown", persisted: true }),
      clockJump: emit({ type: "clockJump", ms: 5000 }),
      networkChange: emit("networkChange"),
    },
    stop: async () => {},
  };
});
