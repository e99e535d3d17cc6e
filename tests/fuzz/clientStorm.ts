/**
 * The client of `@cc/sdk` against servers that say anything, over scripted links and virtual time.
 *
 * Law: what the client must do with a message is the oracle's to say (docs/protocol.md); what it may never do is said here: throw, reject
 * unheard, spin, wait for nothing, say what is malformed itself, or move a position by what no server may say.
 */
import type { LinkClose, LinkHandlers, OpenLink } from "@cc/core";
import { type AppEvent, type AuthApi, type Client, cc1, createClient } from "@cc/sdk/portable";
import {
  createRandom,
  createScriptedLifecycle,
  createScriptedStorage,
  createVirtualClock,
  type Random,
  type VirtualClock,
} from "@cc/testkit";
import { createClientOracle, isHello } from "./clientOracle.js";
import { createServerOracle, type ServerOracle } from "./serverOracle.js";
import { nextMessage } from "./serverScript.js";
import { framesIn, type Verdict } from "./verdict.js";

export interface ClientStormOptions {
  readonly seed: number;
  readonly frames: number;
  /** Runs this life alone. */
  readonly script?: number | undefined;
  readonly say: (line: string) => void;
  readonly until?: number | undefined;
}

export interface ClientStormResult {
  readonly frames: number;
  readonly lives: number;
  readonly links: number;
  readonly seconds: number;
  /** How often the client ended a link with 4400. */
  readonly malformed: number;
  /** How often it went on by itself after a hostile link, and a good server served it. */
  readonly recovered: number;
  readonly heapGrowth: number;
  readonly faults: readonly string[];
}

const enough = 5;
/** Timers within one stretch of virtual time that no honest client sets. */
const spinning = 3_000;
const linksPerLife = 6;
const bytesPerLife = 24;
const slackBytes = 1_500_000;

/** The far end of one attempt. */
interface Far {
  readonly handlers: LinkHandlers;
  readonly sent: string[];
  closedWith: number | undefined;
}

interface Rig {
  readonly clock: VirtualClock;
  readonly client: Client;
  readonly attempts: Far[];
  readonly events: unknown[];
  /** What went wrong behind everybody's back. */
  readonly faults: string[];
  /** Lets virtual time pass until `done`, at most so long. */
  pass(ms: number, done: () => boolean): Promise<void>;
  readonly ids: string[];
}

function createRig(random: Random): Rig {
  const clock = createVirtualClock();
  const attempts: Far[] = [];
  const events: unknown[] = [];
  const faults: string[] = [];
  const ids: string[] = [];
  let timers = 0;
  const guarded = {
    ...clock,
    now: clock.now,
    after(ms: number, fn: () => void, hold?: boolean) {
      timers += 1;
      if (timers > spinning) {
        if (timers === spinning + 1) faults.push(`the client spins: ${spinning} timers in one stretch`);
        return () => {};
      }
      return clock.after(ms, fn, hold);
    },
    later(fn: () => void) {
      guarded.after(0, fn);
    },
  };
  const openLink: OpenLink = (_url, _options, handlers) => {
    const far: Far = { handlers, sent: [], closedWith: undefined };
    attempts.push(far);
    return {
      send: (data) => void far.sent.push(String(data)),
      close: (code) => {
        far.closedWith ??= code ?? 1005;
      },
      bufferedAmount: 0,
    };
  };
  let tokens = 0;
  const session = () => {
    tokens += 1;
    return { user: { uid: "ann" }, token: `token-${tokens}`, expiresInMs: null };
  };
  const auth: AuthApi = {
    login: async () => session(),
    me: async () => session(),
    refresh: async () => session(),
    revoke: async () => {},
  };
  const client = createClient({
    url: "https://gateway.test",
    clock: guarded,
    random,
    openLink,
    lifecycle: createScriptedLifecycle(),
    storage: createScriptedStorage({ clock }),
    tabStorage: createScriptedStorage({ clock }),
    auth,
    protocol: cc1(),
    onListenerError: (error) => void faults.push(`thrown into a listener's place: ${String(error)}`),
  });
  client.on("*", (event: AppEvent) => {
    events.push(event.data);
    if (event.class !== "durable") return;
    const { epoch = "", positions = [] } = event.position ?? {};
    if (epoch === "" || !positions.every((n) => Number.isSafeInteger(n) && n >= 0))
      faults.push(`an event at ${JSON.stringify(event.position)}`);
  });
  return {
    clock,
    client,
    attempts,
    events,
    faults,
    ids,
    async pass(ms, done) {
      timers = 0;
      const until = clock.now() + ms;
      await clock.advanceAsync(0);
      while (!done() && timers <= spinning) {
        const { next } = clock;
        if (next === undefined || next > until) break;
        await clock.advanceAsync(Math.max(0, next - clock.now()));
      }
    },
  };
}

