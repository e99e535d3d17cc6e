/** The client half on a wire that the test speaks for: what it writes, when, and what of the server's it believes. */
import { describe, expect, it } from "vitest";
import { defaultLimits } from "../src/limits.js";
import { type Bare, type BareLink, createBare, welcomeOf } from "./support/bare.js";

const channel = { t: "channel", alias: 1, channel: "user:ann", partition: 0 };
const event = (n: number, data: unknown = n): unknown[] => [1, n, 1, "message", "bob", 0, data];
const whats = ({ told }: Bare): string[] => told.map(({ what }) => what);
const limits = (more: object): object => ({ limits: { ...defaultLimits, ...more } });

/** Linked, with a channel. */
function listening(options: Parameters<typeof createBare>[0] = {}, fields: object = {}): { bare: Bare; one: BareLink } {
  const bare = createBare(options);
  const one = bare.linked(fields);
  one.says(channel);
  return { bare, one };
}

describe("hello", () => {
  it("says who it is, what it wants and where it stands; without a token an empty one", () => {
    const bare = createBare({ device: "phone", listen: ["presence"], resume: { epoch: "e1", positions: [7] } });
    const one = bare.attach(3);
    one.link.hello("secret", 20_000);
    expect(one.news()).toEqual([
      {
        t: "hello",
        token: "secret",
        app: "app",
        instance: "i",
        linkNo: 3,
        nonce: "nonce",
        device: "phone",
        resume: { epoch: "e1", positions: [7] },
        heartbeatMs: 20_000,
        listen: ["presence"],
      },
    ]);
    one.link.opened(null);
    expect(one.news()).toMatchObject([{ t: "hello", token: "" }]);
  });

  it("[B10.3] says what was received, not what was delivered, and leaves out what there is none of", () => {
    const { bare, one } = listening();
    bare.within = (what) => {
      if (what === "event") one.link.lost();
    };
    one.says(event(4));
    const next = bare.attach();
    next.link.opened("t");
    expect(next.news()).toEqual([
      {
        t: "hello",
        token: "t",
        app: "app",
        instance: "i",
        linkNo: 2,
        nonce: "nonce",
        resume: { epoch: "e1", positions: [4] },
      },
    ]);
    const fresh = createBare().attach();
    fresh.link.opened("t");
    expect(fresh.news()).toEqual([{ t: "hello", token: "t", app: "app", instance: "i", linkNo: 1, nonce: "nonce" }]);
  });
});

