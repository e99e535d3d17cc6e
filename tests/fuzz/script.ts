/**
 * What one hostile link does, decided before it dials.
 *
 * Law: a script follows from the seed and its number alone, so one number is enough to repeat it; and each step brings the verdict that
 * docs/protocol.md gives for it, from the oracle or, where bytes are no WebSocket, from the step's own table.
 */
import { createRandom, type Random } from "@cc/testkit";
import { type ClientOracle, createClientOracle, type ServerFacts } from "./clientOracle.js";
import { anyNumber, anything, charms, garble, Members, membersOf, mutate, Raw, write } from "./json.js";
import { ends, malformed, may, type Verdict } from "./verdict.js";
import { closeFrame, frame } from "./wire.js";

export interface Step {
  readonly bytes: Buffer;
  readonly verdict: Verdict;
  /** How many frames of cc.1, or messages that are none, it is. */
  readonly frames: number;
  /** For a report. */
  readonly what: string;
  /** The end is our own close frame's answer: no reject comes before it. */
  readonly echo?: boolean;
}

export interface Script {
  readonly index: number;
  /** Written at once after the upgrade; the hello, if there is one, is the last. */
  readonly before: readonly Step[];
  /** Written at once after the welcome. */
  readonly live: readonly Step[];
  /** How it goes when nothing ended it: by `bye`, a close frame, a FIN, a RST. */
  readonly end: "bye" | "close" | "fin" | "cut";
  readonly asked: ReadonlyMap<string, number>;
  /** By a renewal, which no step shows: the last one counts. */
  readonly mustEnd: boolean;
}

export interface ScriptFacts extends ServerFacts {
  /** Who this link is, and a good token of his. */
  readonly uid: string;
  readonly token: string;
  /** A good token of somebody else. */
  readonly otherToken: string;
  readonly otherUid: string;
  readonly eventBytes: number;
}

/** Stands in what must reach nobody. */
export const ghost = "ghost-of-the-fuzz";
/** Says what stands behind an end, and is left out where the end is. */
export const behind = "said behind the end";

const groups = ["group:open", "group:den", "group:nowhere"];
const kinds = [
  "message",
  "custom",
  "edited",
  "deleted",
  "receipt",
  "typing",
  "transient",
  "presence",
  "member",
  "own.kind",
];

interface Making {
  readonly random: Random;
  readonly facts: ScriptFacts;
  readonly oracle: ClientOracle;
  readonly name: string;
  /** Texts sent before, for replays. */
  readonly said: string[];
  ids: number;
}

const nextId = (m: Making): string => {
  m.ids += 1;
  return `${m.name}-${m.ids.toString(36)}`;
};

function helloOf({ random, facts, name }: Making): Members {
  return membersOf({
    t: "hello",
    token: facts.token,
    app: facts.app,
    instance: name,
    linkNo: random.int(5),
    nonce: random.chance(0.5) ? `nonce-${name}` : undefined,
    device: random.chance(0.1) ? `device-${name}` : undefined,
    resume: random.pick([
      undefined,
      null,
      { epoch: "of another life", positions: [random.int(99)] },
      { epoch: "e", positions: [0, 1, 2] },
      { epoch: "e", positions: [new Raw("9007199254740991")] },
    ]),
    heartbeatMs: random.chance(0.2) ? new Raw(random.pick(["1", "0.001", "1e308", "30000"])) : undefined,
    listen: random.chance(0.2)
      ? ["presence", "user:canary", "group:den", "__proto__"].slice(0, 1 + random.int(4))
      : undefined,
  });
}

const target = ({ random, facts }: Making): string =>
  random.pick([
    `user:${facts.uid}`,
    `user:${facts.otherUid}`,
    "user:nobody",
    "user:",
    "group:",
    ...groups,
    "presence",
    "x",
    `user:${random.pick(charms)}`,
  ]);

