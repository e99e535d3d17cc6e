/**
 * Runs one script on one link and says what differs from what docs/protocol.md says.
 *
 * Law: nothing is waited for by time but the failure of it; a link that owes an end, or an answer, has this long.
 */

import { ghost, type Script, type Step } from "./script.js";
import { createServerOracle } from "./serverOracle.js";
import { closeFrame, frame, openWire, type Seen, type Wire } from "./wire.js";

const patienceMs = 15_000;
/** Begins what is said of an event that came where none may come; it stands in the log then, and every later link is told it too. */
export const nobody = "what must reach nobody was told";

export interface Outcome {
  /** Nothing: as it should be. */
  readonly fault: string | undefined;
  /** Of the end, 0 where we went ourselves. */
  readonly code: number;
}

export interface Place {
  readonly host: string;
  readonly port: number;
  readonly uid: string;
}

interface Fate {
  readonly codes: ReadonlySet<number>;
  readonly must: boolean;
  readonly echo: boolean;
}

function fateOf(steps: readonly Step[]): Fate {
  const codes = new Set<number>();
  let must = false;
  let echoes = false;
  for (const { verdict, echo = false } of steps) {
    if (verdict.is === "stays") continue;
    for (const code of verdict.codes) codes.add(code);
    if (verdict.is !== "may") must = true;
    if (verdict.is !== "ends") continue;
    echoes = echo;
    break;
  }
  return { codes, must, echo: echoes };
}

const within = <T>(work: Promise<T>, what: string | (() => string)): Promise<T> =>
  new Promise((resolve, reject) => {
    const late = setTimeout(() => {
      reject(new Error(`not within ${patienceMs / 1000} s: ${typeof what === "string" ? what : what()}`));
    }, patienceMs);
    work.then(
      (value) => {
        clearTimeout(late);
        resolve(value);
      },
      (error) => {
        clearTimeout(late);
        reject(error);
      },
    );
  });

/** Section 12: what a refusal says a client may do. */
const retryOf: Readonly<Record<number, string>> = {
  4400: "later",
  4401: "reauth",
  4403: "never",
  4413: "later",
  4429: "later",
};

function judgeEnd({ code, texts, fault }: Seen, { codes, echo }: Fate): string | undefined {
  if (fault !== undefined) return fault;
  const wanted = [...codes].join(" or ") || "none";
  if (!codes.has(code))
    return `closed with ${code}, and docs/protocol.md says ${wanted}; last said: ${texts.at(-1)?.slice(-300)}`;
  const retry = retryOf[code];
  const last = texts.at(-1) ?? "";
  if (retry !== undefined && !echo && !(last.includes('"t":"reject"') && last.includes(`"retry":"${retry}"`)))
    return `closed with ${code} without a reject that says ${retry} before it: ${last.slice(-300)}`;
  return undefined;
}

/** Which ids were answered how often. */
function answersIn(texts: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts) {
    const message = JSON.parse(text) as unknown[];
    for (const one of Array.isArray(message) && typeof message[0] === "object" ? message : [message]) {
      const answer = one as Readonly<Record<string, unknown>> & readonly unknown[];
      const id = Array.isArray(answer)
        ? answer[0] === 3
          ? answer[1]
          : undefined
        : answer["t"] === "nack"
          ? answer["id"]
          : undefined;
      if (typeof id === "string") counts.set(id, (counts.get(id) ?? 0) + 1);
    }
  }
  return counts;
}

export async function runScript(script: Script, { host, port, uid }: Place): Promise<Outcome> {
  const server = createServerOracle({ user: uid, epoch: undefined, received: [] });
  const texts: string[] = [];
  let fault: string | undefined;
  const onText = (text: string): void => {
    texts.push(text);
    if (text.includes(ghost)) fault ??= `${nobody}: ${text.slice(0, 200)}`;
    if (server.stage === "refused") fault ??= `said behind a refusal: ${text.slice(0, 200)}`;
    const verdict = server.message(text);
    if (verdict.is === "ends" && server.stage !== "refused")
      fault ??= `the server sent what is malformed: ${text.slice(0, 500)}`;
  };
  let wire: Wire | undefined;
  const gone = (code: number, more?: string): Outcome => ({ fault: fault ?? more, code });
  try {
    wire = await within(openWire({ host, port, onText }), "the upgrade");
    const link = wire;
    const before = fateOf(script.before);
    link.write(Buffer.concat(script.before.map(({ bytes }) => bytes)));
    if (before.must) {
      const isWelcomed = (): boolean => texts.some((text) => text.includes('"t":"welcome"'));
      const seen = await within(link.ended, () => (isWelcomed() ? "the end: it was welcomed" : "the end"));
      return gone(seen.code, isWelcomed() ? "welcomed" : judgeEnd(seen, before));
    }
    if (
      (await within(
        link.text((text) => text.includes('"t":"welcome"')),
        "the welcome",
      )) === undefined
    ) {
      const seen = await link.ended;
      return gone(seen.code, judgeEnd(seen, before));
    }
    const said = fateOf(script.live);
    const fate = { ...said, must: said.must || script.mustEnd };
    link.write(Buffer.concat(script.live.map(({ bytes }) => bytes)));
    if (fate.must) {
      const seen = await within(link.ended, "the end");
      return gone(seen.code, judgeEnd(seen, fate));
    }
    const probe = `[4,${1_000_000 + script.index}]`;
    link.write(frame(1, probe));
    if (
      (await within(
        link.text((text) => text.includes(probe)),
        "the answer to the last probe",
      )) === undefined
    ) {
      const seen = await within(link.ended, "the end");
      return gone(seen.code, judgeEnd(seen, fate));
    }
    const answered = answersIn(texts);
    for (const [id, times] of script.asked) {
      const answers = answered.get(id) ?? 0;
      if (answers < 1 || answers > times)
        fault ??= `${JSON.stringify(id)} was asked ${times} times and answered ${answers} times`;
    }
    return await leave(script, link, gone);
  } catch (error) {
    return gone(0, error instanceof Error ? error.message : String(error));
  } finally {
    wire?.cut();
  }
}

async function leave({ end }: Script, link: Wire, gone: (code: number, more?: string) => Outcome): Promise<Outcome> {
  if (end === "cut") return gone(0);
  if (end === "fin") link.finish();
  else link.write(end === "bye" ? frame(1, '{"t":"bye"}') : closeFrame(1000));
  const seen = await within(link.ended, `the end after ${end}`);
  if (end === "fin") return gone(0);
  return gone(seen.code, seen.code === 1000 ? undefined : `closed with ${seen.code} after ${end}`);
}
