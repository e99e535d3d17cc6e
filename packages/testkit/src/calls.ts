/**
 * An asynchronous function whose answers the test gives: for `getToken`, for an `AuthApi`, for whatever returns a promise.
 *
 * Law: a call is answered by hand, or by `answer`; a call that nobody answers stays pending for ever, as a request
 * over a dead network does. Answering twice is a `ScriptMisuse`.
 */
import { ScriptMisuse } from "./misuse.js";

export interface ScriptedCall<Args extends readonly unknown[], Result> {
  readonly args: Args;
  readonly settled: boolean;
  resolve(value: Result): void;
  reject(error: unknown): void;
}

export interface ScriptedFunction<Args extends readonly unknown[], Result> {
  (...args: Args): Promise<Result>;
  /** Every call so far, oldest first. */
  readonly calls: readonly ScriptedCall<Args, Result>[];
  /** Those without an answer. */
  readonly pending: readonly ScriptedCall<Args, Result>[];
  /** Answers each further call: what it returns resolves it, what it throws rejects it; `undefined` leaves them to the test. */
  answer: ((...args: Args) => Result | Promise<Result>) | undefined;
}

/** A function to pass as a port; see `ScriptedFunction`. */
export function createScriptedFunction<Args extends readonly unknown[], Result>(
  answer?: (...args: Args) => Result | Promise<Result>,
): ScriptedFunction<Args, Result> {
  const calls: ScriptedCall<Args, Result>[] = [];
  const scripted = (...args: Args): Promise<Result> =>
    new Promise((resolve, reject) => {
      let settled = false;
      const once = (): void => {
        if (settled) throw new ScriptMisuse("the call was answered before");
        settled = true;
      };
      const call: ScriptedCall<Args, Result> = {
        args,
        get settled() {
          return settled;
        },
        resolve(value) {
          once();
          resolve(value);
        },
        reject(error) {
          once();
          reject(error);
        },
      };
      calls.push(call);
      const { answer: reply } = self;
      if (reply !== undefined) {
        // Inside a promise: what the answer throws rejects the call.
        void new Promise<Result>((done) => done(reply(...args))).then(
          (value) => call.resolve(value),
          (error: unknown) => call.reject(error),
        );
      }
    });
  const pending = (): readonly ScriptedCall<Args, Result>[] => calls.filter(({ settled }) => !settled);
  // A getter survives Object.assign only as its value, so it is defined on its own.
  const self: ScriptedFunction<Args, Result> = Object.defineProperty(
    Object.assign(scripted, { calls, answer, pending: [] }),
    "pending",
    { get: pending },
  );
  return self;
}
