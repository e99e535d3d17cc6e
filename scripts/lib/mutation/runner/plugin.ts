/**
 * The test runner that `pnpm mutation` gives to StrykerJS, in a process that Stryker starts. Law: a test that fails here fails under
 * Vitest too: the same bodies, the same `expect`; what is left out is a worker and a module graph for each of thousands of mutants.
 *
 * Tests in virtual time wait for nothing outside the process. One whose promise is still open while the event loop has nothing to
 * do would wait for ever: it has failed, and no time-out has to find that out. Loops without an end are left to Stryker's.
 */
import { performance } from "node:perf_hooks";
import { expect } from "vitest";
import { isMutated, type Mutated } from "../parts.js";
import { bundled, testFiles, type World } from "./bundle.js";
import { type Collected, collector } from "./collect.js";

/** What the instrumented sources and Stryker share, under a name of Stryker's. */
interface Shared {
  activeMutant?: string | undefined;
  currentTestId?: string | undefined;
  mutantCoverage?: unknown;
  hitCount?: number | undefined;
  hitLimit?: number | undefined;
}

interface TestResult {
  readonly id: string;
  readonly name: string;
  readonly fileName: string;
  readonly timeSpentMs: number;
  readonly status: 0 | 1;
  readonly failureMessage?: string;
}

/** The parts of Stryker's options for a mutant that are read here. */
interface MutantRun {
  readonly testFilter?: readonly string[];
  readonly hitLimit?: number;
  readonly activeMutant: { readonly id: string };
  readonly mutantActivation: "runtime" | "static";
}

/** Idle time of the event loop, in ms, after which a promise that is open is taken for lost. */
const lostMs = 250;

const home = globalThis as { __stryker__?: Shared };
home.__stryker__ ??= {};
const shared: Shared = home.__stryker__;

/** What was rejected and unheard in the test under way. */
let stray: unknown;
const strayed = (reason: unknown): void => {
  stray ??= reason ?? new Error("an unhandled rejection");
};

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Rejects when nothing more can come. */
function lost(): { readonly never: Promise<never>; stop(): void } {
  const began = performance.eventLoopUtilization();
  let timer: NodeJS.Timeout | undefined;
  const never = new Promise<never>((_, reject) => {
    timer = setInterval(() => {
      if (performance.eventLoopUtilization(began).idle > lostMs)
        reject(new Error("a promise that nothing will settle"));
    }, lostMs / 5);
  });
  return { never, stop: () => clearInterval(timer) };
}

const fileOf = (id: string): string => id.slice(0, id.indexOf("#"));

const words = (error: unknown): string => (error instanceof Error ? `${error.name}: ${error.message}` : String(error));

/** Runs one test; answers what failed. */
async function failureOf({ body }: Collected): Promise<string | undefined> {
  stray = undefined;
  try {
    const result = body();
    if (result instanceof Promise) {
      const { never, stop } = lost();
      await Promise.race([result, never]).finally(stop);
    }
    // What is rejected and unheard is told in this turn, and belongs to this test.
    await turn();
    if (stray !== undefined) return `unhandled: ${words(stray)}`;
    return undefined;
  } catch (error) {
    await turn();
    return words(error) || "failed";
  }
}

export class Runner {
  readonly #tree: string;
  readonly #part: Mutated;
  /** What a test took and how many mutants it noticed: the quick and the sharp ones go first. */
  readonly #known = new Map<string, { ms: number; killed: number }>();
  #files: readonly string[] = [];
  #all: readonly string[] = [];
  #evaluate: ((api: object) => World) | undefined;

  constructor(tree: string, part: Mutated) {
    this.#tree = tree;
    this.#part = part;
  }

  capabilities(): object {
    return { reloadEnvironment: true };
  }

  async init(): Promise<void> {
    process.on("unhandledRejection", strayed);
    this.#files = testFiles(this.#tree, this.#part);
    this.#evaluate = await bundled(this.#tree, this.#files, this.#part);
    this.#all = this.#files.flatMap(this.#world().of).map(({ id }) => id);
    if (this.#all.length === 0) throw new Error(`no test of ${this.#part} takes part`);
  }

  /** A fresh evaluation: `of` answers a file's tests, which are loaded when they are asked for; `close` is for what comes after them. */
  #world(): { readonly of: (file: string) => readonly Collected[]; readonly close: () => Promise<void> } {
    const { api, collect, close } = collector();
    const world = this.#evaluate?.({ ...api, expect });
    const loaded = new Map<string, readonly Collected[]>();
    const of = (file: string): readonly Collected[] => {
      const tests = loaded.get(file) ?? collect(file, world?.[file] ?? (() => {}));
      loaded.set(file, tests);
      return tests;
    };
    return { of, close };
  }

