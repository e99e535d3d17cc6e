/** Values that are there or promised. Law: what is there is handled in the same call, so a log in memory needs no microtask. */
import type { Awaitable } from "./broker.js";

function isPromise<T>(value: Awaitable<T>): value is PromiseLike<T> {
  return typeof (value as { readonly then?: unknown } | null | undefined)?.then === "function";
}

/** Calls `ok` with the value or `failed` with the error of `ask`, now or later. */
export function settle<T>(ask: () => Awaitable<T>, ok: (value: T) => void, failed: (error: unknown) => void): void {
  let value: Awaitable<T>;
  try {
    value = ask();
  } catch (error) {
    failed(error);
    return;
  }
  if (isPromise(value)) value.then(ok, failed);
  else ok(value);
}

/** `map(value)`, now or later. */
export function chain<T, U>(value: Awaitable<T>, map: (value: T) => Awaitable<U>): Awaitable<U> {
  return isPromise(value) ? value.then(map) : map(value);
}

/** What `ask` gives, calling `done` once it is settled, however. */
export function finish<T>(ask: () => Awaitable<T>, done: () => void): Awaitable<T> {
  let value: Awaitable<T>;
  try {
    value = ask();
  } catch (error) {
    done();
    throw error;
  }
  if (isPromise(value)) value.then(done, done);
  else done();
  return value;
}