describe("what is written", () => {
  it("waits for the end of the turn, once, and again in the next", () => {
    const bare = createBare();
    const one = bare.linked();
    one.link.renew("new");
    one.link.heartbeat(30_000);
    expect([one.news(), bare.waiting]).toEqual([[], 1]);
    bare.turn();
    expect(one.news()).toEqual([
      [
        { t: "token", token: "new" },
        { t: "heartbeat", ms: 30_000 },
      ],
    ]);
    one.link.heartbeat(10_000);
    expect(bare.waiting).toBe(1);
    bare.turn();
    expect(one.news()).toEqual([{ t: "heartbeat", ms: 10_000 }]);
    bare.turn();
    expect(one.sent).toEqual([]);
  });

  it("[B10.8] fills a message to limits.batchBytes and not beyond", () => {
    const text = (data: string): number => `[6,"nonce-1","user:bob","message","${data}",0]`.length;
    for (const [most, messages] of [
      [2 * text("x") + 3, 1],
      [2 * text("x") + 2, 2],
    ] as const) {
      const bare = createBare();
      const one = bare.linked(limits({ batchBytes: most }));
      bare.send("x");
      bare.send("x");
      bare.turn();
      expect(one.sent.map((sent) => sent.length)).toEqual(messages === 1 ? [most] : [text("x"), text("x")]);
    }
  });

  it("[B10.8] counts a comma for each frame, and begins to count anew behind each message", () => {
    const size = `[6,"nonce-1","user:bob","message","x",0]`.length;
    const bare = createBare();
    const one = bare.linked(limits({ batchBytes: 3 * size + 4 }));
    for (let i = 0; i < 8; i++) bare.send("x");
    bare.turn();
    expect(one.news().map((message) => (message as unknown[]).length)).toEqual([3, 3, 2]);
  });

  it("[B10.8] until the welcome says more a message has 16 kB", () => {
    const bare = createBare();
    const one = bare.attach();
    const token = "x".repeat(16_384 - 2 * '{"t":"token","token":""}'.length - 3);
    one.link.renew("");
    one.link.renew(token);
    bare.turn();
    expect(one.sent.map((text) => text.length)).toEqual([16_384]);
    one.link.renew("");
    one.link.renew(`${token}x`);
    bare.turn();
    expect(one.sent).toHaveLength(3);
  });

  it("[B10.6] within a handler goes out before the message has been dealt with, without a later task", () => {
    const { bare, one } = listening();
    bare.within = (what) => {
      if (what === "event") bare.send("answer");
    };
    one.says(event(1), event(2));
    expect(bare.waiting).toBe(0);
    expect(one.news()).toEqual([
      [
        [6, "nonce-1", "user:bob", "message", "answer", 0],
        [6, "nonce-2", "user:bob", "message", "answer", 0],
      ],
    ]);
    bare.send("later");
    expect(bare.waiting).toBe(1);
  });

  it("[B6.1] goodbye and a probe go at once, with what waited before them", () => {
    const bare = createBare();
    const one = bare.linked();
    bare.send("x");
    one.link.probe(0);
    one.link.heartbeat(10_000);
    one.link.bye();
    expect(one.news()).toEqual([
      [
        [6, "nonce-1", "user:bob", "message", "x", 0],
        [4, 1],
      ],
      [{ t: "heartbeat", ms: 10_000 }, { t: "bye" }],
    ]);
    bare.turn();
    expect(one.sent).toEqual([]);
  });

  it("[R20] by a link that is gone, or after the end of the session, is nothing", () => {
    const bare = createBare();
    const one = bare.linked();
    one.link.heartbeat(10_000);
    one.link.detach();
    bare.turn();
    one.link.renew("late");
    one.link.bye();
    bare.turn();
    const other = bare.linked();
    other.link.heartbeat(10_000);
    bare.session.end("ERR_LOGGED_OUT", "bye");
    bare.turn();
    other.link.hello("late");
    expect([one.sent, other.sent]).toEqual([[], []]);
  });
});

describe("a message", () => {
  it.each(["not json", "[[0],", '"text"', "7", "null"])("that is %s ends the link, with the reason", (text) => {
    const { bare, one } = listening();
    one.link.message(text);
    expect(one.closed).toEqual({ code: 4400, reason: "" });
    expect(whats(bare)).toEqual(["protocolError"]);
    expect(bare.told[0]?.value).toEqual({ message: "broken protocol", cause: expect.any(Error) });
    expect(one.link.live).toBe(false);
  });

  it("that is binary ends the link", () => {
    const { bare, one } = listening();
    one.link.message(new Uint8Array([1, 2]));
    expect([one.closed?.code, whats(bare)]).toEqual([4400, ["protocolError"]]);
  });

  it("[R20] is dealt with no further once a handler has ended the session or given up the link", () => {
    for (const end of [
      ({ bare }: { bare: Bare }) => bare.session.end("ERR_LOGGED_OUT", "bye"),
      ({ one }: { one: BareLink }) => one.link.lost(),
    ]) {
      const both = listening();
      const { bare, one } = both;
      bare.within = (what) => {
        if (what === "event") end(both);
      };
      one.says(event(1), event(2));
      one.says(event(3));
      expect(whats(bare).filter((what) => what === "event")).toHaveLength(1);
      expect(one.closed).toBeUndefined();
    }
  });

  it("[R20] whose handler throws after the link was given up is no broken protocol", () => {
    const { bare, one } = listening();
    bare.within = (what) => {
      if (what !== "event") return;
      one.link.lost();
      throw new Error("a bug of the host");
    };
    one.says(event(1));
    expect([whats(bare), one.closed]).toEqual([["event"], undefined]);
  });

  it("with a reason that the host threw tells that very reason", () => {
    const { bare, one } = listening();
    const cause = new Error("a bug of the host");
    bare.within = (what) => {
      if (what === "event") throw cause;
    };
    one.says(event(1));
    expect(bare.told.at(-1)).toEqual({ what: "protocolError", value: { message: "broken protocol", cause } });
    expect(bare.told.at(-1)?.value).toHaveProperty("cause", cause);
  });

  it("[B10.3] moves what was delivered, which is told once for the message, and not where nothing moved", () => {
    const { bare, one } = listening();
    one.says(event(1), event(2));
    one.says(event(2));
    one.says([0, 2]);
    one.says([0, 1]);
    one.says([0, 5]);
    one.says([2, 1, "typing", "bob", 1]);
    expect(whats(bare)).toEqual(["event", "event", "moved", "moved", "ephemeral"]);
    expect(bare.session.position?.positions).toEqual([5]);
  });

  it("[B2.5] after the end of the session nobody is told that something moved", () => {
    const { bare, one } = listening();
    bare.within = (what) => {
      if (what === "event") bare.session.end("ERR_LOGGED_OUT", "bye");
    };
    one.says(event(1));
    expect(whats(bare)).toEqual(["event"]);
  });
});