const numbersOf = (value: unknown): readonly number[] =>
  typeof value === "number"
    ? [value]
    : typeof value === "object" && value !== null
      ? Object.values(value).flatMap(numbersOf)
      : [];

/** Everything in a snapshot is a time or a word, and no time is beyond all numbers. */
function snapshotFault({ client }: Rig): string | undefined {
  const { error: _error, ...snapshot } = client.snapshot();
  return numbersOf(snapshot).every((n) => Number.isFinite(n))
    ? undefined
    : `the snapshot says ${JSON.stringify(snapshot, (_key, value) => (typeof value === "number" ? String(value) : value))}`;
}

const tokensAreGood = { get: () => "ann" } as unknown as ReadonlyMap<string, string>;

/** Everything that the client said on a link, judged as a server must. */
function saidFault({ sent }: Far): string | undefined {
  const oracle = createClientOracle({ app: "demo", frameBytes: 131_072, tokens: tokensAreGood });
  for (const text of sent) {
    const verdict = oracle.message(text, Buffer.byteLength(text));
    if (oracle.stage === "afterHello") oracle.welcomed();
    if (verdict.is === "ends" && !verdict.codes.includes(1000))
      return `the client said what is malformed: ${text.slice(0, 300)}`;
  }
  return undefined;
}

const closedAsSaid = (far: Far, verdict: Verdict): boolean =>
  verdict.is === "stays"
    ? far.closedWith === undefined
    : verdict.codes.includes(4400)
      ? far.closedWith === 4400
      : far.closedWith !== undefined;

const good = (oracle: ServerOracle): string =>
  JSON.stringify({
    t: "welcome",
    session: "good",
    user: "ann",
    recovery: oracle.epoch === undefined ? "new" : "gap",
    epoch: "good",
    positions: [5],
    heartbeatMs: 10_000,
    reconnectSpreadMs: 100,
    limits: {
      window: 16,
      windowBytes: 327_680,
      batchBytes: 16_384,
      eventBytes: 65_536,
      frameBytes: 131_072,
      frameRate: 500,
      dedupMs: 120_000,
    },
    throttled: [],
  });

interface LifeResult {
  readonly frames: number;
  readonly links: number;
  readonly malformed: number;
  readonly recovered: boolean;
  readonly fault: string | undefined;
  readonly transcript: readonly string[];
}

/** Events as text; what is nested deeper than this process can write is told by how much there is. */
function told(events: readonly unknown[]): string {
  return `[${events
    .map((data) => {
      try {
        return JSON.stringify(data);
      } catch {
        return "too deep";
      }
    })
    .join()}]`;
}

/** What a hello must bring. */
function helloFault(far: Far, { epoch, received }: ServerOracle): string | undefined {
  const [hello] = framesIn(far.sent[0] ?? "") ?? [];
  if (hello === undefined || !isHello(hello)) return `it began with ${far.sent[0]?.slice(0, 300)}`;
  const { resume } = hello as { readonly resume?: unknown };
  const wanted = epoch === undefined ? undefined : { epoch, positions: received };
  return JSON.stringify(resume) === JSON.stringify(wanted)
    ? undefined
    : `it resumed from ${JSON.stringify(resume)}, not from ${JSON.stringify(wanted)}`;
}