/** A frame that is well formed and that a link may send once it is welcomed. */
function goodFrame(m: Making): unknown {
  const { random } = m;
  switch (random.int(16)) {
    case 0:
      return [0];
    case 1:
      return [4, random.chance(0.5) ? anyFinite(random) : random.int(1_000)];
    case 2:
    case 3:
      return [5, new Raw(random.pick(["0", "1", "7", "9007199254740991"]))];
    case 4:
      return membersOf({ t: "heartbeat", ms: new Raw(random.pick(["1", "5e-324", "10000", "1e308"])) });
    case 5:
      return membersOf({ t: random.pick(["join", "leave"]), channel: target(m), id: nextId(m) });
    case 6:
      return membersOf({
        t: "token",
        token: random.chance(0.9) ? m.facts.token : random.pick([m.facts.otherToken, "a.b.c"]),
      });
    case 7:
      return membersOf({ t: random.pick(["future", ...charms]), [random.pick(charms)]: anything(random) });
    case 8:
      return [new Raw(random.pick(["7", "99", "-1", "0.5", "1e308", "1", "2", "3"])), anything(random)];
    default: {
      const ephemeral = random.chance(0.6);
      const id = ephemeral && random.chance(0.5) ? "" : nextId(m);
      const data = random.chance(0.3) ? { text: "hello" } : anything(random);
      return [6, id, target(m), random.pick(kinds), data, ephemeral ? 1 : random.pick([0, 0, 0, 2])];
    }
  }
}

const anyFinite = (random: Random): Raw => {
  const number = anyNumber(random);
  return Number.isFinite(Number(number.text)) ? number : new Raw("1");
};

/** A send that must not be applied: the marker would show that it was. */
const ghostFrame = (m: Making): unknown => [6, nextId(m), "user:canary", "own.kind", { ghost }, 0];

const textOf = (m: Making, text: string): Step => {
  const payload = Buffer.from(text);
  const judged = m.oracle.frames;
  // Judged is what the server reads: half a pair of surrogates is three other bytes on the wire.
  const verdict = m.oracle.message(payload.toString(), payload.length);
  m.said.push(text);
  return {
    bytes: frame(1, payload),
    verdict,
    frames: Math.max(1, m.oracle.frames - judged),
    what: `text ${text.length > 300 ? `${text.slice(0, 300)}… (${payload.length} bytes)` : text}`,
  };
};

const bytesOf = (what: string, bytes: Buffer, verdict: Verdict, echo = false): Step => ({
  bytes,
  verdict,
  frames: 1,
  what,
  echo,
});

const padded = (text: string, bytes: number): string => text + " ".repeat(Math.max(0, bytes - Buffer.byteLength(text)));

/** Messages at the corners of the grammar, each of which somebody once read wrongly. */
const poison = (m: Making): readonly string[] => [
  "[4,1e309]",
  "[4,-1e309]",
  "[5,1e309]",
  "[5]",
  `[6,"${nextId(m)}","user:nobody","x",${"[".repeat(8_000)}${"]".repeat(8_000)},0]`,
  `{"t":"join","channel":"group:open","id":""}`,
  `{"t":"join","channel":"group:open","id":7}`,
  '{"t":"heartbeat","ms":1e309}',
  '{"t":"heartbeat","ms":0}',
  '{"__proto__":{"t":"bye"}}',
  '{"0":0,"t":"future"}',
  '[{"0":4,"t":"future"}]',
  '{"t":"bye","t":"future"}',
  "[[4,1],[[4,1]]]",
  "\ufeff[0]",
  "[0]\u0000",
];

/** A message of text: good, mutated, garbled, replayed, a batch, or at the edge of a limit. */
function messageStep(m: Making): Step {
  const { random, facts } = m;
  switch (random.int(24)) {
    case 0:
      return textOf(m, write(mutate(random, goodFrame(m))));
    case 1:
      return textOf(m, garble(random, write(goodFrame(m))));
    case 2:
      return textOf(m, write(anything(random)));
    case 3:
      return textOf(m, m.said.length > 0 ? random.pick(m.said) : "[0]");
    case 4:
      return textOf(m, write(mutate(random, helloOf(m))));
    case 5:
      return textOf(m, random.chance(0.5) ? write(helloOf(m)) : "");
    case 6: {
      // A batch with one element that may be anything.
      const list = Array.from({ length: 1 + random.int(6) }, () => goodFrame(m));
      list[random.int(list.length)] = random.chance(0.5) ? anything(random) : mutate(random, goodFrame(m));
      return textOf(m, write(list));
    }
    case 7:
      return textOf(m, padded("[4,1]", facts.frameBytes + random.pick([-1, 0, 1, 2, 4_096])));
    case 8: {
      const size = facts.eventBytes + random.pick([-2, -1, 0, 1]) - 2;
      return textOf(m, write([6, nextId(m), `user:${facts.uid}`, "own.kind", "x".repeat(size), random.int(2)]));
    }
    case 9:
      // Short as text and long as data: what arrives must be judged by what is written on.
      return textOf(m, `[6,"${nextId(m)}","user:canary","own.kind",["${ghost}",${"1e20,".repeat(4_000)}0],0]`);
    case 10:
      return textOf(m, random.pick(poison(m)));
    default: {
      const most = random.chance(0.1) ? 150 : 24;
      const list = Array.from({ length: 1 + random.int(most) }, () => goodFrame(m));
      return textOf(m, write(list.length === 1 && random.chance(0.5) ? list[0] : list));
    }
  }
}

