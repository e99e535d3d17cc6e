import type { LinkClose } from "@cc/core";
import {
  createScriptedFunction,
  createScriptedLifecycle,
  createScriptedLinks,
  createScriptedProtocol,
  createScriptedStorage,
  createVirtualClock,
  ScriptMisuse,
} from "@cc/testkit";
import { describe, expect, test } from "vitest";

const watcher = () => {
  const seen: string[] = [];
  return {
    seen,
    handlers: {
      opened: (subprotocol: string) => void seen.push(`opened ${subprotocol}`),
      message: (data: string | Uint8Array) => void seen.push(`message ${data}`),
      closed: ({ code, reason, httpStatus }: LinkClose) =>
        void seen.push(`closed ${code} ${reason}${httpStatus === undefined ? "" : ` http ${httpStatus}`}`),
    },
  };
};

describe("scripted links", () => {
  test("tell what the script says and remember what was done", () => {
    const links = createScriptedLinks();
    const { seen, handlers } = watcher();
    const near = links.open("ws://x", { subprotocols: ["cc.1"] }, handlers);
    near.send("too early");
    links.last.open();
    near.send("hello");
    links.last.message("welcome");
    links.last.bufferedAmount = 17;
    expect(near.bufferedAmount).toBe(17);
    expect(links.live).toHaveLength(1);
    near.close(1000, "done");
    expect(links.live).toHaveLength(0);
    near.send("too late");
    links.last.message("still on its way");
    links.last.close({ code: 1000 });
    expect(links.last.sent).toEqual(["hello"]);
    expect(links.last.closeCalls).toEqual([{ code: 1000, reason: "done" }]);
    expect(seen).toEqual(["opened cc.1", "message welcome", "message still on its way", "closed 1000 "]);
  });

  test("[R38] refuse, half-open, late close, and never breaking the port", () => {
    const links = createScriptedLinks();
    const first = watcher();
    links.open("ws://x", { subprotocols: [] }, first.handlers);
    links.last.refuse({ code: 1006, httpStatus: 503, retryAfterMs: 1_000 });
    expect(first.seen).toEqual(["closed 1006  http 503"]);
    expect(() => links.last.close()).toThrow(ScriptMisuse);
    expect(() => links.last.message("x")).toThrow(ScriptMisuse);

    const second = watcher();
    const near = links.open("ws://x", { subprotocols: [] }, second.handlers);
    expect(() => links.last.message("x")).toThrow(ScriptMisuse);
    links.last.open();
    expect(() => links.last.open()).toThrow(ScriptMisuse);
    expect(() => links.last.refuse()).toThrow(ScriptMisuse);
    links.last.silence();
    near.send("into the void");
    links.last.message("lost");
    links.last.close();
    expect(second.seen).toEqual(["opened "]);
    expect(links.live, "a half-open link is a live one").toHaveLength(1);
    links.last.silence(false);
    links.last.close({ code: 4000, reason: "late" });
    expect(second.seen).toEqual(["opened ", "closed 4000 late"]);
  });

  test("a far end that answers by itself does so in later tasks only", () => {
    const clock = createVirtualClock({ now: 40 });
    const links = createScriptedLinks({ clock });
    links.onAttempt = (link) => {
      link.onSent = (data) => link.message(`echo ${data}`);
      link.open();
    };
    const { seen, handlers } = watcher();
    const near = links.open("ws://x", { subprotocols: ["a"] }, handlers);
    expect(seen).toEqual([]);
    clock.advance(0);
    near.send("1");
    expect(seen).toEqual(["opened a"]);
    clock.advance(0);
    expect(seen).toEqual(["opened a", "message echo 1"]);
    expect(links.last.at).toBe(40);
    const bare = createScriptedLinks();
    bare.onAttempt = () => {};
    expect(() => bare.open("ws://x", { subprotocols: [] }, handlers)).toThrow(ScriptMisuse);
  });
});

