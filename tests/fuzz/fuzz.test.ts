/** A small part of `pnpm fuzz`, always the same: what it finds in a million frames stands in docs/proof.md. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { createClientOracle } from "./clientOracle.js";
import { runClientStorm } from "./clientStorm.js";
import { runHttpStorm } from "./httpStorm.js";
import { plants } from "./plants.js";
import { createServerOracle } from "./serverOracle.js";
import { runSocketStorm } from "./socketStorm.js";
import { runStorm } from "./storm.js";
import { framesIn } from "./verdict.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const vectors = (name: string): unknown => JSON.parse(readFileSync(`${root}packages/protocol/vectors/${name}`, "utf8"));
const say = (): void => {};
/** For a machine with other work. */
const limitMs = 240_000;

describe("the oracles say what the vectors say", () => {
  const { messages } = vectors("messages.json") as { messages: { text: string; frames: unknown[] | null }[] };
  it("of messages", () => {
    for (const { text, frames } of messages) {
      const read = framesIn(text);
      expect([text, read === undefined ? null : JSON.stringify(read)]).toEqual([
        text,
        frames && JSON.stringify(frames),
      ]);
    }
  });

  const { frames } = vectors("malformed.json") as {
    frames: { from: string; when: string; frame: unknown }[];
  };
  const hello = '{"t":"hello","token":"t","app":"app","instance":"i","linkNo":1}';
  it.each(frames)("of the malformed: $from $when $frame", ({ from, when, frame }) => {
    const text = JSON.stringify(frame);
    if (from === "client") {
      const oracle = createClientOracle({ app: "app", frameBytes: 131_072, tokens: new Map([["t", "ann"]]) });
      if (when === "live") {
        expect(oracle.message(hello, hello.length)).toEqual({ is: "stays" });
        oracle.welcomed();
      }
      expect(oracle.message(text, text.length)).toEqual({ is: "ends", codes: [4400] });
      return;
    }
    const oracle = createServerOracle({ user: "ann", epoch: undefined, received: [] });
    const limits = { window: 4, windowBytes: 4, batchBytes: 4, eventBytes: 4, frameBytes: 4, frameRate: 4, dedupMs: 4 };
    const welcome = { t: "welcome", session: "s", user: "ann", recovery: "new", epoch: "e1", positions: [0], limits };
    const rest = { heartbeatMs: 1, reconnectSpreadMs: 1, throttled: [] };
    expect(oracle.message(JSON.stringify({ ...welcome, ...rest }))).toEqual({ is: "stays" });
    expect(oracle.message('{"t":"channel","alias":1,"channel":"user:ann","partition":0}')).toEqual({ is: "stays" });
    expect(oracle.message(text)).toEqual({ is: "ends", codes: [4400] });
  });
});

describe("hostile frames, the same each time", () => {
  it(
    "a live gateway closes each link as docs/protocol.md says, keeps nothing, and serves who is honest",
    async () => {
      const { faults, frames, links, canary } = await runStorm({ seed: 1, frames: 12_000, say });
      expect(faults).toEqual([]);
      expect([frames >= 12_000, links > 50, canary.received > 0]).toEqual([true, true, true]);
    },
    limitMs,
  );

  it(
    "the client ends what is malformed with 4400, believes nothing of it, and comes back",
    async () => {
      const { faults, malformed, recovered } = await runClientStorm({ seed: 1, frames: 15_000, say });
      expect(faults).toEqual([]);
      expect([malformed > 100, recovered > 20]).toEqual([true, true]);
    },
    limitMs,
  );

  it(
    "the client of Node survives a server that breaks cc.1, WebSocket and HTTP, and then finds a good one",
    async () => {
      const { faults, recovered } = await runSocketStorm({ seed: 1, links: 25, say });
      expect(faults).toEqual([]);
      expect(recovered).toBe(true);
    },
    limitMs,
  );

  it(
    "requests that nobody should send are answered, and never by 500",
    async () => {
      const { faults, statuses } = await runHttpStorm({ seed: 1, requests: 400, say });
      expect(faults).toEqual([]);
      expect(Object.keys(statuses).length).toBeGreaterThan(5);
    },
    limitMs,
  );
});

it("each planted fault's words stand exactly once in the file that it patches", () => {
  const stale = plants.filter(({ file, find }) => readFileSync(root + file, "utf8").split(find).length !== 2);
  expect(stale.map(({ what }) => what)).toEqual([]);
});
