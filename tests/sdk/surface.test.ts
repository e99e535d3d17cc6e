/** What an application holds in its hands: listeners, promises, disposal, and a client that does nothing until told to. */
import { createClient } from "@cc/sdk/portable";
import { createScriptedLifecycle, createScriptedLinks, createScriptedStorage, createVirtualClock } from "@cc/testkit";
import { describe, expect, it, onTestFinished } from "vitest";
import { app, createRig, durable } from "./rig.js";

describe("before init", () => {
  it("[B1.2] getConnectionStatus() is one of the four at any time, before init and after dispose too", async () => {
    const { client } = createRig();
    expect(client.getConnectionStatus()).toBe("disconnected");
    await client.dispose();
    expect(client.getConnectionStatus()).toBe("disconnected");
  });

  it("[B4.2][B4.6] connect(), ping() and send() are refused at once, in the order of the contract", async () => {
    const { client } = createRig();
    for (const call of [() => client.connect(), () => client.ping(), () => client.send("x")])
      await expect(call()).rejects.toMatchObject({ name: "ConnectionError", code: "ERR_NOT_INITIALIZED" });
    await client.init(app);
    for (const call of [() => client.connect(), () => client.ping(), () => client.send("x")])
      await expect(call()).rejects.toMatchObject({ code: "ERR_NOT_LOGGED_IN" });
    await client.login("ann", "key");
    await expect(client.ping()).rejects.toMatchObject({ code: "ERROR_PING_NOT_AVAILABLE" });
  });

  it("[B9.1] many clients are made without a timer, a listener, a storage access, a draw or a socket", () => {
    const clock = createVirtualClock();
    const links = createScriptedLinks({ clock });
    const lifecycle = createScriptedLifecycle();
    const storage = createScriptedStorage();
    let draws = 0;
    const rig = createRig();
    for (let n = 0; n < 1_000; n += 1) {
      createClient({
        clock,
        random: () => {
          draws += 1;
          return 0.5;
        },
        openLink: links.open,
        lifecycle,
        storage,
        tabStorage: storage,
        protocol: { path: "", login: true, create: () => rig.last.protocol as never },
      });
    }
    expect([clock.pending, links.all.length, lifecycle.watchers, storage.calls.length, draws]).toEqual([0, 0, 0, 0, 0]);
  });

  it("[B9.1] clients live side by side: two users in one process, nothing shared", async () => {
    const [ann, bob] = [createRig(), createRig()];
    await Promise.all([ann.linked("ann"), bob.linked("bob")]);
    await ann.client.logout();
    expect([ann.client.getConnectionStatus(), bob.client.getConnectionStatus()]).toEqual(["disconnected", "connected"]);
  });
});