describe("scripted lifecycle", () => {
  test("state follows the signals; a watcher removed during a signal hears no more", () => {
    const lifecycle = createScriptedLifecycle();
    const seen: string[] = [];
    const off = lifecycle.watch(({ type }) => {
      seen.push(`a ${type}`);
      second();
    });
    const second = lifecycle.watch(({ type }) => void seen.push(`b ${type}`));
    expect(lifecycle.watchers).toBe(2);
    lifecycle.emit("background");
    lifecycle.emit({ type: "pageShown", persisted: true });
    lifecycle.emit("offline");
    expect(lifecycle.current()).toEqual({ background: true, online: false });
    lifecycle.emit("foreground");
    lifecycle.emit("online");
    expect(lifecycle.current()).toEqual({ background: false, online: true });
    off();
    off();
    expect(lifecycle.watchers).toBe(0);
    expect(seen).toEqual(["a background", "a pageShown", "a offline", "a foreground", "a online"]);
    lifecycle.state = { background: true, online: true };
    expect(lifecycle.current().background).toBe(true);
  });
});

describe("scripted function", () => {
  test("is answered by hand, once, or by itself", async () => {
    const getToken = createScriptedFunction<[reason: string], string>();
    const one = getToken("missing");
    expect(getToken.pending).toHaveLength(1);
    getToken.calls[0]?.resolve("t1");
    expect(() => getToken.calls[0]?.reject(new Error("again"))).toThrow(ScriptMisuse);
    expect(await one).toBe("t1");
    getToken.answer = (reason) => {
      if (reason === "bad") throw new Error("no");
      return `for ${reason}`;
    };
    expect(await getToken("expiring")).toBe("for expiring");
    await expect(getToken("bad")).rejects.toThrow("no");
    expect(getToken.calls.map(({ args }) => args[0])).toEqual(["missing", "expiring", "bad"]);
  });
});

describe("scripted storage", () => {
  test("stores, fails, fills, is slow, and keeps what it had", async () => {
    const clock = createVirtualClock();
    const storage = createScriptedStorage({ clock });
    await storage.set("a", "1");
    storage.capacity = 4;
    await expect(storage.set("b", "123456")).rejects.toMatchObject({ name: "QuotaExceededError" });
    await storage.set("a", "123");
    storage.fail = { get: new Error("broken") };
    await expect(storage.get("a")).rejects.toThrow("broken");
    storage.fail = undefined;
    storage.slowMs = 50;
    let got: string | undefined;
    void storage.get("a").then((value) => {
      got = value;
    });
    await clock.advanceAsync(49);
    expect(got).toBeUndefined();
    await clock.advanceAsync(1);
    expect(got).toBe("123");
    expect(storage.calls).toEqual(["set a", "set b", "set a", "get a", "get a"]);
  });

  test("a lock has one holder among tabs", async () => {
    const one = createScriptedStorage();
    const two = createScriptedStorage({ shared: one });
    const release = await one.lock("tab");
    expect(await two.lock("tab")).toBeUndefined();
    release?.();
    release?.();
    expect(await two.lock("tab")).toBeDefined();
    await one.set("k", "v");
    expect(await two.get("k")).toBe("v");
    await two.remove("k");
    expect(await one.get("k")).toBeUndefined();
  });
});

describe("scripted protocol", () => {
  test("sends a line for each act and lets the test be the server", () => {
    const protocol = createScriptedProtocol({ probe: false });
    expect(protocol.capabilities).toMatchObject({ welcome: true, probe: false });
    const told: string[] = [];
    const link = protocol.attach(3, {
      send: (data) => void told.push(`send ${data}`),
      welcome: ({ user }) => void told.push(`welcome ${user}`),
      reject: () => {},
      goaway: () => {},
      throttle: () => {},
      probeAck: () => {},
      expiring: () => {},
      tokenOk: () => {},
      fault: () => {},
      outbox: () => {},
    });
    link.opened("T");
    protocol.last.welcome({ user: "bob" });
    link.probe();
    link.message("m");
    link.detach();
    expect(told).toEqual(["send hello T", "welcome bob", "send probe"]);
    expect(protocol.last.acts).toEqual(["opened", "probe", "detach"]);
    expect([protocol.last.token, protocol.last.messages]).toEqual(["T", ["m"]]);
    protocol.unacked = { since: 5, bytes: 9 };
    expect([protocol.unackedSince(), protocol.unackedBytes()]).toEqual([5, 9]);
  });
});
