/**
 * What a test file needs of `vitest` and `vitest/browser`, in a plain page: bundled in their place, it lets the very files of the
 * browser suite run in a browser that the runner's own driver does not know.
 *
 * Law: a file registers its tests as it does there; none runs before it is asked for, one at a time, and in the order in which
 * they were registered the hooks run as Vitest runs them. `expect` is Vitest's own. What is not here is not pretended: a bundle that
 * needs more of Vitest does not build.
 */
import {
  ASYMMETRIC_MATCHERS_OBJECT,
  chai,
  type ExpectStatic,
  JestAsymmetricMatchers,
  JestChaiExpect,
  JestExtend,
  setState,
} from "@vitest/expect";

type Act = () => unknown;

interface Suite {
  readonly name: string;
  readonly parent: Suite | undefined;
  readonly beforeAll: Act[];
  readonly afterAll: Act[];
  readonly beforeEach: Act[];
  readonly afterEach: Act[];
}

interface Case {
  readonly name: string;
  readonly suite: Suite;
  readonly body: Act;
}

/** What became of one test. */
export interface Outcome {
  /** Nothing: it passed. Else what was thrown, with its stack where the browser has one. */
  readonly error?: string;
}

/** `globalThis.suite` of a page with tests. */
export interface PageSuite {
  /** Full names, in order. */
  names(): readonly string[];
  /** Runs the one at this place among them; never rejects. */
  run(n: number): Promise<Outcome>;
  /** Runs the hooks that close what is open. */
  finish(): Promise<Outcome>;
}

const CASE_MS = 20_000;

const suiteOf = (name: string, parent?: Suite): Suite => ({
  name,
  parent,
  beforeAll: [],
  afterAll: [],
  beforeEach: [],
  afterEach: [],
});

const file = suiteOf("");
const cases: Case[] = [];
/** Where registration stands. */
let current = file;
/** Suites whose `beforeAll` have run and whose `afterAll` have not, outermost first. */
let entered: readonly Suite[] = [];
let finishers: Act[] = [];

const pathTo = (suite: Suite): readonly Suite[] => (suite.parent ? [...pathTo(suite.parent), suite] : [suite]);
const nameOf = (suite: Suite, name: string): string =>
  [...pathTo(suite).map((one) => one.name), name].filter((part) => part !== "").join(" > ");

export const describe = (name: string, body: () => void): void => {
  const outer = current;
  current = suiteOf(name, outer);
  try {
    body();
  } finally {
    current = outer;
  }
};
export const it = (name: string, body: Act): void => {
  cases.push({ name: nameOf(current, name), suite: current, body });
};
export const beforeAll = (act: Act): void => void current.beforeAll.push(act);
export const afterAll = (act: Act): void => void current.afterAll.push(act);
export const beforeEach = (act: Act): void => void current.beforeEach.push(act);
export const afterEach = (act: Act): void => void current.afterEach.push(act);
export const onTestFinished = (act: Act): void => void finishers.push(act);

chai.use(JestExtend);
chai.use(JestChaiExpect);
chai.use(JestAsymmetricMatchers);

const matchers = (globalThis as unknown as Record<symbol, object>)[ASYMMETRIC_MATCHERS_OBJECT];
export const expect: ExpectStatic = Object.assign(
  ((value: unknown, message?: string) => chai.expect(value, message)) as unknown as ExpectStatic,
  chai.expect,
  matchers,
  { poll: pollOf },
);
setState({ assertionCalls: 0, isExpectingAssertions: false, isExpectingAssertionsError: null }, expect);

/** `expect.poll`: the matcher that is called on it is tried until it holds. */
function pollOf(look: Act, { timeout = 1000, interval = 50 } = {}): unknown {
  return new Proxy(
    {},
    {
      get:
        (_, matcher) =>
        async (...args: readonly unknown[]) => {
          for (const end = performance.now() + timeout; ; ) {
            try {
              const assertion = expect(await look()) as unknown as Record<
                string | symbol,
                (...all: unknown[]) => unknown
              >;
              await assertion[matcher]?.(...args);
              return;
            } catch (error) {
              if (performance.now() > end) throw error;
            }
            await new Promise((resolve) => setTimeout(resolve, interval));
          }
        },
    },
  );
}

/** What the Node side put into the page's address. */
export const inject = (key: string): unknown =>
  JSON.parse(new URLSearchParams(location.search).get("provided") ?? "{}")[key];

/** `vitest/browser`: asks the Node side by way of the page's own server, which answers when it has begun. */
export const commands: Readonly<Record<string, (...args: readonly unknown[]) => Promise<void>>> = new Proxy(
  {},
  {
    get:
      (_, name) =>
      async (...args: readonly unknown[]) => {
        const response = await fetch(`/command/${String(name)}?args=${encodeURIComponent(JSON.stringify(args))}`);
        if (!response.ok) throw new Error(await response.text());
      },
  },
);

const told = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  // Some engines' stacks begin with the message, others have it not at all.
  return error.stack?.includes(error.message) ? error.stack : `${error.name}: ${error.message}\n${error.stack ?? ""}`;
};

/** Runs them all, even after one has thrown, and hands back the first that was thrown. */
async function all(acts: readonly Act[]): Promise<{ readonly thrown: unknown } | undefined> {
  let first: { readonly thrown: unknown } | undefined;
  for (const act of acts) {
    try {
      await act();
    } catch (thrown) {
      first ??= { thrown };
    }
  }
  return first;
}

async function move(to: readonly Suite[]): Promise<void> {
  const leave = entered.filter((suite) => !to.includes(suite)).reverse();
  entered = entered.filter((suite) => to.includes(suite));
  const failed = await all(leave.flatMap(({ afterAll: hooks }) => [...hooks].reverse()));
  if (failed) throw failed.thrown;
  for (const suite of to) {
    if (entered.includes(suite)) continue;
    // Before its hooks: what one of them has opened is closed though the next one throws.
    entered = [...entered, suite];
    for (const hook of suite.beforeAll) await hook();
  }
}

async function within(what: string, work: Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${CASE_MS} ms: ${what}`)), CASE_MS);
  });
  await Promise.race([work, late]).finally(() => clearTimeout(timer));
}

async function outcome(work: () => Promise<void>): Promise<Outcome> {
  try {
    await work();
    return {};
  } catch (error) {
    return { error: told(error) };
  }
}

/** Errors of nobody: they fail the test that runs. */
const uncaught: unknown[] = [];
globalThis.addEventListener("error", (event) => uncaught.push(event.error ?? event.message));
globalThis.addEventListener("unhandledrejection", (event) => uncaught.push(event.reason));
// Where the page can still be heard.
globalThis.addEventListener("offline", () => void commands["noticed"]?.().catch(() => {}));

const suite: PageSuite = {
  names: () => cases.map(({ name }) => name),
  run: (n) =>
    outcome(async () => {
      const found = cases[n];
      if (found === undefined) throw new Error(`no test ${n}`);
      const path = pathTo(found.suite);
      finishers = [];
      uncaught.length = 0;
      await move(path);
      const failed = await all([
        () =>
          within(
            found.name,
            (async () => {
              for (const each of path.flatMap((one) => one.beforeEach)) await each();
              await found.body();
            })(),
          ),
        ...path.flatMap((one) => one.afterEach).reverse(),
        async () => {
          const late = await all([...finishers].reverse());
          if (late) throw late.thrown;
        },
      ]);
      if (failed) throw failed.thrown;
      if (uncaught.length > 0) throw uncaught[0];
    }),
  finish: () => outcome(() => move([])),
};
Object.assign(globalThis, { suite });