describe("listeners", () => {
  it("[B1.6][R21] the same function is called once, however often it was registered; both unsubscribes are idempotent", async () => {
    const rig = createRig();
    await rig.linked();
    const heard: unknown[] = [];
    const listener = ({ data }: { data: unknown }): void => void heard.push(data);
    rig.client.on("message", listener);
    const off = rig.client.on("message", listener);
    rig.last.context.event(durable("one", 1));
    expect(heard).toEqual(["one"]);
    off();
    off();
    rig.last.context.event(durable("two", 2));
    expect(heard).toEqual(["one"]);
  });

  it("[B1.6] once, signal and `using` end a registration", async () => {
    const rig = createRig();
    await rig.linked();
    const heard: string[] = [];
    const abort = new AbortController();
    rig.client.on("message", ({ data }) => void heard.push(`once ${data}`), { once: true });
    rig.client.on("event", ({ data }) => void heard.push(`signal ${data}`), { signal: abort.signal });
    const off = rig.client.on("*", ({ data }) => void heard.push(`using ${data}`));
    rig.last.context.event(durable("a", 1));
    abort.abort();
    off[Symbol.dispose]();
    rig.last.context.event(durable("b", 2));
    expect(heard).toEqual(["once a", "signal a", "using a"]);
    rig.client.on("event", () => void heard.push("never"), { signal: abort.signal });
    rig.last.context.event(durable("c", 3));
    expect(heard.length).toBe(3);
  });

  it("[B9.5][B1.6] on(kind), on('event'), on('ephemeral') and on('*') hear what they name, whatever the kind is called", async () => {
    const rig = createRig();
    await rig.linked();
    const { client } = rig;
    const heard: string[] = [];
    const kinds = ["message", "constructor", "__proto__", "toString", "status", "user", "*", "event", ""];
    const on = client.on.bind(client) as (event: string, listener: (event: { kind?: string }) => void) => unknown;
    for (const name of ["message", "constructor", "__proto__", "toString"])
      on(name, ({ kind }) => void heard.push(`${name}:${kind}`));
    client.on("event", ({ kind }) => void heard.push(`event:${kind}`));
    client.on("ephemeral", ({ kind }) => void heard.push(`ephemeral:${kind}`));
    client.on("*", ({ kind }) => void heard.push(`*:${kind}`));
    for (const [n, kind] of kinds.entries()) {
      heard.length = 0;
      rig.last.context.event({ ...durable("x", n), kind });
      const own = n < 4 ? [`${kind}:${kind}`] : [];
      expect(heard).toEqual([...own, `event:${kind}`, `*:${kind}`]);
    }
    heard.length = 0;
    rig.last.context.event({ class: "ephemeral", kind: "typing", channel: "user:ann", from: "bob", data: {} });
    expect(heard).toEqual(["ephemeral:typing", "*:typing"]);
    expect(rig.client.getConnectionStatus()).toBe("connected");
  });

  it("[B1.6] events() yields in order what came, and ends by its signal and by leaving the loop", async () => {
    const rig = createRig();
    await rig.linked();
    const abort = new AbortController();
    const iterator = rig.client.events("message", { signal: abort.signal });
    for (const n of [1, 2, 3]) rig.last.context.event(durable(`m${n}`, n));
    const seen: unknown[] = [];
    for await (const { data } of iterator) if (seen.push(data) === 3) abort.abort();
    expect(seen).toEqual(["m1", "m2", "m3"]);
    const left: unknown[] = [];
    const loop = async (): Promise<void> => {
      for await (const { data } of rig.client.events("message")) {
        left.push(data);
        break;
      }
    };
    const done = loop();
    for (const n of [4, 5]) rig.last.context.event(durable(`m${n}`, n));
    await done;
    expect(left).toEqual(["m4"]);
  });

  it("[B1.6] addConnectionListener and addLoginListener: the same id replaces in place, an old unsubscribe ends nothing new", async () => {
    const rig = createRig();
    const heard: string[] = [];
    const offs = [
      rig.client.addConnectionListener("x", { onConnected: () => void heard.push("old") }),
      rig.client.addLoginListener("x", { loginSuccess: () => void heard.push("old") }),
    ];
    rig.client.addLoginListener("y", { loginSuccess: () => void heard.push("y") });
    rig.client.addConnectionListener("x", { onConnected: () => void heard.push("new") });
    rig.client.addLoginListener("x", { loginSuccess: () => void heard.push("new") });
    for (const off of offs) off();
    await rig.linked();
    expect(heard).toEqual(["new", "y", "new"]);
    rig.client.removeLoginListener("x");
    rig.client.removeConnectionListener("x");
    rig.client.removeLoginListener("nobody");
    await rig.client.logout();
    await rig.linked();
    expect(heard).toEqual(["new", "y", "new", "y"]);
  });

  it("[B1.5] a login listener that throws stops neither the others nor the login; one that is removed meanwhile is not called", async () => {
    const rig = createRig();
    const heard: string[] = [];
    rig.client.addLoginListener("a", {
      loginSuccess: () => {
        rig.client.removeLoginListener("b");
        throw new Error("mine");
      },
    });
    rig.client.addLoginListener("b", { loginSuccess: () => void heard.push("b") });
    rig.client.addLoginListener("c", { loginSuccess: () => void heard.push("c") });
    await rig.client.init(app);
    await expect(rig.client.login("ann", "key")).resolves.toMatchObject({ uid: "ann" });
    expect([heard, rig.thrown]).toEqual([["c"], [new Error("mine")]]);
  });

  it("[B1.5][B10.3] a thrower among the event handlers stops nobody", async () => {
    const rig = createRig();
    await rig.linked();
    const heard: unknown[] = [];
    rig.client.on("message", () => {
      throw new Error("mine");
    });
    rig.client.on("message", ({ data }) => void heard.push(data));
    rig.last.context.event(durable("on", 1));
    expect([heard, rig.thrown]).toEqual([["on"], [new Error("mine")]]);
  });

  it("[B1.5] without onListenerError a thrower goes to the logger", async () => {
    const lines: unknown[] = [];
    const rig = createRig({ onListenerError: undefined, logger: { error: (...line) => void lines.push(line) } });
    await rig.linked();
    rig.client.on("message", () => {
      throw new Error("mine");
    });
    rig.last.context.event(durable("x", 1));
    expect(JSON.stringify(lines)).toContain("mine");
  });

  it("[B1.5] a thrower's error goes to the platform's reportError where there is one, else to the logger; the option comes first", async () => {
    const reported: unknown[] = [];
    const lines: unknown[] = [];
    const platform = globalThis as { reportError?: (error: unknown) => void };
    const was = Object.getOwnPropertyDescriptor(platform, "reportError");
    Object.defineProperty(platform, "reportError", {
      value: (error: unknown) => void reported.push(error),
      configurable: true,
    });
    onTestFinished(() => {
      if (was) Object.defineProperty(platform, "reportError", was);
      else Reflect.deleteProperty(platform, "reportError");
    });
    const logger = { error: (line: string) => void lines.push(line) };
    const mine = new Error("mine");
    const thrower = (): never => {
      throw mine;
    };
    const plain = createRig({ onListenerError: undefined, logger });
    plain.client.on("status", thrower);
    plain.client.addLoginListener("thrower", { loginSuccess: thrower });
    await plain.linked();
    expect([new Set(reported), lines]).toEqual([new Set([mine]), []]);
    reported.length = 0;
    const own = createRig({ logger });
    own.client.on("status", thrower);
    await own.linked();
    expect([reported, lines, new Set(own.thrown)]).toEqual([[], [], new Set([mine])]);
  });

  it("[B1.6] until() answers by status, by 'linked' and by predicate, and gives up by signal and in time", async () => {
    const rig = createRig();
    const { client, clock, watch } = rig;
    const abort = new AbortController();
    const waits = [
      watch(client.until("linked")),
      watch(client.until("connected")),
      watch(client.until((s) => s.user === "ann")),
      watch(client.until("featureThrottled", { timeoutMs: 5_000 })),
      watch(client.until("featureThrottled", { signal: abort.signal })),
    ];
    await rig.linked();
    abort.abort(new Error("enough"));
    await clock.advanceAsync(0);
    expect(waits.map(({ state }) => state)).toEqual(["resolved", "resolved", "resolved", "rejected", "rejected"]);
    expect(waits[4]?.error).toEqual(new Error("enough"));
  });

  it("[B1.7] the session event tells each welcome: recovery, and how long there was no link", async () => {
    const rig = createRig({ answers: false });
    const { client, clock, links } = rig;
    const sessions: unknown[] = [];
    client.on("session", ({ recovery, downtimeMs }) => void sessions.push([recovery, downtimeMs]));
    await client.init(app);
    await client.login("ann", "key");
    const up = async (recovery: "new" | "resumed" | "gap"): Promise<void> => {
      while (links.all.length === 0 || links.last.state !== "connecting") await clock.advanceAsync(10);
      links.last.open();
      await clock.advanceAsync(0);
      rig.last.protocol.last.welcome({ recovery, heartbeatMs: null });
    };
    await up("new");
    await clock.advanceAsync(10_000);
    const lost = clock.now();
    links.last.close();
    await up("resumed");
    expect(sessions).toEqual([
      ["new", 0],
      ["resumed", clock.now() - lost],
    ]);
  });

  it("[B1.6] subscribe() tells the snapshot at once, and it is the same object until something changes", async () => {
    const rig = createRig();
    await rig.linked();
    const seen: unknown[] = [];
    rig.client.subscribe((snapshot) => void seen.push(snapshot));
    expect(seen).toEqual([rig.client.snapshot()]);
    expect(seen[0]).toBe(rig.client.snapshot());
    expect(Object.isFrozen(seen[0])).toBe(true);
  });

  it("[B7.4] connect() while linked resolves { alreadyConnected: true }", async () => {
    const rig = createRig();
    await rig.linked();
    await expect(rig.client.connect()).resolves.toEqual({ alreadyConnected: true });
    expect(rig.links.all.length).toBe(1);
  });
});
