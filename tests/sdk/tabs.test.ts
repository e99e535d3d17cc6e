/** Several tabs or processes on one storage: they share the session and nothing else (2.9). */
import type { TokenAnswer } from "@cc/sdk/portable";
import { createRandom } from "@cc/testkit";
import { describe, expect, it } from "vitest";
import { app, byProvider, createRig as createRigOf, type Rig, type RigOptions } from "./rig.js";

const key = (name: string): string => `cc:${app}:${name}`;

const HOUR = 3_600_000;

const reject = ({ last }: Rig): void =>
  last.protocol.last.host.reject({
    code: "ERR_AUTH_REJECTED",
    message: "void",
    retry: "reauth",
    minDelayMs: 0,
    spreadMs: 0,
  });

let seeds = 0;
/** Chance differs from tab to tab: the names that they give themselves must. */
const createRig = (options: RigOptions = {}): Rig => createRigOf({ random: createRandom(++seeds), ...options });

/** Another tab on the same machine, which finds what the first has stored. */
async function tabOf(first: Rig, options: RigOptions = {}): Promise<Rig> {
  const rig = createRig({ shared: first.storage, clock: first.clock, ...options });
  await rig.client.init(app);
  await first.clock.advanceAsync(10_000);
  rig.log.length = 0;
  return rig;
}

/** Two tabs of Ann's, both linked. */
async function two(options: RigOptions = {}): Promise<readonly [Rig, Rig]> {
  const first = createRig(options);
  await first.linked();
  const second = await tabOf(first, options);
  return [first, second];
}

const state = ({ client, links }: Rig): unknown => [
  client.getLoggedInUser()?.uid ?? null,
  client.getConnectionStatus(),
  links.live.length,
];

