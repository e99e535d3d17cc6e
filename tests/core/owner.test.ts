/** What the owner of a connection gives it, and what it is told: log lines, policy, URL, tokens, the protocol's own timer. */
import { type ConnectionOptions, connectionError, type Logger, type Snapshot } from "@cc/core";
import { describe, expect, test } from "vitest";
import { createRig, linkedRig } from "./rig.js";
import { idleRig } from "./states.js";

describe("log lines", () => {
  const written = (): { readonly lines: unknown[]; readonly logger: Logger } => {
    const lines: unknown[] = [];
    const line =
      (level: string) =>
      (message: string, fields?: object): void =>
        void lines.push(fields === undefined ? [level, message] : [level, message, fields]);
    return { lines, logger: { debug: line("debug"), info: line("info"), warn: line("warn"), error: line("error") } };
  };

  test("[B9.2] a status with its reason and attempt, an error with its code and phase, and nothing else", () => {
    const { lines, logger } = written();
    const rig = createRig({ owner: { logger } });
    rig.start();
    rig.linkUp();
    rig.lose({ code: 1011, reason: "oops" });
    expect(lines).toEqual([
      ["info", "connecting", { reason: "starting", attempt: 1 }],
      ["info", "connected", { reason: "welcome", attempt: 1 }],
      ["warn", "Connection closed (1011) oops", { code: "ERR_WEBSOCKET_ERROR", phase: "linked" }],
      ["info", "disconnected", { reason: "linkLost", attempt: 1 }],
    ]);
  });

  test("[B1.5] what a listener throws is logged where onListenerError is not given, and is nobody's where there is no logger", () => {
    const { lines, logger } = written();
    const loggers: readonly (Logger | undefined)[] = [logger, {}, undefined];
    for (const given of loggers) {
      const rig = createRig({ owner: { onListenerError: undefined, logger: given } });
      rig.connection.on("status", () => {
        throw new Error("mine");
      });
      rig.start();
      rig.linkUp();
      rig.lose();
      expect(rig.log).toEqual(["connecting", "connected", "! ERR_WEBSOCKET_ERROR", "disconnected"]);
    }
    expect(lines.filter((line) => (line as string[])[0] === "error")).toEqual(
      Array.from({ length: 3 }, () => ["error", "Error: mine"]),
    );
  });
});

test("[R28] an owner who wants to be told nothing is told nothing: neither of what should be saved nor of changes", () => {
  const rig = linkedRig({ owner: { save: undefined, changed: undefined, logger: undefined } });
  rig.lose({ code: 1013, retryAfterMs: 5_000 });
  expect(rig.log).toEqual(["! ERR_SERVER_OVERLOADED", "disconnected"]);
});

describe("policy", () => {
  test("init replaces what it names, and leaves what was given before", () => {
    const asked: number[] = [];
    const rig = createRig({
      policy: {
        background: { graceMs: 8_000 },
        shouldRetry: (_, { attempt }) => {
          asked.push(attempt);
          return undefined;
        },
      },
    });
    rig.connection.init({ auto: true, policy: { stableMs: 1_000 } });
    expect(rig.connection.snapshot().background).toEqual({ graceMs: 8_000 });
    rig.start();
    rig.linkUp();
    rig.clock.advance(1_000);
    expect(rig.connection.snapshot().attempt, "stable after one second").toBe(0);
    rig.lose();
    expect(asked, "still asked").toEqual([0]);
  });

  test("[B3.2] init may declare another background, and another shouldRetry", () => {
    const rig = createRig({ policy: { background: "disconnect", shouldRetry: () => ({ action: "stop" }) } });
    rig.connection.init({ auto: true, policy: { background: "keep", shouldRetry: () => ({ action: "retry" }) } });
    rig.start();
    rig.linkUp();
    rig.lifecycle.emit("background");
    expect([rig.status(), rig.connection.snapshot().background]).toEqual(["connected", "keep"]);
    rig.lose();
    expect(rig.phase()).toBe("waiting");
  });
});

describe("the URL", () => {
  test("a function is asked at each dial, as a method of the options", () => {
    const hosts = ["one", "two"];
    const owner: Partial<ConnectionOptions> & { readonly at: string } = {
      at: "gateway.test",
      url(this: { at: string }) {
        return `ws://${hosts.shift()}.${this.at}/`;
      },
    };
    const rig = createRig({ owner });
    // The connection's options are a copy of the rig's; what they hold is the same.
    rig.start();
    rig.dialled().refuse();
    rig.dialled(5_000);
    expect(rig.links.all.map(({ url }) => url)).toEqual(["ws://one.gateway.test/", "ws://two.gateway.test/"]);
  });

  test("[R28] one that throws is told to onListenerError, and the attempt fails like any other", () => {
    const boom = new Error("no region");
    const rig = createRig({
      owner: {
        url: () => {
          throw boom;
        },
      },
    });
    rig.start();
    expect(rig.dialled().url).toBe("");
    expect(rig.thrown).toEqual([boom]);
    rig.links.last.refuse({ cause: boom });
    expect(rig.phase()).toBe("waiting");
  });
});