export async function runLife(seed: number, index: number): Promise<LifeResult> {
  const random = createRandom((Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0xc2b2ae35)) | 0);
  const rig = createRig(random.fork());
  const { client, attempts } = rig;
  const transcript: string[] = [];
  const said: string[] = [];
  let fault: string | undefined;
  let frames = 0;
  let malformed = 0;
  let recovered = false;
  let epoch: string | undefined;
  let received: readonly number[] = [];
  await client.init("demo");
  await client.login("ann", "key");

  const nextAttempt = async (): Promise<Far | undefined> => {
    const before = attempts.length;
    await rig.pass(400_000, () => attempts.length > before);
    return attempts[before];
  };
  const judgeHere = (): string | undefined => rig.faults[0] ?? snapshotFault(rig);

  for (let links = 0; links <= linksPerLife && fault === undefined; links += 1) {
    const far = await nextAttempt();
    fault = judgeHere();
    if (far === undefined) {
      const { phase, retryAt } = client.snapshot();
      // A terminal refusal, or a floor that is far: both are what the server said.
      if (phase !== "failed" && !(phase === "waiting" && retryAt !== null))
        fault ??= `no link, and none to come: ${phase}`;
      break;
    }
    far.handlers.opened("cc.1");
    const oracle = createServerOracle({ user: "ann", epoch, received });
    fault ??= helloFault(far, oracle);
    if (links === linksPerLife) {
      // A good server at last.
      for (const text of [
        good(oracle),
        ...(oracle.epoch === undefined ? [] : ['{"t":"gap","from":[0],"to":[5]}']),
        '{"t":"channel","alias":1,"channel":"user:ann","partition":0}',
        '[1,6,1,"message","bob",0,"good"]',
      ])
        far.handlers.message(text);
      recovered = client.snapshot().linked && rig.events.at(-1) === "good";
      if (!recovered) fault ??= "a good server did not help";
      break;
    }
    const heard = rig.events.length;
    const most = 1 + random.int(30);
    for (let messages = 0; messages < most && fault === undefined; messages += 1) {
      if (oracle.stage === "live" && random.chance(0.1)) {
        // Settled or not, it is the app's to hear of.
        client.send("user:bob", "message", messages).catch(() => {});
        rig.ids.push(...idsIn(far));
      }
      const { text, last } = nextMessage({ random, oracle, user: "ann", ids: rig.ids, said });
      transcript.push(text);
      const verdict = oracle.message(text);
      far.handlers.message(text);
      if (!closedAsSaid(far, verdict))
        fault = `${verdict.is === "stays" ? "nothing was wrong, and the client closed" : `this ${verdict.codes.includes(4400) ? "is malformed" : "ends the link"}, and the client closed`} with ${far.closedWith}`;
      if (far.closedWith === 4400) malformed += 1;
      if (verdict.is !== "stays" || last) break;
    }
    frames += Math.max(1, oracle.frames);
    const events = rig.events.slice(heard);
    if (told(events) !== told(oracle.events))
      fault ??= `events were ${told(events).slice(0, 300)}, not ${told(oracle.events).slice(0, 300)}`;
    ({ epoch, received } = oracle);
    await rig.pass(random.pick([0, 0, 1, 3_000]), () => far.closedWith !== undefined);
    fault ??= saidFault(far) ?? judgeHere();
    const end: LinkClose = { code: random.pick([1006, 1000, 1012, 4400, 4411, 4999]), reason: "" };
    if (far.closedWith === undefined) far.handlers.closed(end);
  }
  await client.dispose();
  return { frames, links: attempts.length, malformed, recovered, fault, transcript };
}

function idsIn({ sent }: Far): readonly string[] {
  return sent.flatMap((text) =>
    (framesIn(text) ?? []).flatMap((frame) => (Array.isArray(frame) && frame[0] === 6 ? [String(frame[1])] : [])),
  );
}

export async function runClientStorm({
  seed,
  frames: most,
  script,
  say,
  until = Number.POSITIVE_INFINITY,
}: ClientStormOptions): Promise<ClientStormResult> {
  const began = performance.now();
  const faults: string[] = [];
  const behind = (what: string) => (error: unknown) =>
    void faults.push(`${what}: ${error instanceof Error ? error.stack : String(error)}`);
  const [rejected, thrown] = [behind("an unhandled rejection"), behind("an uncaught exception")];
  process.on("unhandledRejection", rejected).on("uncaughtException", thrown);
  const sum = { frames: 0, lives: 0, links: 0, malformed: 0, recovered: 0 };
  const heap = async (): Promise<number> => {
    for (let n = 0; n < 4; n += 1) {
      globalThis.gc?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
    return process.memoryUsage().heapUsed;
  };
  let early: { readonly heap: number; readonly lives: number } | undefined;
  for (let index = script ?? 0; sum.frames < most && faults.length < enough && performance.now() < until; index += 1) {
    const life = await runLife(seed, index);
    sum.frames += life.frames;
    sum.lives += 1;
    sum.links += life.links;
    sum.malformed += life.malformed;
    if (life.recovered) sum.recovered += 1;
    if (life.fault !== undefined)
      faults.push(
        [
          `life ${index}: ${life.fault}`,
          `    repeat: pnpm fuzz --only client --seed ${seed} --script ${index}`,
          "    the last that it was told:",
          ...life.transcript.slice(-3).map((text) => `      ${text.slice(0, 400)}`),
        ].join("\n"),
      );
    if (script !== undefined) break;
    if (early === undefined && sum.frames >= most / 3) early = { heap: await heap(), lives: sum.lives };
  }
  // Without a collector at hand what is measured would be chance.
  const heapGrowth = early === undefined || globalThis.gc === undefined ? 0 : (await heap()) - early.heap;
  const bound = slackBytes + bytesPerLife * (sum.lives - (early?.lives ?? 0));
  if (heapGrowth > bound) faults.push(`the heap grew by ${heapGrowth} bytes, and ${bound} is the bound`);
  if (script === undefined && sum.recovered === 0 && faults.length === 0)
    faults.push("no life came to its good server");
  process.off("unhandledRejection", rejected).off("uncaughtException", thrown);
  say(
    `  ${sum.lives} lives, ${sum.links} links, ${sum.malformed} ended with 4400, ${sum.recovered} served by a good server afterwards`,
  );
  return { ...sum, seconds: (performance.now() - began) / 1000, heapGrowth, faults };
}