describe("the session", () => {
  it("[B2.9][R36] is shared, the connection is not: each tab has its own link and instance, and keeps it", async () => {
    const [first, second] = await two();
    expect([state(first), state(second)]).toEqual([
      ["ann", "connected", 1],
      ["ann", "connected", 1],
    ]);
    expect(second.hellos).toEqual(["ann-1"]);
    const instances = [first, second].map(({ last }) => last.context.instance);
    expect(new Set(instances).size).toBe(2);
    // Over a reconnect, and over a login of somebody else.
    first.links.last.close();
    await first.clock.advanceAsync(10_000);
    expect(state(first)).toEqual(["ann", "connected", 1]);
    await first.client.logout();
    await first.client.login("bob", "key");
    await first.clock.advanceAsync(10_000);
    expect([state(first), first.last.context.instance]).toEqual([["bob", "connected", 1], instances[0]]);
  });

  it.each([
    ["refresh", async () => (await two())[0]],
    ["getToken", () => byProvider(null, createRig())],
  ])(
    "[B2.9][B2.7] a token that is refused because another tab has logged out is the end, before storage has told it: no %s, no dial",
    async (_, firstTab) => {
      const first = await firstTab();
      const second = createRig({ shared: first.storage, clock: first.clock, getToken: () => "another" });
      const asked: unknown[] = [];
      second.auth.refresh.answer = () => new Promise(() => asked.push("refresh"));
      second.storage.watch = () => () => {};
      await second.client.init(app);
      await first.clock.advanceAsync(10_000);
      await first.client.logout();
      await first.clock.advanceAsync(10_000);
      expect(state(second)).toEqual(["ann", "connected", 1]);
      second.log.length = 0;
      reject(second);
      await first.clock.advanceAsync(60_000);
      expect(state(second)).toEqual([null, "disconnected", 0]);
      // An attempt begins with its token, and this one ended there.
      expect(second.log.filter((line) => !line.includes("position"))).toEqual([
        "! ERR_AUTH_REJECTED",
        "disconnected",
        "connecting",
        "disconnected",
        "logoutSuccess",
      ]);
      expect(asked).toEqual([]);
    },
  );

  it("[B2.7] storage that does not answer holds a refused token's renewal up for less than a second", async () => {
    const first = createRig();
    await first.linked();
    first.storage.slowMs = 60_000;
    reject(first);
    await first.clock.advanceAsync(1_000);
    expect(first.hellos).toEqual(["ann-1", "ann-2"]);
    expect(state(first)).toEqual(["ann", "connected", 1]);
  });

  it("[B2.9] a logout in one fences the others at once: link, calls, user, told as a logout, and no revoke of their own", async () => {
    const [first, second] = await two();
    const sending = second.watch(second.client.send("hello"));
    const users: unknown[] = [];
    second.client.on("user", (user) => users.push(user));
    second.last.at = { epoch: "e1", positions: [7] };
    second.last.context.moved();
    await first.client.logout();
    await first.clock.advanceAsync(0);
    expect(state(second)).toEqual([null, "disconnected", 0]);
    expect([sending.state, second.last.ended]).toEqual(["rejected", "ERR_LOGGED_OUT"]);
    expect(second.log.filter((line) => !line.includes("position"))).toEqual(["disconnected", "logoutSuccess"]);
    expect(users).toEqual([null]);
    expect(second.auth.revoke.calls).toEqual([]);
    await first.clock.advanceAsync(3_600_000);
    expect([second.links.all.length, second.stored("session"), second.stored("position", second.tab)]).toEqual([
      1,
      undefined,
      undefined,
    ]);
    expect(second.clock.pending).toBe(0);
  });

  it("[B2.9] a login as another in one logs the others out; they do not become the other, and a reload does", async () => {
    const [first, second] = await two();
    await first.client.login("bob", "key");
    await first.clock.advanceAsync(10_000);
    expect([state(first), state(second)]).toEqual([
      ["bob", "connected", 1],
      [null, "disconnected", 0],
    ]);
    expect(second.log).toContain("logoutSuccess");
    await second.client.dispose();
    const again = await tabOf(first, { tab: second.tab });
    expect(state(again)).toEqual(["bob", "connected", 1]);
    expect(again.last.context.resume).toBeUndefined();
  });

  it("[B2.9] a login as another in a tab that had no user is a user change too", async () => {
    const idle = createRig();
    await idle.client.init(app);
    const first = createRig({ shared: idle.storage, clock: idle.clock });
    await first.linked();
    expect(state(idle)).toEqual([null, "disconnected", 0]);
    await idle.client.login("bob", "key");
    await idle.clock.advanceAsync(10_000);
    expect([state(idle), state(first)]).toEqual([
      ["bob", "connected", 1],
      [null, "disconnected", 0],
    ]);
  });

  it("[B2.9] a login as the same user in a tab that had none joins the login: nobody is logged out, and one logout ends both", async () => {
    const idle = createRig();
    await idle.client.init(app);
    const first = createRig({ shared: idle.storage, clock: idle.clock });
    await first.linked();
    await idle.client.login("ann", "key");
    await idle.clock.advanceAsync(10_000);
    expect([state(idle), state(first)]).toEqual([
      ["ann", "connected", 1],
      ["ann", "connected", 1],
    ]);
    await idle.client.logout();
    await idle.clock.advanceAsync(0);
    expect(state(first)).toEqual([null, "disconnected", 0]);
  });

  it("[B2.9] logged out and in again as the same user in one: the others were logged out all the same", async () => {
    const [first, second] = await two();
    // What happens in between comes too late to be seen.
    second.storage.slowMs = 100;
    await first.client.logout();
    await first.client.login("ann", "key");
    await first.clock.advanceAsync(10_000);
    expect([state(first), state(second)]).toEqual([
      ["ann", "connected", 1],
      [null, "disconnected", 0],
    ]);
  });

  it("[B2.9] a tab without a user stays so when another logs in, and its logout() ends nobody's session", async () => {
    const idle = createRig();
    await idle.client.init(app);
    const first = createRig({ shared: idle.storage, clock: idle.clock });
    await first.linked();
    await idle.client.logout();
    await idle.clock.advanceAsync(10_000);
    expect([state(idle), state(first)]).toEqual([
      [null, "disconnected", 0],
      ["ann", "connected", 1],
    ]);
    expect(first.stored("session")).toMatchObject({ user: { uid: "ann" } });
  });

  it("[B2.9] a fenced tab can log in again, and then it is the others that are fenced", async () => {
    const [first, second] = await two();
    await first.client.login("bob", "key");
    await first.clock.advanceAsync(10_000);
    await second.client.login("ann", "key");
    await first.clock.advanceAsync(10_000);
    expect([state(first), state(second)]).toEqual([
      [null, "disconnected", 0],
      ["ann", "connected", 1],
    ]);
  });
});