/** Bytes that are a message in pieces, or no WebSocket at all. */
function wireStep(m: Making): Step {
  const { random, facts } = m;
  const text = Buffer.from("[4,1]");
  switch (random.int(24)) {
    case 0:
      return bytesOf("binary", frame(2, text), malformed);
    case 1:
      return bytesOf("empty binary", frame(2, ""), malformed);
    case 2:
      return bytesOf("unmasked", frame(1, text, { masked: false }), malformed);
    case 3:
      return bytesOf("a reserved opcode", frame(random.pick([3, 4, 5, 6, 7, 11, 12, 13, 14, 15]), text), malformed);
    case 4:
      return bytesOf("a reserved bit", frame(1, text, { rsv: random.pick([1, 2, 3, 4, 5, 6, 7]) }), malformed);
    case 5:
      return bytesOf("a control frame of 126 bytes", frame(random.pick([8, 9, 10]), "x".repeat(126)), malformed);
    case 6:
      return bytesOf("a control frame in pieces", frame(random.pick([8, 9, 10]), "x", { fin: false }), malformed);
    case 7:
      return bytesOf("a continuation of nothing", frame(0, text, { fin: random.chance(0.5) }), malformed);
    case 8:
      return bytesOf(
        "a message within a message",
        Buffer.concat([frame(1, "[", { fin: false }), frame(1, "4,1]")]),
        malformed,
      );
    case 9:
      return bytesOf(
        "broken UTF-8",
        frame(1, Buffer.from(random.pick(["ff", "c3", "eda080", "f8888080", "225bc0af22"]), "hex")),
        malformed,
      );
    case 10:
      return bytesOf("2^63 bytes announced", frame(1, text, { length: 2n ** 63n, lengthBytes: 8 }), ends(4413));
    case 11:
      return bytesOf(
        "a length above the limit",
        frame(1, text, { length: facts.frameBytes + 1, lengthBytes: 8 }),
        ends(4413),
      );
    case 12:
      return bytesOf("4 GiB announced", frame(1, text, { length: 2 ** 32, lengthBytes: 8 }), ends(4413));
    case 13: {
      const half = "x".repeat(facts.frameBytes / 2);
      const pieces = [frame(1, half, { fin: false }), frame(0, half, { fin: false }), frame(0, "x", { fin: false })];
      return bytesOf("pieces above the limit", Buffer.concat(pieces), ends(4413));
    }
    case 14:
      return bytesOf("a close frame of one byte", frame(8, "x"), malformed);
    case 15: {
      const code = random.pick([0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535]);
      return bytesOf(`a close frame with the code ${code}`, closeFrame(code), malformed);
    }
    case 16:
      return bytesOf("a close frame whose reason is no UTF-8", frame(8, Buffer.from("03e8ff", "hex")), malformed);
    case 17: {
      const code = random.pick([1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 4000, 4400, 4999]);
      return bytesOf(`a close frame with the code ${code}`, closeFrame(code, "over"), ends(code), true);
    }
    case 18:
      return bytesOf("an empty close frame", frame(8, ""), ends(1005), true);
    case 19:
      return bytesOf(
        "a length in more bytes than it takes",
        frame(1, text, { lengthBytes: random.pick([2, 8]) }),
        m.oracle.message(text.toString(), text.length),
      );
    case 20: {
      // More pieces than a reader may be made to hold.
      const pieces = [
        frame(1, "[", { fin: false }),
        ...Array.from({ length: 16_400 }, () => frame(0, " ", { fin: false })),
      ];
      return random.chance(0.05)
        ? bytesOf("16,401 pieces", Buffer.concat(pieces), malformed)
        : bytesOf("binary", frame(2, text), malformed);
    }
    default: {
      // A message in pieces with pings between them is a message.
      const whole = Buffer.from(write(Array.from({ length: 1 + random.int(4) }, () => goodFrame(m))));
      const pieces: Buffer[] = [];
      for (let at = 0; at < whole.length; ) {
        const next = Math.min(whole.length, at + 1 + random.int(40));
        pieces.push(frame(at === 0 ? 1 : 0, whole.subarray(at, next), { fin: next === whole.length }));
        if (random.chance(0.3)) pieces.push(frame(random.pick([9, 10]), "between"));
        if (next < whole.length && random.chance(0.1)) pieces.push(frame(0, "", { fin: false }));
        at = next;
      }
      const judged = m.oracle.frames;
      const verdict = m.oracle.message(whole.toString(), whole.length);
      return {
        bytes: Buffer.concat(pieces),
        verdict,
        frames: Math.max(1, m.oracle.frames - judged),
        what: `in pieces ${whole.toString().slice(0, 300)}`,
      };
    }
  }
}