  async #run(test: Collected): Promise<TestResult> {
    const began = performance.now();
    const failure = await failureOf(test);
    (await import("node:fs")).appendFileSync(
      "/tmp/cc-notes/mc/slow.txt",
      `${shared.activeMutant} ${(performance.now() - began).toFixed(0)} ${shared.hitCount}/${shared.hitLimit} ${test.id} ${failure}\n`,
    );
    const timeSpentMs = performance.now() - began;
    const known = this.#known.get(test.id) ?? { ms: timeSpentMs, killed: 0 };
    if (failure === undefined) known.ms = timeSpentMs;
    else known.killed += 1;
    this.#known.set(test.id, known);
    const { id, name, file: fileName } = test;
    return failure === undefined
      ? { id, name, fileName, timeSpentMs, status: 0 }
      : { id, name, fileName, timeSpentMs, status: 1, failureMessage: failure };
  }

  async dryRun(): Promise<object> {
    Object.assign(shared, {
      activeMutant: undefined,
      mutantCoverage: undefined,
      currentTestId: undefined,
      hitCount: undefined,
    });
    const { of, close } = this.#world();
    const tests: TestResult[] = [];
    for (const test of this.#files.flatMap(of)) {
      shared.currentTestId = test.id;
      tests.push(await this.#run(test));
      shared.currentTestId = undefined;
    }
    await close();
    return { status: "complete", tests, mutantCoverage: shared.mutantCoverage ?? { static: {}, perTest: {} } };
  }

  async mutantRun({ testFilter, hitLimit, activeMutant, mutantActivation }: MutantRun): Promise<object> {
    Object.assign(shared, { activeMutant: undefined, currentTestId: undefined, hitCount: 0, hitLimit });
    const ids = testFilter ?? this.#all;
    let run = 0;
    try {
      const { of, close } = this.#world();
      for (const wanted of ids.toSorted((a, b) => this.#worth(b) - this.#worth(a))) {
        // While files load it is on only where loading is what it changes.
        shared.activeMutant = mutantActivation === "static" ? activeMutant.id : undefined;
        const test = of(fileOf(wanted)).find((one) => one.id === wanted);
        if (!test) continue;
        shared.activeMutant = activeMutant.id;
        run += 1;
        const { status, id, failureMessage } = await this.#run(test);
        if ((shared.hitCount ?? 0) > (hitLimit ?? Number.POSITIVE_INFINITY))
          return { status: "timeout", reason: `more than ${hitLimit} times through the mutant` };
        if (status === 1) return { status: "killed", killedBy: [id], failureMessage, nrOfTests: run };
      }
      await close();
      return { status: "survived", nrOfTests: run };
    } catch (error) {
      // Not in a test: with this mutant the sources do not even load, or what was opened cannot be closed.
      return {
        status: "killed",
        killedBy: ids.slice(0, 1),
        failureMessage: words(error),
        nrOfTests: run,
      };
    } finally {
      shared.activeMutant = undefined;
    }
  }

  #worth(id: string): number {
    const { ms, killed } = this.#known.get(id) ?? { ms: 0, killed: 0 };
    return (killed + 0.5) / (ms + 5);
  }

  async dispose(): Promise<void> {
    process.off("unhandledRejection", strayed);
  }
}

function start(): Runner {
  const part = process.env["CC_MUTATION"];
  if (!isMutated(part)) throw new Error(`CC_MUTATION is ${part}, not a package that is mutated`);
  // Nobody reads the stack of an error that a mutant caused.
  Error.stackTraceLimit = 2;
  return new Runner(process.cwd(), part);
}

const factory = Object.assign(start, { inject: [] as const });

/** What Stryker looks for in a plugin. */
export const strykerPlugins: readonly object[] = [{ kind: "TestRunner", name: "plain", factory }];
