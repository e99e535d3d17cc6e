/** Runs in a browser, and reports here by name, what a page has registered with the page runner. */
import { fileURLToPath } from "node:url";
import { afterAll, it } from "vitest";
import { bundle } from "./bundle.js";
import type { Engine, EngineTab } from "./engine.js";
import type { Outcome } from "./page-runner.js";
import { type Commands, type Site, serveSite } from "./site.js";
import { unable } from "./unable.js";

const runner = fileURLToPath(new URL("./page-runner.ts", import.meta.url));

export interface PageSuiteOptions {
  /** The text of the page's module; paths are from tests/. */
  readonly source: string;
  /** What `inject` answers in the page. */
  readonly provided: Readonly<Record<string, unknown>>;
  /** Why a test cannot run here, by its full name; nothing where it can. */
  readonly cannot: (name: string) => string | undefined;
}

/** Takes the page offline after 50 ms, when the answer that says so is through, and back when that has been so for `ms`. */
function commandsOf(engine: Engine, tab: EngineTab): Commands {
  let noticed = (): void => {};
  return {
    async offlineFor(ms: number) {
      if (engine.cannotOffline !== undefined) throw new Error(engine.cannotOffline);
      const seen = new Promise<void>((resolve) => {
        noticed = resolve;
      });
      const comeBack = async (): Promise<void> => {
        // WebKitGTK waits two seconds for the network to settle before it says anything; what is over by then it never says.
        if (engine.reachableOffline) await seen;
        setTimeout(() => void tab.offline(false), ms);
      };
      setTimeout(() => void tab.offline(true).then(comeBack), 50);
    },
    async noticed() {
      noticed();
    },
  };
}

/** Registers them one by one; to be awaited at the top of a test file. */
export async function pageSuite(engine: Engine, options: PageSuiteOptions): Promise<void> {
  const { source, provided, cannot } = options;
  const tab = await engine.open();
  const text = await bundle(source, {
    development: true,
    instead: { vitest: runner, "vitest/browser": runner },
  });
  const site: Site = await serveSite(
    {
      "/": '<!doctype html><title>suite</title><body><script type="module" src="/suite.js"></script>',
      "/suite.js": text,
    },
    commandsOf(engine, tab),
  );
  afterAll(async () => {
    await tab.close();
    await site.close();
  });
  await tab.goto(`${site.url}/?provided=${encodeURIComponent(JSON.stringify(provided))}`);
  const call = <T>(name: string, ...args: readonly unknown[]): Promise<T> =>
    tab.run<T>(`suite.${name}(${args.map((arg) => JSON.stringify(arg)).join()})`);
  const accept = ({ error }: Outcome): void => {
    if (error !== undefined) throw new Error(error);
  };
  for (const [n, name] of (await call<readonly string[]>("names")).entries()) {
    const reason = cannot(name);
    if (reason !== undefined) unable(name, reason);
    else
      it(name, async () => {
        accept(await call<Outcome>("run", n));
      });
  }
  afterAll(async () => accept(await call<Outcome>("finish")));
}