describe("writing", () => {
  it("[B2.9] a fenced tab writes neither session nor token nor floor over those of the new login, though it was told nothing", async () => {
    const [first, second] = await two();
    // A storage of the app's own, which cannot be watched.
    const deaf = createRig({ clock: first.clock, storage: withoutWatch(first.storage) });
    await deaf.client.init(app);
    await first.clock.advanceAsync(10_000);
    await second.client.login("bob", "key");
    await first.clock.advanceAsync(10_000);
    expect(state(deaf)).toEqual(["ann", "connected", 1]);
    const session = second.stored("session");
    deaf.last.protocol.last.host.goaway(40_000, 0);
    await first.clock.advanceAsync(1_000);
    expect([first.stored("session"), first.stored("floor")]).toEqual([session, undefined]);
    expect(state(deaf)).toEqual([null, "disconnected", 0]);
  });

  it("[B2.9] a session that comes back by a tab that had read it before the logout is void: that tab goes, nobody restores it", async () => {
    const [first, second] = await two();
    const session = first.storage.records.get(key("session")) ?? "";
    await first.client.logout();
    // What another process wrote in the same instant, from what it had just read.
    first.storage.records.set(key("session"), session);
    await first.clock.advanceAsync(1_000);
    const third = await tabOf(first);
    expect([state(second), state(third)]).toEqual([
      [null, "disconnected", 0],
      [null, "disconnected", 0],
    ]);
    // Nor does a login as the same user join it.
    await third.client.login("ann", "key");
    await first.clock.advanceAsync(10_000);
    expect(state(third)).toEqual(["ann", "connected", 1]);
  });

  it("[B2.9] a save that was under way when another logged out leaves nothing behind", async () => {
    const [first, second] = await two();
    second.storage.slowMs = 100;
    // It reads for 200 ms, then writes for 100.
    second.last.protocol.last.host.goaway(1_000, 0);
    await first.clock.advanceAsync(250);
    await first.client.logout();
    expect(first.stored("session")).toBeUndefined();
    await first.clock.advanceAsync(60);
    expect(first.stored("session")).toBeDefined();
    await first.clock.advanceAsync(10_000);
    expect([first.stored("session"), state(second)]).toEqual([undefined, [null, "disconnected", 0]]);
  });

  it("[B2.8][B2.9] a logout for which storage had no room is seen with the next save", async () => {
    const [first, second] = await two();
    first.storage.capacity = [...first.storage.records].reduce(
      (sum, [key, value]) => sum + key.length + value.length,
      0,
    );
    await first.client.logout();
    await first.clock.advanceAsync(0);
    expect(first.errors.map(({ code }) => code)).toEqual(["ERR_STORAGE"]);
    second.last.protocol.last.host.goaway(1_000, 0);
    await first.clock.advanceAsync(10_000);
    expect([first.stored("session"), state(second)]).toEqual([undefined, [null, "disconnected", 0]]);
  });

  it("[B2.9] a session that comes back over a newer login is written over again", async () => {
    const idle = createRig();
    await idle.client.init(app);
    const first = createRig({ shared: idle.storage, clock: idle.clock });
    await first.linked();
    const session = first.storage.records.get(key("session")) ?? "";
    await idle.client.login("bob", "key");
    await idle.clock.advanceAsync(1_000);
    await first.storage.set(key("session"), session);
    await idle.clock.advanceAsync(1_000);
    expect([idle.stored("session"), state(idle)]).toMatchObject([{ user: { uid: "bob" } }, ["bob", "connected", 1]]);
  });

  it("[B2.9][B5.4] a tab that has no floor does not take away another's", async () => {
    const [first, second] = await two();
    first.last.protocol.last.host.goaway(40_000, 0);
    await first.clock.advanceAsync(1_000);
    expect(first.stored("floor")).toBeDefined();
    await second.client.login({ uid: "ann", getToken: second.getToken });
    second.last.protocol.last.host.expiring(0);
    await first.clock.advanceAsync(35_000);
    expect(second.getToken.calls.length).toBeGreaterThan(0);
    expect(first.stored("floor")).toBeDefined();
  });

  it("[B2.8][B2.9] a session record that is lost or corrupt fences nobody: links stay, and the next save writes it again", async () => {
    for (const lose of ["{", undefined]) {
      const [first, second] = await two();
      if (lose === undefined) await first.storage.remove(key("session"));
      else await first.storage.set(key("session"), lose);
      await first.clock.advanceAsync(10_000);
      expect([state(first), state(second)]).toEqual([
        ["ann", "connected", 1],
        ["ann", "connected", 1],
      ]);
      first.last.protocol.last.host.goaway(1_000, 0);
      await first.clock.advanceAsync(1_000);
      expect(first.stored("session")).toMatchObject({ user: { uid: "ann" } });
    }
  });

  it("[B2.8][B2.9] a login that could not be stored is not fenced by the older one that still stands there", async () => {
    const first = createRig();
    await first.linked();
    const other = createRig({ shared: first.storage, clock: first.clock });
    // Nothing was there when it began.
    const session = first.storage.records.get(key("session")) ?? "";
    first.storage.records.delete(key("session"));
    await other.client.init(app);
    first.storage.records.set(key("session"), session);
    other.storage.capacity = 0;
    await other.client.login("bob", "key");
    await first.clock.advanceAsync(10_000);
    await first.storage.set(key("session"), session);
    await first.clock.advanceAsync(10_000);
    expect(state(other)).toEqual(["bob", "connected", 1]);
    expect(other.errors.map(({ code }) => code)).toContain("ERR_STORAGE");
  });
});

