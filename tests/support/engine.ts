/**
 * Firefox and WebKit as the tests drive them: the little that both drivers can, under one name each.
 *
 * Law: what happens to a page is done by its browser, never dispatched as an event from inside; what a browser or its driver cannot
 * do is a field with the reason, and the test that needs it says so.
 */
import type { EngineName } from "../../scripts/lib/engines.js";

export interface EngineTab {
  /** Resolves when the page is loaded. */
  goto(url: string): Promise<void>;
  reload(): Promise<void>;
  /** To the page before, which is at `url`. */
  back(url: string): Promise<void>;
  /** The value of an expression in the page, promises awaited. Rejects with what the page throws. */
  run<T>(expression: string): Promise<T>;
  /** Nobody sees the page: the browser itself says so. */
  hide(): Promise<void>;
  show(): Promise<void>;
  /** Takes the network from the page, or gives it back. Rejects where the engine cannot. */
  offline(on: boolean): Promise<void>;
  close(): Promise<void>;
}

export interface Engine {
  readonly name: EngineName;
  readonly version: string;
  /** A page that is seen, in a window of its own, on the storage of all others. */
  open(): Promise<EngineTab>;
  /** Why the network cannot be taken; absent where it can. */
  readonly cannotOffline?: string;
  /** Loopback works without the network too, so a page can still say here that it was told. */
  readonly reachableOffline: boolean;
  /** A page that had an open socket and a lock goes into the back/forward cache when it lets both go at `pagehide`. */
  readonly keepsLinkedPages: boolean;
  /** Ends it and all that it started. */
  close(): Promise<void>;
}