describe("snapshots", () => {
  test("changed is called once for each change, before any listener of it, and for nothing else", () => {
    let changed = 0;
    const count = (): void => {
      changed += 1;
    };
    const rig = createRig({ owner: { changed: count } });
    const seen: number[] = [];
    rig.connection.subscribe(() => void seen.push(changed));
    rig.start();
    rig.linkUp();
    rig.protocol.last.host.outbox();
    rig.clock.advance(1_000);
    rig.lose();
    expect(seen).toEqual(Array.from({ length: changed + 1 }, (_, n) => n));
  });

  test("an owner who alone wants to know is told of each change, and a logger of each status and error", () => {
    const changes: string[] = [];
    const owner = createRig({ deaf: true, owner: { changed: () => void changes.push(owner.phase()) } });
    const lines: unknown[] = [];
    const told = (...line: unknown[]): void => void lines.push(line[0]);
    const logged = createRig({ deaf: true, owner: { logger: { info: told, warn: told, error: told } } });
    for (const rig of [owner, logged]) {
      rig.start();
      rig.linkUp();
      rig.lose();
    }
    expect(changes).toEqual(["idle", "waiting", "transport", "handshake", "linked", "waiting"]);
    expect(lines).toEqual(["connecting", "connected", expect.stringContaining("1006"), "disconnected"]);
  });

  test("[B1.3] [B1.5] where nobody listens a snapshot is of now and stays itself, and who comes then is told of the next change alone", () => {
    const rig = createRig({ deaf: true });
    rig.start();
    rig.linkUp();
    rig.lose();
    const lost = rig.connection.snapshot();
    expect(lost).toMatchObject({ status: "disconnected", phase: "waiting", error: { code: "ERR_WEBSOCKET_ERROR" } });
    expect(rig.connection.snapshot()).toBe(lost);
    // Past the dial and its failure, looked at by nobody.
    rig.dialled(60_000).refuse();
    const told: unknown[] = [];
    rig.connection.on("snapshot", (snapshot) => void told.push(snapshot.phase));
    rig.connection.on("status", ({ previous, current }) => void told.push(`${previous} → ${current}`));
    const blocked = { code: "ERR_TRANSPORT_BLOCKED", message: "", phase: "transport", retryable: true } as const;
    rig.connection.hint(blocked);
    const hinted = rig.connection.snapshot();
    expect(hinted.error?.code).toBe("ERR_TRANSPORT_BLOCKED");
    // The same once more, which no snapshot shows.
    rig.connection.hint(blocked);
    expect(rig.connection.snapshot()).toBe(hinted);
    rig.dialled(60_000);
    expect(told).toEqual(["waiting", "disconnected → connecting", "transport"]);
  });

  test("[B1.6] subscribe: once is the current one alone; an aborted signal and the end of a connection are none", () => {
    const rig = createRig();
    const seen: [string, Snapshot["phase"]][] = [];
    const note = (name: string) => (snapshot: Snapshot) => void seen.push([name, snapshot.phase]);
    rig.connection.subscribe(note("once"), { once: true });
    rig.connection.subscribe(note("never"), { signal: AbortSignal.abort() });
    const controller = new AbortController();
    rig.connection.subscribe(note("till"), { signal: controller.signal });
    controller.abort();
    rig.start();
    rig.linkUp();
    rig.connection.dispose();
    rig.connection.subscribe(note("late"));
    expect(seen).toEqual([
      ["once", "idle"],
      ["till", "idle"],
    ]);
  });

  test("[B1.7] a session event names the session and the link", () => {
    const rig = createRig();
    const sessions: unknown[] = [];
    rig.connection.on("session", (event) => void sessions.push([event, Object.isFrozen(event)]));
    rig.start();
    rig.linkUp({ session: "s9", recovery: "gap" });
    const { link } = rig.connection.snapshot();
    expect(sessions).toEqual([[{ recovery: "gap", session: "s9", downtimeMs: 0, link }, true]]);
  });

  test("report tells listeners of errors, and changes nothing", () => {
    const rig = linkedRig();
    const before = rig.connection.snapshot();
    rig.connection.report({ code: "ERR_QUEUE_FULL", message: "full", phase: "send", retryable: true });
    expect(rig.log).toEqual(["! ERR_QUEUE_FULL"]);
    expect(rig.connection.snapshot()).toBe(before);
  });
});

