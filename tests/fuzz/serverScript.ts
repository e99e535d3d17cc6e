/**
 * What a hostile server says on one link, decided as it goes: a welcome that may be one, and frames of every kind in any order.
 *
 * Law: all chance is the given source's. A `goaway` that is sound stands last, for from then on the client may leave when it likes.
 */
import type { Random } from "@cc/testkit";
import { anyNumber, anything, charms, garble, membersOf, mutate, Raw, write } from "./json.js";
import type { ServerOracle } from "./serverOracle.js";

export interface ServerMaking {
  readonly random: Random;
  readonly oracle: ServerOracle;
  readonly user: string;
  /** Ids under which the client sent something. */
  readonly ids: readonly string[];
  readonly said: string[];
}

const limits = {
  window: 16,
  windowBytes: 327_680,
  batchBytes: 16_384,
  eventBytes: 65_536,
  frameBytes: 131_072,
  frameRate: 500,
  dedupMs: 120_000,
};

const ms = (random: Random): unknown =>
  random.chance(0.85) ? random.int(3_000) : new Raw(random.pick(["0", "0.5", "1e15", "9007199254740991", "5e-324"]));

const features = (random: Random): readonly unknown[] =>
  Array.from({ length: random.int(3) }, () =>
    membersOf({ feature: random.pick(["typing", "receipts", ...charms]), reason: "load", forMs: ms(random) }),
  );

function welcome({ random, oracle, user }: ServerMaking): unknown {
  const { epoch, received } = oracle;
  const recovery = epoch === undefined ? "new" : random.pick(["resumed", "resumed", "gap", "new"]);
  const positions =
    recovery === "resumed" ? received : [random.int(50), ...(random.chance(0.1) ? [random.int(50)] : [])];
  return membersOf({
    t: "welcome",
    session: "s",
    user: random.chance(0.98) ? user : "mallory",
    recovery,
    epoch: recovery === "resumed" ? epoch : random.pick(["e1", "e2", epoch ?? "e3"]),
    positions,
    heartbeatMs: random.chance(0.8) ? 10_000 : new Raw(random.pick(["1", "0.001", "5e-324", "9007199254740991"])),
    reconnectSpreadMs: ms(random),
    limits: random.chance(0.9) ? limits : { ...limits, window: 1, batchBytes: 1, frameBytes: 1, dedupMs: 1 },
    throttled: features(random),
    expiresInMs: random.pick([undefined, undefined, 3_600_000, 0, 1]),
  });
}

/** A frame that is sound where a link stands. */
function goodFrame(m: ServerMaking): unknown {
  const { random, oracle, ids } = m;
  const { received } = oracle;
  const ahead = received.map(
    (at) =>
      new Raw(
        String(random.chance(0.97) ? Math.min(at + random.int(3), 9_007_199_254_740_991) : 9_007_199_254_740_991),
      ),
  );
  switch (random.int(20)) {
    case 0:
      return [0];
    case 1:
      return [0, ...ahead];
    case 2:
      return [4, random.chance(0.5) ? 1 : anyNumber(random)];
    case 3:
      return [3, ids.length > 0 && random.chance(0.7) ? random.pick(ids) : "never-sent", random.int(99)];
    case 4:
      return membersOf({
        t: "nack",
        id: ids.length > 0 ? random.pick(ids) : "x",
        code: random.pick(["ERR_SEND_REJECTED", ...charms]),
        message: "no",
        retryAfterMs: random.pick([undefined, 0, 500]),
      });
    case 5:
    case 6:
      return membersOf({
        t: "channel",
        alias: random.chance(0.9) ? random.int(4) : new Raw("9007199254740991"),
        channel: random.pick(["user:ann", "group:g", ...charms]),
        partition: random.int(received.length),
      });
    case 7:
      return membersOf({ t: "throttle", features: features(random) });
    case 8:
      return membersOf({ t: "tokenOk", expiresInMs: random.pick([undefined, 0, 1_000, 3_600_000]) });
    case 9:
      return membersOf({ t: "expiring", inMs: ms(random) });
    case 10:
      return membersOf({ t: "caughtUp", positions: ahead });
    case 11:
      return membersOf({ t: "gap", from: received, to: ahead });
    case 12:
      return membersOf({ t: random.pick(["future", ...charms]), [random.pick(charms)]: anything(random) });
    case 13:
      return [new Raw(random.pick(["5", "6", "99", "-1", "0.5", "1e309"])), anything(random)];
    case 14:
      return [2, random.int(4), "typing", "bob", anything(random)];
    default: {
      const at = received[0] ?? 0;
      const n = random.chance(0.98)
        ? String(Math.max(0, at + random.int(4) - 1))
        : random.pick(["9007199254740991", "9007199254740990"]);
      return [
        1,
        new Raw(n),
        random.int(4),
        "message",
        "bob",
        1_700_000_000_000,
        anything(random),
        ...(random.chance(0.3) ? ["bob-1"] : []),
      ];
    }
  }
}

