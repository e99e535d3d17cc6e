/**
 * The storm: hostile links by the ten thousand against one live gateway, and a canary among them.
 *
 * Law: a fault is told with the number that repeats it. What the gateway holds is measured when every hostile link is gone, after a third of
 * the frames and at the end, so that what it holds by then is either kept for ever or kept for nobody.
 */
import { createRandom } from "@cc/testkit";
import { type Canary, startCanary } from "./canary.js";
import { type GatewayProcess, startGatewayProcess } from "./gatewayProcess.js";
import { evilUid, gatewayKeys } from "./gatewayTalk.js";
import { nobody, runScript } from "./hostile.js";
import { behind, type Script, type ScriptFacts, type Step, scriptOf } from "./script.js";

export interface StormOptions {
  readonly seed: number;
  /** Frames to be sent at least. */
  readonly frames: number;
  /** Runs this script alone. */
  readonly script?: number | undefined;
  readonly say: (line: string) => void;
  /** Ends early, with what was done until then, at this time of `performance.now()`. */
  readonly until?: number | undefined;
}

export interface StormResult {
  readonly frames: number;
  readonly links: number;
  readonly seconds: number;
  /** How often links ended with which code; 0: we went ourselves. */
  readonly codes: Readonly<Record<string, number>>;
  readonly heapGrowth: number;
  readonly rssGrowth: number;
  readonly canary: { readonly sent: number; readonly received: number };
  readonly faults: readonly string[];
}

/** Hostile users, and links at a time. */
const evil = 24;
/** A fault or a few tell all; the rest would be the same. */
const enough = 5;
/** Bytes that one hostile link may leave behind on average, and what a heap moves by itself between two collections. */
const bytesPerLink = 24;
const slackBytes = 1_500_000;
const leftMs = 15_000;

const limits = { frameBytes: 131_072, eventBytes: 65_536 };

const framesIn = ({ before, live }: Script): number =>
  [...before, ...live].reduce((sum, { frames }) => sum + frames, 0);