describe("time", () => {
  it("is asked for while an answer is awaited, and not for a quiet link", () => {
    let asked = 0;
    const bare = createBare({ time: () => 1_000 + 100 * ++asked });
    const one = bare.linked();
    const before = asked;
    one.says([0]);
    expect(asked).toBe(before);
    bare.send("x");
    one.says([0]);
    expect(asked).toBe(before + 1);
    one.link.probe();
    one.says([4, 1]);
    expect(bare.told).toEqual([{ what: "probeAck", value: 100 }]);
  });

  it("is the last that was told where the host has no clock", () => {
    const bare = createBare();
    const one = bare.linked();
    one.link.probe(500);
    bare.send("x");
    bare.session.tick(800);
    one.says([4, 1]);
    expect(bare.told).toEqual([{ what: "probeAck", value: 300 }]);
  });
});

describe("probes", () => {
  it("[B6.1] only the answer to the last one counts, and it counts once per answer with the time since its asking", () => {
    const bare = createBare();
    const one = bare.linked();
    one.link.probe(100);
    one.link.probe(200);
    one.link.receive("[4,1]", 250);
    one.link.receive("[4,3]", 250);
    one.link.receive("[4,2]", 275);
    expect(bare.told).toEqual([{ what: "probeAck", value: 75 }]);
  });
});