describe("tokens", () => {
  it("[B2.6][B2.9] a token that one tab has renewed is taken over by the others, never across logins", async () => {
    const [first, second] = await two();
    first.last.protocol.last.host.expiring(0);
    await first.clock.advanceAsync(35_000);
    expect(first.auth.refresh.calls.length).toBe(1);
    second.last.protocol.last.host.expiring(0);
    await first.clock.advanceAsync(35_000);
    expect(second.auth.refresh.calls.length).toBe(0);
    second.links.last.close();
    await first.clock.advanceAsync(10_000);
    expect(["ann-1", undefined]).not.toContain(second.hellos.at(-1));
    expect(second.hellos.at(-1)).toBe(second.stored("session")?.["token"]);
  });

  it("[B2.4][B2.8][B2.9] a token renewed elsewhere before a login as another, for which storage has no room, is not sent as that other's", async () => {
    const [first, second] = await two();
    first.last.protocol.last.host.expiring(0);
    await first.clock.advanceAsync(35_000);
    second.storage.capacity = 0;
    await second.client.login("bob", "key");
    await first.clock.advanceAsync(10_000);
    expect(state(second)).toEqual(["bob", "connected", 1]);
    second.last.protocol.last.host.expiring(0);
    await first.clock.advanceAsync(35_000);
    expect(second.auth.refresh.calls.map(({ args }) => args[0])).toEqual([second.hellos.at(-1)]);
  });

  it("[B2.7][B2.9] a token that was refused here is not taken over from there", async () => {
    const [first, second] = await two();
    await first.storage.set(key("session"), first.storage.records.get(key("session")) ?? "");
    await first.clock.advanceAsync(0);
    second.last.protocol.last.host.reject({
      code: "ERR_AUTH_REJECTED",
      message: "no",
      retry: "reauth",
      minDelayMs: 0,
      spreadMs: 0,
    });
    await first.clock.advanceAsync(10_000);
    expect(second.auth.refresh.calls.length).toBe(1);
    expect(second.hellos.filter((token) => token === "ann-1")).toHaveLength(1);
  });
});