/** More frames than anybody may send: refused, then cut. */
function flood(): Step {
  const bytes = Buffer.concat(Array.from({ length: 20 }, () => frame(1, `[${"[0],".repeat(249)}[0]]`)));
  return { bytes, verdict: ends(4429), frames: 5_000, what: "5,000 pongs at once" };
}

/** What a link says instead of, or with, its hello. */
function beginning(m: Making): readonly Step[] {
  const { random } = m;
  const good = (): Step => textOf(m, write(helloOf(m)));
  if (random.chance(0.55)) return [good()];
  switch (random.int(8)) {
    case 0:
      return [textOf(m, write(ghostFrame(m)))];
    case 1:
      return [textOf(m, write(goodFrame(m))), good()];
    case 2:
      return [textOf(m, write([helloOf(m), ghostFrame(m)]))];
    case 3: {
      const first = good();
      return [first, textOf(m, write(ghostFrame(m)))];
    }
    case 4:
      return [textOf(m, garble(random, write(helloOf(m))))];
    case 5: {
      const { list } = helloOf(m);
      const token = random.pick([
        m.facts.token.slice(0, -3),
        `${m.facts.token}x`,
        "a.b.c",
        "x".repeat(9_000),
        "\u0000",
      ]);
      const [name, value] = random.chance(0.7)
        ? ["token", token]
        : ["app", random.pick([`${m.facts.app}2`, "x".repeat(256), "\u0000"])];
      return [textOf(m, write(new Members(list.map((member) => (member[0] === name ? [name, value] : member)))))];
    }
    case 6:
      return [wireStep(m)];
    default:
      return [textOf(m, write(mutate(random, helloOf(m))))];
  }
}

/** The script with this number. */
export function scriptOf(seed: number, index: number, facts: ScriptFacts): Script {
  const random = createRandom((Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b)) | 0);
  const oracle = createClientOracle(facts);
  const m: Making = { random, facts, oracle, name: `i${seed}-${index}`, said: [], ids: 0 };
  const before = [...beginning(m)];
  const live: Step[] = [];
  const isOver = (steps: readonly Step[]): boolean => steps.some(({ verdict }) => verdict.is === "ends");
  if (oracle.stage === "afterHello" && !isOver(before)) {
    oracle.welcomed();
    const most = random.pick([2, 4, 8, 16]);
    let frames = 0;
    if (random.chance(0.005)) live.push(flood());
    else if (random.chance(0.3)) live.push(textOf(m, write(Array.from({ length: 500 }, () => goodFrame(m)))));
    while (live.length < most && frames < 400 && !isOver(live)) {
      const step = random.chance(0.12) ? wireStep(m) : messageStep(m);
      live.push(step);
      frames += step.frames;
    }
  }
  // What comes behind the end is said to nobody.
  const rest = isOver(live) ? live : isOver(before) ? before : undefined;
  if (rest && random.chance(0.5)) {
    const text = write([ghostFrame(m), ghostFrame(m)]);
    rest.push({ bytes: frame(1, text), verdict: may(), frames: 2, what: behind });
  }
  return {
    index,
    before,
    live,
    end: random.pick(["bye", "close", "fin", "cut"]),
    asked: oracle.asked,
    mustEnd: oracle.badRenewal,
  };
}