describe("credit", () => {
  const give = (bare: Bare): void => {
    bare.turn();
    bare.rest();
  };

  it("[B10.8] comes with the quarter of the window, in a later task, once for all that came meanwhile", () => {
    const { bare, one } = listening({}, limits({ window: 8 }));
    one.says(event(1));
    expect(bare.waiting).toBe(0);
    one.says(event(2));
    one.says(event(3));
    expect([one.sent, bare.waiting]).toEqual([[], 1]);
    bare.turn();
    expect([one.news(), bare.waiting]).toEqual([[[5, 3]], 0]);
    one.says(event(4));
    expect(bare.waiting).toBe(0);
    one.says(event(5));
    bare.turn();
    expect(one.news()).toEqual([[5, 5]]);
  });

  it("[B10.8] waits for the task that the host has for it, where it has one", () => {
    const { bare, one } = listening({ idle: true }, limits({ window: 4 }));
    one.says(event(1));
    expect([bare.waiting, bare.idling]).toEqual([0, 1]);
    bare.rest();
    expect([one.news(), bare.waiting]).toEqual([[[5, 1]], 0]);
  });

  it("[B10.8] comes with the quarter of the bytes, counted by what arrived on the link", () => {
    const arrived = [welcomeOf(limits({ windowBytes: 1000, eventBytes: 1 })), channel, event(1, "x".repeat(100))];
    const quarter = arrived.reduce<number>((sum, frame) => sum + JSON.stringify(frame).length, 0);
    for (const [windowBytes, waiting] of [
      [4 * quarter, 1],
      [4 * quarter + 1, 0],
    ] as const) {
      const { bare, one } = listening({}, limits({ windowBytes, eventBytes: 1 }));
      one.says(arrived[2]);
      expect(bare.waiting).toBe(waiting);
      bare.turn();
      expect(one.news()).toEqual(waiting === 1 ? [[5, 1]] : []);
    }
  });

  it("[B10.8] begins to count anew behind each, events and bytes alike", () => {
    const size = JSON.stringify(event(10)).length;
    const { bare, one } = listening({}, limits({ window: 400, windowBytes: 4 * (3 * size + 3) }));
    one.says(event(9));
    one.says([0]);
    one.news();
    const given: number[] = [];
    for (let n = 10; n <= 20; n++) {
      one.says(event(n));
      bare.turn();
      if (one.news().length > 0) given.push(n);
    }
    // The ping has three characters, and came behind its credit.
    expect(given).toEqual([12, 16, 20]);
  });

  it("[B10.8] a pong brings it before its time, and then the task has nothing to say", () => {
    const { bare, one } = listening({}, limits({ window: 8 }));
    one.says(event(1));
    one.says(event(2));
    one.says([0]);
    expect(one.news()).toEqual([[[0], [5, 2]]]);
    bare.turn();
    expect(one.sent).toEqual([]);
    one.says([0]);
    expect(one.news()).toEqual([[0]]);
  });

  it("[B10.8] ephemeral events alone, however many, are not acknowledged", () => {
    const { bare, one } = listening({}, limits({ windowBytes: 400 }));
    for (let i = 0; i < 50; i++) one.says([2, 1, "typing", "bob", "x".repeat(100)]);
    give(bare);
    expect(one.sent).toEqual([]);
  });

  it("[B10.8] is one number for each partition", () => {
    const { bare, one } = listening({}, { positions: [3, 9], ...limits({ window: 4 }) });
    one.says(event(5));
    bare.turn();
    expect(one.news()).toEqual([[5, 5, 9]]);
  });

  it("[R20] on a link that is gone when its task comes is nothing", () => {
    const { bare, one } = listening({}, limits({ window: 4 }));
    one.says(event(1));
    one.link.lost();
    bare.turn();
    expect(one.sent).toEqual([]);
  });
});

describe("positions", () => {
  it("[B10.2] a ping tells heads: what is behind is taken over, what is not is left, for each partition", () => {
    const { bare, one } = listening({}, { positions: [5, 5] });
    one.says([0, 4, 6]);
    expect(bare.session.position).toEqual({ epoch: "e1", positions: [5, 6] });
    expect(bare.session.received).toEqual({ epoch: "e1", positions: [5, 6] });
    one.says([0, 7]);
    expect(one.closed?.code).toBe(4400);
    expect(bare.session.position).toEqual({ epoch: "e1", positions: [5, 6] });
  });

  it("[B10.4] the end of the replay moves it too, and tells where that is", () => {
    const { bare, one } = listening();
    one.says({ t: "caughtUp", positions: [8] });
    expect(bare.told).toEqual([{ what: "caughtUp", value: { epoch: "e1", positions: [8] } }, { what: "moved" }]);
    one.says(event(9));
    expect(bare.told[0]?.value).toEqual({ epoch: "e1", positions: [8] });
    one.says({ t: "caughtUp", positions: [9, 9] });
    expect(one.closed?.code).toBe(4400);
  });

  it("[B10.4] a gap tells from where to where, moves what was received before and what was delivered after", () => {
    const { bare, one } = listening();
    one.says(event(2));
    bare.told.length = 0;
    bare.within = (what) => {
      if (what === "gap") bare.told.push({ what: "stood", value: [bare.session.received, bare.session.position] });
    };
    one.says({ t: "gap", from: [0], to: [7] });
    const [from, to] = [
      { epoch: "e1", positions: [2] },
      { epoch: "e1", positions: [7] },
    ];
    expect(bare.told).toEqual([
      { what: "gap", value: { from, to } },
      { what: "stood", value: [to, from] },
      { what: "moved" },
    ]);
    expect(bare.session.position).toEqual(to);
    one.says(event(8));
    expect(bare.told[0]?.value).toEqual({ from, to });
  });

  it("[B10.1] of an event are its own with one partition, all with several, and stay as they are", () => {
    const { bare, one } = listening({}, { positions: [0, 3] });
    one.says(event(1), event(2));
    const [first, second] = bare.told.map(({ value }) => value as { readonly position: unknown });
    expect(first?.position).toEqual({ epoch: "e1", positions: [1, 3] });
    expect(second?.position).toEqual({ epoch: "e1", positions: [2, 3] });
    const single = listening();
    single.one.says(event(4), event(5));
    expect(single.bare.told[0]?.value).toMatchObject({ position: { epoch: "e1", positions: [4] } });
  });

  it("[B10.2] what is read of them does not change later", () => {
    const { bare, one } = listening();
    const [position, received] = [bare.session.position, bare.session.received];
    one.says(event(3));
    expect([position, received]).toEqual(Array(2).fill({ epoch: "e1", positions: [0] }));
    expect(bare.session.received).toEqual({ epoch: "e1", positions: [3] });
  });
});