describe("instances", () => {
  /** A duplicated tab: it begins with a copy of the other's storage. */
  const copy = (rig: Rig): RigOptions => ({ tab: { records: new Map(rig.tab.records), locks: rig.tab.locks } });

  it("[B2.9] a duplicated tab takes a new instance id and no position; its own are kept over a reload, and so are the first's", async () => {
    const first = createRig();
    await first.linked();
    first.last.at = { epoch: "e1", positions: [41] };
    first.last.context.moved();
    await first.clock.advanceAsync(2_000);
    const second = await tabOf(first, copy(first));
    expect(second.last.context.instance).not.toBe(first.last.context.instance);
    expect(second.last.context.resume).toBeUndefined();
    expect(second.stored("position", second.tab)).toBeUndefined();
    second.last.at = { epoch: "e1", positions: [50] };
    second.last.context.moved();
    await first.clock.advanceAsync(2_000);
    await second.client.dispose();
    await first.client.dispose();
    for (const [old, n] of [
      [first, 41],
      [second, 50],
    ] as const) {
      const again = await tabOf(first, { tab: old.tab });
      expect(again.last.context.instance).toBe(old.last.context.instance);
      expect(again.last.context.resume).toMatchObject({ positions: [n] });
    }
  });

  it("[B2.9] clients over one storage each have their own instance and positions in it, and find them again", async () => {
    const place = createRig();
    const one = { clock: place.clock, storage: place.storage, tabStorage: place.storage };
    const process = async (): Promise<Rig> => {
      const rig = createRig(one);
      await rig.client.init(app);
      if (rig.client.getLoggedInUser() === null) await rig.client.login("ann", "key");
      await place.clock.advanceAsync(10_000);
      return rig;
    };
    const rigs = [await process(), await process(), await process()];
    const names = rigs.map((rig) => rig.last.context.instance);
    expect(new Set(names).size).toBe(3);
    for (const [n, rig] of rigs.entries()) {
      expect(rig.last.context.resume).toBeUndefined();
      rig.last.at = { epoch: "e1", positions: [n + 1] };
      rig.last.context.moved();
    }
    await place.clock.advanceAsync(2_000);
    for (const rig of rigs) await rig.client.dispose();
    const again = [await process(), await process(), await process()];
    expect(again.map((rig) => rig.last.context.instance)).toEqual(names);
    expect(again.map((rig) => rig.last.context.resume?.positions)).toEqual([[1], [2], [3]]);
    // The logout of one purges every position when its holder is fenced.
    await again[1]?.client.logout();
    await place.clock.advanceAsync(0);
    expect([...place.storage.records.keys()].filter((name) => name.includes("position"))).toEqual([]);
  });

  it("[B2.8][B2.9] a lock that fails is told and costs nothing; a storage without locks and watches serves", async () => {
    const broken = createRig();
    broken.tab.fail = { lock: new Error("no") };
    await broken.linked();
    expect([state(broken), broken.errors.map(({ code }) => code)]).toEqual([["ann", "connected", 1], ["ERR_STORAGE"]]);
    const plain = createRig();
    const { get, set, remove } = plain.storage;
    const rig = createRig({ clock: plain.clock, storage: { get, set, remove }, tabStorage: { get, set, remove } });
    await rig.linked();
    await rig.client.logout();
    expect(rig.log).toContain("logoutSuccess");
  });

  it("[B2.9] dispose() lets the instance go, also one that was being taken", async () => {
    const rig = createRig();
    await rig.linked();
    expect(rig.tab.locks.size).toBe(1);
    await rig.client.dispose();
    expect(rig.tab.locks.size).toBe(0);
    const early = createRig();
    early.tab.slowMs = 10;
    const init = early.watch(early.client.init(app));
    await early.clock.advanceAsync(25);
    await early.client.dispose();
    await early.clock.advanceAsync(1_000);
    expect([init.code, early.tab.locks.size]).toEqual(["ERR_DISPOSED", 0]);
  });

  it("[B2.9] a logout elsewhere while a session is being restored: it is not restored, and nothing is dialled", async () => {
    for (const slow of ["tab", "storage"] as const) {
      const [first] = await two();
      const late = createRig({ shared: first.storage, clock: first.clock });
      late[slow].slowMs = 100;
      const init = late.client.init(app);
      await first.clock.advanceAsync(150);
      await first.client.logout();
      await first.clock.advanceAsync(10_000);
      await init;
      expect([state(late), late.links.all.length]).toEqual([[null, "disconnected", 0], 0]);
    }
  });

  it("[B2.7][B2.9] every token void at once: the app is asked, and another tab's void token is not the second rejection", async () => {
    for (const slowMs of [0, 20]) {
      const first = createRig();
      await byProvider(HOUR, first);
      let n = 0;
      const getToken = async (): Promise<TokenAnswer> => ({ token: `S${++n}`, expiresInMs: HOUR });
      const second = await tabOf(first, { getToken });
      reject(second);
      await first.clock.advanceAsync(10_000);
      expect([second.hellos, first.stored("session")?.["token"]]).toEqual([["T1", "S1"], "S1"]);
      first.storage.slowMs = slowMs;
      first.welcomes = (token, { user }) => {
        if (token === "T2") return user;
        first.clock.after(1, () => reject(first), false);
        return undefined;
      };
      reject(first);
      await first.clock.advanceAsync(10_000);
      expect([state(first), first.hellos]).toEqual([
        ["ann", "connected", 1],
        ["T1", "T2"],
      ]);
    }
  });
});

