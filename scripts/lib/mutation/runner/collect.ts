/**
 * `describe`, `it`, `test` and the hooks around them for one evaluation of the tests. Law: only what the tests that take part use of Vitest's; anything
 * else is `undefined` and raises where it is called, so nothing is left out in silence.
 */
import { format } from "node:util";

export interface Collected {
  /** `path#name`, unique. */
  readonly id: string;
  readonly name: string;
  readonly file: string;
  readonly body: () => unknown;
}

type Body = (...args: never[]) => unknown;

/** As in Vitest: `%s` and its like by position, `$name` by key of the first argument. */
const named = (name: string, args: readonly unknown[]): string => {
  const count = name.split("%").length - 1 - 2 * (name.split("%%").length - 1);
  const [first] = args;
  const printed = format(name, ...args.slice(0, count));
  return typeof first === "object" && first !== null
    ? printed.replace(/\$(\w+)/g, (text, key: string) =>
        key in first ? format("%s", (first as Record<string, unknown>)[key]) : text,
      )
    : printed;
};

type Each = (cases: readonly unknown[]) => (name: string, body: Body, options?: unknown) => void;
type Declare = ((name: string, a: unknown, b?: unknown) => void) & { readonly each: Each };

type Hook = (fn: () => unknown) => void;

interface Api {
  readonly describe: Declare;
  readonly it: Declare;
  readonly test: Declare;
  readonly beforeEach: Hook;
  readonly afterEach: Hook;
  readonly beforeAll: Hook;
  readonly afterAll: Hook;
}

/** A `describe` under way, or a file. */
interface Suite {
  readonly names: readonly string[];
  readonly before: (() => unknown)[];
  readonly after: (() => unknown)[];
}

const once = (fn: () => unknown): (() => unknown) => {
  let result: { readonly value: unknown } | undefined;
  return () => {
    result ??= { value: fn() };
    return result.value;
  };
};

/**
 * The words that tests are declared with, `collect`, which answers what a file declares with them, and `close`, which runs what
 * stands in `afterAll`: the tests of several suites may be run in any order, so it comes after all of them.
 */
export function collector(): {
  readonly api: Api;
  collect(file: string, load: () => void): readonly Collected[];
  close(): Promise<void>;
} {
  const fresh = (): Suite => ({ names: [], before: [], after: [] });
  let suite = fresh();
  let file = "";
  let tests: Collected[] = [];
  const closing: (() => unknown)[] = [];

  const bodyOf = (name: string, a: unknown, b: unknown): Body => {
    const body = [a, b].find((part) => typeof part === "function");
    if (!body) throw new Error(`${file}: ${name} has no body`);
    return body as Body;
  };
  const declaring = (declare: (name: string, body: () => unknown) => void): Declare =>
    Object.assign((name: string, a: unknown, b?: unknown) => declare(name, bodyOf(name, a, b) as () => unknown), {
      each: ((cases) => (name, a, b) => {
        const body = bodyOf(name, a, b);
        // As in Vitest: a list is a row of arguments only where every case is one.
        const rows = cases.every(Array.isArray);
        for (const item of cases) {
          const args = rows ? (item as readonly unknown[]) : [item];
          declare(named(name, args), () => body(...(args as never[])));
        }
      }) satisfies Each,
    });
  const it = declaring((name, body) => {
    const whole = [...suite.names, name].join(" ");
    const same = tests.filter((test) => test.name === whole).length;
    const { before, after } = suite;
    const hooked = async (): Promise<void> => {
      for (const fn of before) await fn();
      try {
        await body();
      } finally {
        for (const fn of after.toReversed()) await fn();
      }
    };
    tests.push({ id: `${file}#${whole}${same > 0 ? ` (${same + 1})` : ""}`, name: whole, file, body: hooked });
  });
  const describe = declaring((name, body) => {
    const outer = suite;
    suite = { names: [...outer.names, name], before: [...outer.before], after: [...outer.after] };
    body();
    suite = outer;
  });
  return {
    api: {
      describe,
      it,
      test: it,
      beforeEach: (fn) => void suite.before.push(fn),
      afterEach: (fn) => void suite.after.push(fn),
      beforeAll: (fn) => void suite.before.push(once(fn)),
      afterAll: (fn) => void closing.push(fn),
    },
    collect(of, load) {
      file = of;
      suite = fresh();
      tests = [];
      load();
      return tests;
    },
    async close() {
      for (const fn of closing.toReversed()) await fn();
    },
  };
}