describe("a welcome", () => {
  it("[B2.4] of another user ends the link with 4401 and is told as a refusal, for good", () => {
    const bare = createBare();
    const one = bare.attach();
    one.says(welcomeOf({ user: "mallory" }), channel);
    expect(one.closed).toEqual({ code: 4401, reason: "" });
    expect(bare.told).toEqual([
      {
        what: "reject",
        value: {
          t: "reject",
          code: "ERR_AUTH_REJECTED",
          message: "another user",
          retry: "never",
          minDelayMs: 0,
          spreadMs: 0,
        },
      },
    ]);
    expect([one.link.live, bare.session.position]).toEqual([false, undefined]);
  });

  it("[R20] supersedes the link before, which is stale from then on", () => {
    const { bare, one } = listening();
    const next = bare.attach();
    next.link.hello("t");
    expect([one.link.live, next.link.live]).toEqual([true, false]);
    next.says(welcomeOf({ recovery: "resumed" }));
    expect([one.link.live, next.link.live]).toEqual([false, true]);
    bare.told.length = 0;
    one.says(event(1));
    one.link.lost();
    expect([bare.told, next.link.live]).toEqual([[], true]);
  });

  it("[R20] on a link that was given up before it came changes nothing", () => {
    const bare = createBare();
    const one = bare.attach();
    one.link.lost();
    one.says(welcomeOf());
    expect([bare.told, one.link.live, bare.session.position]).toEqual([[], false, undefined]);
  });

  it.each([[{ recovery: "resumed", epoch: "e2" }], [{ recovery: "resumed", positions: [0, 0] }]])(
    "[B10.2] with %j, which cannot follow from what was brought, ends the link with 4400",
    (fields) => {
      const bare = createBare({ resume: { epoch: "e1", positions: [3] } });
      const one = bare.attach();
      one.says(welcomeOf(fields));
      expect([one.closed?.code, whats(bare)]).toEqual([4400, ["protocolError"]]);
      expect(bare.session.position).toEqual({ epoch: "e1", positions: [3] });
    },
  );

  it("twice on one link ends it with 4400", () => {
    const { bare, one } = listening();
    one.says(welcomeOf());
    expect([one.closed?.code, whats(bare)]).toEqual([4400, ["protocolError"]]);
  });

  it("[B10.4] that is new to a client without a position begins at the heads, tells no gap, and is worth saving", () => {
    const bare = createBare();
    const one = bare.attach();
    one.says(welcomeOf({ positions: [5] }));
    expect(whats(bare)).toEqual(["welcome", "moved"]);
    expect([bare.session.position, bare.session.received]).toEqual(Array(2).fill({ epoch: "e1", positions: [5] }));
  });

  it("[B10.4] that resumes moves nothing and tells no gap", () => {
    const bare = createBare({ resume: { epoch: "e1", positions: [3] } });
    const one = bare.attach();
    one.says(welcomeOf({ recovery: "resumed", positions: [3] }));
    expect(whats(bare)).toEqual(["welcome"]);
    expect(bare.session.position).toEqual({ epoch: "e1", positions: [3] });
    one.says(channel, event(4));
    expect(whats(bare)).toEqual(["welcome", "event", "moved"]);
  });

  it("[B10.4] that is new in another epoch to a client with a position tells the gap into that epoch", () => {
    const bare = createBare({ resume: { epoch: "e1", positions: [3] } });
    const one = bare.attach();
    one.says(welcomeOf({ epoch: "e2", positions: [1, 2] }));
    const [from, to] = [
      { epoch: "e1", positions: [3] },
      { epoch: "e2", positions: [1, 2] },
    ];
    expect(bare.told.slice(1)).toEqual([{ what: "gap", value: { from, to } }, { what: "moved" }]);
    expect(bare.session.position).toEqual(to);
  });

  it("[B10.4] that says gap moves nothing until the gap is told; behind it everything goes on", () => {
    const bare = createBare({ resume: { epoch: "e1", positions: [3] } });
    const one = bare.attach();
    one.says(welcomeOf({ recovery: "gap", positions: [9] }), channel);
    expect(bare.session.received).toEqual({ epoch: "e1", positions: [3] });
    one.says({ t: "gap", from: [3], to: [9] }, event(10), [0, 11], { t: "caughtUp", positions: [12] });
    expect(whats(bare)).toEqual(["welcome", "gap", "event", "caughtUp", "moved"]);
    expect([one.closed, bare.session.position]).toEqual([undefined, { epoch: "e1", positions: [12] }]);
  });

  it("[B10.6] sends what was waiting before it is told, so that nothing the host sends then comes before it", () => {
    const bare = createBare();
    const one = bare.attach();
    bare.send("waited", { queued: true });
    bare.within = (what) => {
      if (what === "welcome") bare.send("at the welcome");
    };
    one.says(welcomeOf());
    expect(one.news()).toEqual([
      [
        [6, "nonce-1", "user:bob", "message", "waited", 0],
        [6, "nonce-2", "user:bob", "message", "at the welcome", 0],
      ],
    ]);
  });
});