describe("the protocol's own timer", () => {
  test("[B6.5] it is served at its time, with a link and without, and not after the end", () => {
    const rig = createRig();
    rig.start();
    rig.linkUp({ heartbeatMs: null });
    for (const bring of [() => {}, () => void rig.connection.disconnect()]) {
      bring();
      rig.clock.advance(10_000);
      const { ticks } = rig.protocol;
      rig.protocol.due = rig.clock.now() + 500;
      rig.protocol.links.at(-1)?.host.outbox();
      rig.clock.advance(499);
      expect(rig.protocol.ticks).toBe(ticks);
      rig.clock.advance(1);
      expect(rig.protocol.ticks).toBe(ticks + 1);
    }
    rig.protocol.due = rig.clock.now() + 500;
    rig.protocol.links.at(-1)?.host.outbox();
    expect(rig.clock.pending).toBe(1);
    rig.connection.dispose();
    expect(rig.clock.pending).toBe(0);
  });

  test("[B9.2] without a link it holds the process, for somebody waits for its outcome; a link holds it by itself", () => {
    const rig = createRig();
    rig.start();
    rig.linkUp({ heartbeatMs: null });
    rig.clock.advance(10_000);
    rig.protocol.due = rig.clock.now() + 60_000;
    rig.protocol.last.host.outbox();
    expect([rig.clock.pending, rig.clock.held]).toEqual([1, 0]);
    void rig.connection.disconnect();
    rig.protocol.last.host.outbox();
    expect([rig.clock.pending, rig.clock.held]).toEqual([1, 1]);
  });

  test("one that is due already is served in the next task, and never inside the call", () => {
    const rig = linkedRig();
    const { ticks } = rig.protocol;
    rig.protocol.due = rig.clock.now() - 5;
    rig.protocol.last.host.outbox();
    expect(rig.protocol.ticks).toBe(ticks);
    rig.clock.advance(0);
    expect(rig.protocol.ticks).toBe(ticks + 1);
  });
});

describe("tokens of the app's own", () => {
  test("[B2.6] a request that nobody needs any more is aborted: by disconnect(), logout() and the end", () => {
    for (const end of ["disconnect", "logout", "dispose"] as const) {
      const rig = idleRig();
      rig.getToken.answer = () => new Promise(() => {});
      rig.watch(rig.connection.connect());
      expect([rig.getToken.calls.length, rig.aborted]).toEqual([1, []]);
      void rig.connection[end]();
      expect(rig.aborted, end).toEqual(["missing"]);
    }
  });

  test.each<[string, unknown, object]>([
    ["an error", new Error("no"), { message: "Error: no", retryable: true }],
    ["a text", "no", { message: "no", retryable: true, cause: "no" }],
    ["nothing", undefined, { message: "undefined", retryable: true }],
    ["an error marked terminal", Object.assign(new Error("gone"), { terminal: true }), { retryable: false }],
    ["one marked otherwise", Object.assign(new Error("gone"), { terminal: "yes" }), { retryable: true }],
    [
      "one of ours that may be tried again",
      connectionError("ERR_NO_INTERNET", "offline", "auth", { retryable: true }),
      { code: "ERR_NO_INTERNET", message: "offline", phase: "auth", retryable: true },
    ],
    [
      "one of ours that may not",
      connectionError("ERR_AUTH_REJECTED", "banned", "auth"),
      { code: "ERR_AUTH_REJECTED", message: "banned", phase: "auth", retryable: false },
    ],
  ])(
    "[B2.6] [R28] getToken throws %s: it is told as it is, and ends the attempts only if it says so",
    async (_, thrown, told) => {
      const rig = idleRig();
      rig.getToken.answer = () => {
        throw thrown;
      };
      rig.watch(rig.connection.connect());
      await rig.settle();
      expect(rig.errors[0]).toMatchObject({ code: "ERR_TOKEN_PROVIDER", phase: "token", ...told });
      expect(rig.phase()).toBe("retryable" in told && told.retryable === true ? "waiting" : "failed");
    },
  );
});

describe("the end", () => {
  test("[B1.9] a second dispose() is nothing, and neither is what is called after it", async () => {
    const rig = linkedRig();
    rig.connection.dispose();
    rig.connection.dispose();
    rig.connection.init({ auto: true });
    rig.start({ user: "bob" });
    rig.connection.logout();
    rig.clock.advance(60_000);
    const call = rig.watch(rig.connection.disconnect());
    await rig.settle();
    expect([rig.dials, rig.lifecycle.watchers, call.code]).toEqual([1, 0, "ERR_DISPOSED"]);
    expect(rig.links.last.closeCalls).toEqual([{ code: 1000, reason: undefined }]);
    expect(rig.protocol.last.acts.slice(-2)).toEqual(["bye", "detach"]);
  });
});