describe("a page that comes out of the back/forward cache", () => {
  /** The second of two tabs is put into the cache, where it is told nothing; what is done in storage meanwhile is `missed`. */
  async function cached(missed: (first: Rig) => void): Promise<Rig> {
    const [first, second] = await two();
    second.lifecycle.emit("pageHidden");
    await first.clock.advanceAsync(60_000);
    missed(first);
    second.log.length = 0;
    return second;
  }
  const show = (rig: Rig): void => rig.lifecycle.emit({ type: "pageShown", persisted: true });
  const logout = (first: Rig): void => {
    const { login } = first.stored("session") as { readonly login: string };
    first.storage.records.set(key("logout"), JSON.stringify({ v: 1, login }));
    first.storage.records.delete(key("session"));
  };

  it("[B2.9][B5.9] looks at storage before it dials: a logout that it missed, and no socket, however slow storage is within reason", async () => {
    for (const slowMs of [0, 1, 50, 300]) {
      const rig = await cached(logout);
      rig.storage.slowMs = slowMs;
      show(rig);
      await rig.clock.advanceAsync(60_000);
      expect([slowMs, state(rig), rig.log.filter((line) => line === "dial")]).toEqual([
        slowMs,
        [null, "disconnected", 0],
        [],
      ]);
      expect(rig.log).toContain("logoutSuccess");
      expect(rig.clock.pending).toBe(0);
    }
  });

  it("[B5.9][R33] dials within the second when there was nothing to miss, and when storage does not answer or fails", async () => {
    for (const storage of ["quick", "slow", "dead", "failing"]) {
      const rig = await cached(() => {});
      rig.storage.slowMs = { quick: 0, slow: 300, dead: 3_600_000, failing: 0 }[storage] ?? 0;
      if (storage === "failing") rig.storage.fail = { get: new Error("gone") };
      show(rig);
      await rig.clock.advanceAsync(1_000);
      expect([storage, state(rig), rig.log.filter((line) => line === "dial")]).toEqual([
        storage,
        ["ann", "connected", 1],
        ["dial"],
      ]);
    }
  });

  it("[B5.9] hidden again before it had looked, or disposed: no socket, and no timer left", async () => {
    for (const end of ["hidden", "disposed"]) {
      const rig = await cached(() => {});
      rig.storage.slowMs = 3_600_000;
      show(rig);
      await rig.clock.advanceAsync(100);
      if (end === "hidden") rig.lifecycle.emit("pageHidden");
      else await rig.client.dispose();
      rig.log.length = 0;
      await rig.clock.advanceAsync(0);
      // Of the storage that does not answer.
      expect([end, rig.clock.pending]).toEqual([end, 1]);
      await rig.clock.advanceAsync(60_000);
      expect([end, rig.log, rig.links.live.length]).toEqual([end, [], 0]);
    }
  });

  it("[B5.9] shown twice: one dial", async () => {
    const rig = await cached(() => {});
    rig.storage.slowMs = 300;
    for (const ms of [200, 200, 10_000]) {
      show(rig);
      await rig.clock.advanceAsync(ms);
    }
    expect([state(rig), rig.log.filter((line) => line === "dial")]).toEqual([["ann", "connected", 1], ["dial"]]);
  });
});

function withoutWatch({
  get,
  set,
  remove,
  lock,
}: Rig["storage"]): Pick<Rig["storage"], "get" | "set" | "remove" | "lock"> {
  return { get, set, remove, lock };
}