describe("events", () => {
  it("[B10.1] carry the sender's id where there is one", () => {
    const { bare, one } = listening();
    one.says(event(1), [...event(2), "id"]);
    expect(bare.told.slice(0, 2).map(({ value }) => (value as { readonly id?: unknown }).id)).toEqual([
      undefined,
      "id",
    ]);
    one.says([...event(3), null]);
    expect(one.closed?.code).toBe(4400);
  });

  it("[B10.1] of a channel that was announced anew under its alias are that channel's", () => {
    const { bare, one } = listening();
    one.says({ ...channel, channel: "group:g" }, event(1), [2, 1, "typing", "bob", 1]);
    expect(bare.told.map(({ value }) => (value as { readonly channel?: unknown } | undefined)?.channel)).toEqual([
      "group:g",
      "group:g",
      undefined,
    ]);
  });

  it("[R20] on a link that was superseded are not known by the aliases of the one before", () => {
    const { bare } = listening();
    const next = bare.linked({ recovery: "resumed" });
    next.says(event(1));
    expect([next.closed?.code, whats(bare)]).toEqual([4400, ["protocolError"]]);
  });

  it.each([
    ["a channel of a partition that there is not", { ...channel, partition: 1 }],
    ["an ephemeral event of nobody's channel", [2, 7, "typing", "bob", 1]],
    ["an ephemeral event without data", [2, 1, "typing", "bob"]],
    ["an ephemeral event of no kind", [2, 1, 7, "bob", 1]],
    ["a positional frame that begins with a word", ["message"]],
    ["an acknowledgement of nothing", [3, "a"]],
    ["a probe's answer without a number", [4]],
    ["a probe's answer with too large a number", [4, null]],
  ])("%s ends the link with 4400", (_, frame) => {
    const { bare, one } = listening();
    one.says(...(Array.isArray(frame) ? [[0], frame] : [frame]));
    expect([one.closed?.code, whats(bare)]).toEqual([4400, ["protocolError"]]);
  });
});