/** Keeps of a failing script what it needs to fail. */
async function shrunk(script: Script, fails: (smaller: Script) => Promise<boolean>): Promise<Script> {
  let least = script;
  for (const part of ["live", "before"] as const) {
    for (let size = Math.ceil(least[part].length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
      for (let at = 0; at < least[part].length; ) {
        const steps = [...least[part].slice(0, at), ...least[part].slice(at + size)];
        const isOver = steps.some(({ verdict }) => verdict.is === "ends");
        // Without the end that it stands behind it would be heard, and rightly.
        const kept = isOver ? steps : steps.filter(({ what }) => what !== behind);
        const smaller: Script = { ...least, asked: new Map(), [part]: kept };
        if (smaller[part].length < least[part].length && (await fails(smaller))) least = smaller;
        else at += size;
      }
    }
  }
  return least;
}

const told = ({ before, live }: Script): string => {
  const line = ({ what, verdict }: Step): string =>
    `      ${what}  →  ${verdict.is}${verdict.is === "stays" ? "" : ` ${verdict.codes.join(", ")}`}`;
  return ["    before the welcome:", ...before.map(line), "    after it:", ...live.map(line)].join("\n");
};

async function settled(gateway: GatewayProcess, linked: number): Promise<string | undefined> {
  const late = performance.now() + leftMs;
  for (;;) {
    const stats = await gateway.stats();
    if (stats.faults.length > 0) return stats.faults.join("\n");
    if (stats.connections === linked && stats.linked === linked) return undefined;
    if (performance.now() > late)
      return `${stats.connections} connections and ${stats.linked} links are left, not ${linked}`;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export async function runStorm(options: StormOptions): Promise<StormResult> {
  const { seed, say, until = Number.POSITIVE_INFINITY } = options;
  const began = performance.now();
  const gateway = await startGatewayProcess(evil);
  const { host, port, url } = gateway.ready;
  const tokens = new Map(gateway.ready.tokens);
  const owners = new Map(gateway.ready.tokens.map(([uid, token]) => [token, uid]));
  const faults: string[] = [];
  const codes: Record<string, number> = {};
  let canary: Canary | undefined;
  let frames = 0;
  let links = 0;
  let next = 0;

  const factsOf = (index: number): ScriptFacts => {
    const place = createRandom(seed ^ index).int(evil);
    const other = (place + 1) % evil;
    return {
      ...limits,
      app: gatewayKeys.appId,
      tokens: owners,
      uid: evilUid(place),
      token: tokens.get(evilUid(place)) ?? "",
      otherUid: evilUid(other),
      otherToken: tokens.get(evilUid(other)) ?? "",
    };
  };

  const tell = async (script: Script, uid: string, fault: string): Promise<void> => {
    const again = await runScript(script, { host, port, uid });
    const least =
      again.fault === undefined || fault.includes(nobody)
        ? script
        : await shrunk(
            script,
            async (smaller) =>
              (await runScript(smaller, { host, port, uid })).fault?.slice(0, 20) === again.fault?.slice(0, 20),
          );
    faults.push(
      [
        `script ${script.index}: ${fault}`,
        `    repeat: pnpm fuzz --only gateway --seed ${seed} --script ${script.index}`,
        again.fault === undefined
          ? "    alone it does not fail: it needs what ran beside it"
          : `    shrunk to, and then: ${again.fault.slice(0, 200)}`,
        told(least),
      ].join("\n"),
    );
  };

  const worker = async (most: () => boolean): Promise<void> => {
    while (most() && faults.length < enough && gateway.died() === undefined && performance.now() < until) {
      const index = options.script ?? next;
      next += 1;
      const facts = factsOf(index);
      const script = scriptOf(seed, index, facts);
      frames += framesIn(script);
      links += 1;
      const { fault, code } = await runScript(script, { host, port, uid: facts.uid });
      codes[code] = (codes[code] ?? 0) + 1;
      if (fault !== undefined) await tell(script, facts.uid, fault);
    }
  };
  const round = async (upTo: number): Promise<void> => {
    await Promise.all(
      Array.from({ length: options.script === undefined ? evil : 1 }, () => worker(() => frames < upTo)),
    );
    const wrong = gateway.died() ?? (await settled(gateway, canary?.links ?? 0));
    if (wrong !== undefined) faults.push(wrong);
  };

  let heapGrowth = 0;
  let rssGrowth = 0;
  try {
    canary = await startCanary(url, (uid) => tokens.get(uid) ?? "");
    if (options.script !== undefined) await round(1);
    else {
      await round(options.frames / 3);
      if (faults.length === 0) {
        const early = await gateway.memory();
        const linksThen = links;
        say(`  a third: ${frames} frames, ${links} links, heap ${mb(early.heapUsed)}, RSS ${mb(early.rss)}`);
        await round(options.frames);
        if (faults.length === 0) {
          const late = await gateway.memory();
          say(`  the end: ${frames} frames, ${links} links, heap ${mb(late.heapUsed)}, RSS ${mb(late.rss)}`);
          heapGrowth = late.heapUsed + late.external - early.heapUsed - early.external;
          rssGrowth = late.rss - early.rss;
          const bound = slackBytes + bytesPerLink * (links - linksThen);
          if (heapGrowth > bound)
            faults.push(
              `the heap grew by ${mb(heapGrowth)} over ${links - linksThen} hostile links, and ${mb(bound)} is the bound`,
            );
        }
      }
    }
    if (gateway.died() === undefined) {
      faults.push(...(await canary.finish()));
      const after = await startCanary(url, (uid) => tokens.get(uid) ?? "");
      faults.push(...(await after.finish()).map((fault) => `after the storm: ${fault}`));
      const wrong = await settled(gateway, 0);
      if (wrong !== undefined) faults.push(wrong);
    }
  } catch (error) {
    faults.push(gateway.died() ?? (error instanceof Error ? (error.stack ?? error.message) : String(error)));
  } finally {
    await canary?.dispose();
    await gateway.close();
  }
  const { sent = 0, received = 0 } = canary ?? {};
  return {
    frames,
    links,
    seconds: (performance.now() - began) / 1000,
    codes,
    heapGrowth,
    rssGrowth,
    canary: { sent, received },
    faults,
  };
}

const mb = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
