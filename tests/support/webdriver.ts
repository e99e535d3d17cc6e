/**
 * The part of W3C WebDriver that the tests use, over fetch.
 *
 * Law: a driver has one current window, so each command to a window goes together with the switch to it, one pair at a time.
 * Specification: https://www.w3.org/TR/webdriver2/
 */

/** An error that the driver answers with. `code` is the specification's, such as `javascript error`. */
export class WebDriverError extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(`${code}: ${message}`);
    this.name = "WebDriverError";
    this.code = code;
  }
}

export interface DriverWindow {
  command<T>(method: "GET" | "POST" | "DELETE", path: string, body?: object): Promise<T>;
  /** The value of an expression, promises awaited; `undefined` stays so. */
  evaluate<T>(expression: string): Promise<T>;
}

export interface DriverSession {
  /** Of the browser, as its capabilities say it. */
  readonly version: string;
  /** Opens a window of its own. */
  open(): Promise<DriverWindow>;
  /** Ends the session, and the browser with it. */
  end(): Promise<void>;
}

/** In the page: calls back with `[value]` or `[]` for `undefined`, or with `[null, error]`. */
const wrapped = (expression: string): string => `
  const done = arguments[arguments.length - 1];
  (async () => (${expression}
  ))().then(
    (value) => done(value === undefined ? [] : [value]),
    (error) => done([null, error instanceof Error ? error.name + ": " + error.message + "\\n" + error.stack : String(error)]),
  );`;

async function ask<T>(base: string, method: string, path: string, body?: object): Promise<T> {
  const response = await fetch(`${base}${path}`, {
    method,
    ...(body && { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
  });
  const { value } = (await response.json()) as { readonly value: unknown };
  if (response.ok) return value as T;
  const { error = `HTTP ${response.status}`, message = "" } = (value ?? {}) as { error?: string; message?: string };
  throw new WebDriverError(error, message);
}

/** Begins a session with the driver at `base`. */
export async function beginSession(base: string, capabilities: object = {}): Promise<DriverSession> {
  const begun = await ask<{ readonly sessionId: string; readonly capabilities: { readonly browserVersion: string } }>(
    base,
    "POST",
    "/session",
    { capabilities: { alwaysMatch: capabilities } },
  );
  const session = `/session/${begun.sessionId}`;
  await ask(base, "POST", `${session}/timeouts`, { script: 60_000, pageLoad: 30_000 });
  // The first window stays as it is, to be current where another one that was so has been closed.
  const first = await ask<string>(base, "GET", `${session}/window`);
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(act: () => Promise<T>): Promise<T> => {
    const turn = last.then(act, act);
    last = turn;
    return turn;
  };
  return {
    version: begun.capabilities.browserVersion,
    async open() {
      const { handle } = await inTurn(async () => {
        await ask(base, "POST", `${session}/window`, { handle: first });
        return ask<{ readonly handle: string }>(base, "POST", `${session}/window/new`, { type: "window" });
      });
      const command = <T>(method: string, path: string, body?: object): Promise<T> =>
        inTurn(async () => {
          await ask(base, "POST", `${session}/window`, { handle });
          return ask<T>(base, method, `${session}${path}`, body);
        });
      return {
        command,
        async evaluate<T>(expression: string): Promise<T> {
          const [value, error] = await command<[T, string?]>("POST", "/execute/async", {
            script: wrapped(expression),
            args: [],
          });
          if (error !== undefined) throw new WebDriverError("javascript error", error);
          return value;
        },
      };
    },
    end: () => ask<void>(base, "DELETE", session),
  };
}
