/**
 * Leaks that are sown into the bundle, one at a time: `pnpm leaks` must find each. The words of a plant stand in its file exactly
 * once; where they do not, the bundle fails and says so.
 */
import type { DeedName } from "./judge.js";

export interface Leak {
  readonly name: string;
  /** The deeds that show it. */
  readonly deed: DeedName;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  /** Whose side it is on. */
  readonly side: "client" | "gateway";
}

export const leaks: readonly Leak[] = [
  {
    name: "a listener kept for each link",
    deed: "reconnects",
    side: "client",
    file: "packages/core/src/driver.ts",
    find: "socket.protocol = protocol.attach(socket.id, socket);",
    replace: 'socket.protocol = protocol.attach(socket.id, socket); this.bus.on("status", () => void socket.id);',
  },
  {
    name: "a watcher of the lifecycle that dispose() forgets",
    deed: "clients",
    side: "client",
    file: "packages/core/src/driver.ts",
    find: "this.#stopWatching?.();",
    replace: "",
  },
  {
    name: "a listener left on the app's signal",
    deed: "clients",
    side: "client",
    file: "packages/core/src/bus.ts",
    find: "    entry.quit?.();\n",
    replace: "",
  },
  {
    name: "a timer that the gateway leaves for each link",
    deed: "reconnects",
    side: "gateway",
    file: "packages/gateway/src/socket/link.ts",
    find: "    place.free();\n",
    replace: "    place.free();\n    setInterval(() => open, 3_600_000).unref();\n",
  },
];
