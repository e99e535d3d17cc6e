/**
 * Looks over the shoulder of everything through which code can touch the world: a plain script, for it runs first in pages, in
 * workers and in Node. Afterwards `acts` holds what was touched, by name, in order.
 */
globalThis.acts = [];

/** Notes each call and each `new` of a function, and lets it happen. */
globalThis.spyOn = (object, names, prefix = "") => {
  for (const name of names) {
    const real = object?.[name];
    if (typeof real !== "function") continue;
    const note = () => acts.push(prefix + name);
    const spy = new Proxy(real, {
      apply(target, self, args) {
        note();
        return Reflect.apply(target, self, args);
      },
      construct(target, args, newTarget) {
        note();
        return Reflect.construct(target, args, newTarget === spy ? target : newTarget);
      },
    });
    Object.defineProperty(object, name, { value: spy, configurable: true, writable: true });
  }
};

/** Notes each look at a property that is computed, such as `localStorage`. */
globalThis.spyOnLook = (object, names) => {
  for (const name of names) {
    const real = object === undefined ? undefined : Object.getOwnPropertyDescriptor(object, name);
    if (real?.get === undefined) continue;
    Object.defineProperty(object, name, {
      configurable: true,
      get() {
        acts.push(name);
        return real.get.call(this);
      },
    });
  }
};

spyOn(globalThis, [
  "setTimeout",
  "setInterval",
  "setImmediate",
  "requestAnimationFrame",
  "requestIdleCallback",
  "fetch",
  "WebSocket",
  "EventSource",
  "XMLHttpRequest",
  "Worker",
  "SharedWorker",
  "MessageChannel",
  "BroadcastChannel",
  "Blob",
]);
spyOn(Math, ["random"], "Math.");
spyOn(globalThis.crypto, ["getRandomValues", "randomUUID"], "crypto.");
spyOn(globalThis.EventTarget?.prototype, ["addEventListener"]);
spyOn(globalThis.URL, ["createObjectURL"], "URL.");
spyOn(globalThis.Storage?.prototype, ["getItem", "setItem", "removeItem", "key", "clear"], "Storage.");
spyOn(globalThis.IDBFactory?.prototype, ["open", "deleteDatabase", "databases"], "indexedDB.");
spyOn(globalThis.LockManager?.prototype, ["request", "query"], "locks.");
spyOn(globalThis.CacheStorage?.prototype, ["open", "match", "keys"], "caches.");
spyOnLook(globalThis, ["localStorage", "sessionStorage"]);