/** Frames that end a link, or may. */
function lastFrame({ random }: ServerMaking): unknown {
  const floor = { minDelayMs: ms(random), spreadMs: ms(random) };
  return random.chance(0.5)
    ? membersOf({ t: "goaway", ...floor, overlap: random.chance(0.5) })
    : membersOf({
        t: "reject",
        code: random.pick(["ERR_SERVER_OVERLOADED", "ERR_AUTH_REJECTED", ...charms]),
        message: "go",
        retry: random.pick(["later", "later", "later", "reauth", "never"]),
        ...floor,
      });
}

/** Frames for hostile values that have broken clients: fields that are added to, compared with, or indexed by. */
function poison({ random, oracle }: ServerMaking): unknown {
  const bad = anything(random);
  switch (random.int(9)) {
    case 0:
      return [
        membersOf({
          t: "channel",
          alias: 1,
          channel: "user:ann",
          partition: random.pick(["length", "0", "__proto__", -1, 0.5, 7]),
        }),
        [1, random.int(99), 1, "m", "bob", 0, 1],
      ];
    case 1:
      return membersOf({
        t: "gap",
        from: oracle.received,
        to: random.pick([[], [1, 2, 3], [new Raw("1e309")], [-1], [0.5], Array(1_025).fill(0)] as unknown[]),
      });
    case 2:
      return membersOf({
        t: "caughtUp",
        positions: random.pick([[], [new Raw("1e308")], [0.5], {}, "5"] as unknown[]),
      });
    case 3:
      return [0, random.pick([new Raw("1e308"), "x", -1, 0.5, null])];
    case 4:
      return membersOf({ t: "reject", retry: "later" });
    case 5:
      return membersOf({ t: "throttle", features: [membersOf({ feature: "typing", reason: "x", forMs: bad })] });
    case 6:
      return membersOf({ t: "goaway", minDelayMs: bad, spreadMs: bad, overlap: true });
    case 7:
      return [1, new Raw(random.pick(["1e308", "0.5", "-1", "9007199254740992"])), 1, "m", "bob", 0, 1];
    default:
      return membersOf({ t: "tokenOk", expiresInMs: bad });
  }
}

/** The next message; `last`: nothing may follow it. */
export function nextMessage(m: ServerMaking): { readonly text: string; readonly last: boolean } {
  const { random, oracle, said } = m;
  const say = (text: string, last = false): { readonly text: string; readonly last: boolean } => {
    said.push(text);
    return { text, last };
  };
  if (oracle.stage === "before") {
    if (random.chance(0.72)) return say(write(welcome(m)));
    if (random.chance(0.6)) return say(write(mutate(random, welcome(m))));
    return say(random.chance(0.5) ? write(goodFrame(m)) : garble(random, write(welcome(m))));
  }
  if (said.at(-1)?.includes('"t":"welcome"') && random.chance(0.85))
    return say(write([0, 1, 2, 3].map((alias) => ({ t: "channel", alias, channel: "user:ann", partition: 0 }))));
  switch (random.int(26)) {
    case 0:
      return say(write(mutate(random, goodFrame(m))));
    case 1:
      return say(garble(random, write(goodFrame(m))));
    case 2:
      return say(write(anything(random)));
    case 3:
      return say(write(random.chance(0.5) ? lastFrame(m) : mutate(random, lastFrame(m))), true);
    case 4:
      return say(write(random.chance(0.1) ? welcome(m) : poison(m)), true);
    case 5:
      // Said before, here or on an earlier link; what was last there is not said again.
      return said.length > 0 ? say(random.pick(said), true) : say("[0]");
    case 6:
      return say(
        random.pick([
          "",
          "[]",
          "[[]]",
          "null",
          '{"0":[0],"t":"future"}',
          '{"0":0,"t":"future"}',
          "[0]\u0000",
          "\ufeff[0]",
          "[[0],[[0]]]",
        ]),
      );
    default: {
      const list = Array.from({ length: 1 + random.int(random.chance(0.25) ? 300 : 12) }, () => goodFrame(m));
      return say(write(list.length === 1 ? list[0] : list));
    }
  }
}
