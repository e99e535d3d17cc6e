/**
 * Each durable event once and in order, or a declared gap (10.1–10.5, R22, R23). Law: a cursor for each process walks the log as
 * it was written; whatever lets it move on (an event, a gap, `caughtUp`, the position of the next hello) must find that nothing
 * which this user was to see lies behind it untold.
 */
import type { AppEvent, Position } from "@cc/sdk/portable";
import { markOf } from "./history.js";
import type { MakeLaw } from "./law.js";
import { type CallRecord, type ClientRecord, objectsOf } from "./truth.js";

interface Cursor {
  readonly user: string;
  readonly instance: string;
  epoch: string;
  n: number;
  /** Number and time of what was told last, newest last: what a reload may repeat. */
  told: { readonly n: number; readonly t: number }[];
  /** Of a process before this one. */
  readonly old: boolean;
}

/** How long a position may stay unsaved: the saving itself, and a storage that is slow. */
const lagMs = 1_000 + 2_500;

export const deliveryLaw: MakeLaw = (truth, broken) => {
  const cursors = new Map<number, Cursor>();
  /** What an earlier process of the tab had told, by client. */
  const before = new Map<
    number,
    Cursor & {
      readonly endedAt: number;
      readonly how: string;
      readonly trouble: boolean;
      readonly unsaved: boolean;
      /** Another tab ended its login since. */
      loggedOut: boolean;
    }
  >();
  const once = new Map<string, Set<string>>();
  const userOf = new Map<number, string>();
  /** When a client was told last that storage failed. */
  const storageFailedAt = new Map<number, number>();
  /** The last login that the app asked for in the living process, and whether storage was told to fail while it ran. */
  const logins = new Map<number, { readonly id: number; running: boolean; unsaved: boolean }>();

  /** Everything up to `n`, that number included, is behind it; says what was skipped. */
  function reach(client: number, cursor: Cursor, n: number, clause: string, how: string): void {
    const epoch = truth.history.epoch(cursor.epoch);
    if (epoch && n > cursor.n) {
      for (let k = epoch.above(cursor.n); k < epoch.entries.length; k += 1) {
        const entry = epoch.entries[k];
        if (entry === undefined || entry.n > n) break;
        if (entry.origin === cursor.instance && entry.from === cursor.user) continue;
        if (!epoch.concerns(cursor.user, entry)) continue;
        broken(
          clause,
          `client ${client} (${cursor.user}) was never told ${entry.n} of ${entry.channel} (${entry.kind} ${markOf(entry.data) ?? ""}): ${how} ${n}`,
        );
        break;
      }
    }
    cursor.n = Math.max(cursor.n, n);
  }

  function onEvent(n: number, client: ClientRecord, event: AppEvent, t: number): void {
    const cursor = cursors.get(n);
    const position = event.position;
    const number = position?.positions[0];
    if (position === undefined || number === undefined)
      return broken("B10.1", `client ${n}: a durable event without a position`);
    if (cursor === undefined || cursor.user !== client.user)
      return broken(
        "B2.4",
        `client ${n} (${client.user}) is told ${number} of ${event.channel} before its own welcome`,
      );
    const epoch = truth.history.epoch(position.epoch);
    const entry = epoch?.at(number);
    if (entry === undefined || epoch === undefined)
      return broken("B10.2", `client ${n} is told ${number}, which the log never had`);
    if (
      entry.channel !== event.channel ||
      entry.kind !== event.kind ||
      entry.from !== event.from ||
      markOf(entry.data) !== markOf(event.data)
    )
      return broken("B10.2", `client ${n} is told another event than ${number} is`);
    if (!epoch.concerns(cursor.user, entry))
      return broken("B10.5", `client ${n} (${cursor.user}) is told ${number} of ${entry.channel}, which is not for it`);
    if (entry.origin === cursor.instance && entry.from === cursor.user)
      broken("B10.5", `client ${n} is told its own ${number}`);
    if (position.epoch !== cursor.epoch)
      return broken("B10.4", `client ${n} is told ${number} of another epoch, without a gap`);
    if (number <= cursor.n) return broken("R22", `client ${n} is told ${number} behind ${cursor.n}`);
    reach(n, cursor, number - 1, "B10.3", "told what stands behind");
    cursor.n = number;
    cursor.told.push({ n: number, t });
    if (cursor.told.length > 200) cursor.told = cursor.told.slice(-100);
  }

  function welcomed(
    n: number,
    client: ClientRecord,
    welcome: Record<string, unknown>,
    hello: Record<string, unknown>,
    t: number,
  ): void {
    const resume = hello["resume"] as Position | undefined;
    const instance = hello["instance"] as string;
    const user = welcome["user"] as string;
    const recovery = welcome["recovery"] as string;
    const mine = cursors.get(n);
    if (mine && mine.user === user) {
      if (resume === undefined) return broken("R23", `client ${n} comes back without its position`);
      // What it says to have is what it was told, or did not concern it.
      if (resume.epoch === mine.epoch) reach(n, mine, resume.positions[0] ?? 0, "B10.3", "it resumes at");

      if (recovery === "new") broken("B10.4", `client ${n} brought a position and is new`);
      return;
    }
    const epoch = welcome["epoch"] as string;
    const start = (welcome["positions"] as readonly number[])[0] ?? 0;
    const old = before.get(n);
    const same = old !== undefined && old.user === user;
    if (resume === undefined) {
      // A first link, or a position that could not be saved.
      const saved =
        same && old.instance === instance && !old.trouble && old.told.some(({ t: at }) => old.endedAt - at > lagMs);
      // What storage has lost, however long ago it was spoilt, was told (2.8): then the app logged in anew, and without a position.
      // Told after the reload: the record was spoilt. Told during the login of the process before: that login was never written,
      // and nothing is restored; a process that restored its login asks for none, and has no such excuse.
      // So has one that finds no login, for another tab ended it while none of its processes lived to be fenced (2.5, 2.9).
      const lost =
        same && ((storageFailedAt.get(n) ?? -1) >= old.endedAt || ((old.unsaved || old.loggedOut) && logins.has(n)));
      if (saved && client.storageFaultAt < old.endedAt - 120_000 && !lost)
        broken("B10.3", `client ${n} (${user}) was reloaded and begins anew at ${start}, although ${old.n} was saved`);
      cursors.set(n, { user, instance, epoch, n: start, told: [], old: false });
      return;
    }
    const at = resume.positions[0] ?? 0;
    if (!same && userOf.get(n) !== user)
      broken("B2.4", `client ${n} (${user}) resumes at ${at}, a position of somebody else`);
    const cursor: Cursor = { user, instance, epoch: resume.epoch, n: at, told: [], old: false };
    if (same && old.epoch === resume.epoch) {
      if (at > old.n) reach(n, { ...old, told: [] }, at, "B10.3", "the reloaded one resumes at");
      const late = old.told.find(({ n: number, t: told }) => number > at && old.endedAt - told > lagMs);
      if (late && !old.trouble && client.storageFaultAt < late.t - 1_000)
        broken(
          "B10.3",
          `client ${n} (${user}) is to be told ${late.n} again, told ${Math.round(old.endedAt - late.t)} ms before the reload`,
        );
    }
    cursors.set(n, cursor);
    void t;
  }

  const end = (n: number, how: string, t: number): void => {
    const cursor = cursors.get(n);
    const client = truth.clients[n];
    if (cursor) {
      before.set(n, {
        ...cursor,
        endedAt: t,
        how,
        unsaved: logins.get(n)?.unsaved ?? false,
        loggedOut: false,
        trouble:
          (client?.storageFaultAt ?? 0) > t - 5_000 ||
          (client?.timersEvery ?? 0) > 0 ||
          t - (client?.steadyAt ?? 0) < lagMs,
      });
      userOf.set(n, cursor.user);
    }
    cursors.delete(n);
  };

  /** A logout, or a login as somebody else, is about to purge the storage of this client, or has: whose process does not live is not told. */
  function purged(record: CallRecord | undefined): void {
    if (record?.user == null) return;
    const { call, client, user } = record;
    if (call.name !== "logout" && (call.name !== "login" || call.user === user)) return;
    for (const other of truth.shares(client)) {
      const old = before.get(other);
      if (old && truth.clients[other]?.process === 0) old.loggedOut = true;
    }
  }

  return {
    got({ client: n, wire, frames, t }) {
      const record = truth.wires.get(wire);
      const client = truth.clients[n];
      if (!record?.hello || !client || record.endedAt !== undefined) return;
      for (const welcome of objectsOf(frames, "welcome"))
        if (welcome["user"] === client.user) welcomed(n, client, welcome, record.hello, t);
      for (const gap of objectsOf(frames, "gap")) {
        const { from } = gap as { readonly from: readonly number[] };
        const resume = record.hello["resume"] as Position | undefined;
        // Followed within one epoch, what the log still holds can be told.
        const { floor } = truth.world.log.bounds(0) as { readonly floor: number };
        if (
          resume?.epoch === record.welcome?.["epoch"] &&
          truth.world.log.epoch === resume?.epoch &&
          (from[0] ?? 0) >= floor
        )
          broken("B10.4", `client ${n} is told a gap from ${from[0]}, and the log still holds all above ${floor}`);
      }
    },
    event({ client: n, process, event, user, t }) {
      const client = truth.clients[n];
      if (client === undefined) return;
      if (user === undefined || client.user === null)
        return broken("B2.5", `client ${n} is told an event while nobody is logged in`);
      if (event.class === "durable") return onEvent(n, client, event, t);
      const mark = markOf(event.data);
      if (mark === undefined) return;
      const key = `${n}.${process}`;
      const seen = once.get(key) ?? new Set<string>();
      once.set(key, seen);
      if (seen.has(mark)) broken("B10.1", `client ${n} is told the ephemeral ${mark} twice`);
      seen.add(mark);
    },
    gap({ client: n, gap }) {
      const cursor = cursors.get(n);
      if (cursor === undefined) return;
      const to = gap.to.positions[0] ?? 0;
      if (gap.from.epoch === cursor.epoch)
        reach(n, cursor, gap.from.positions[0] ?? 0, "B10.4", "the gap begins behind");
      cursor.n = gap.to.epoch === cursor.epoch ? Math.max(cursor.n, to) : to;
      // Numbers of another epoch say nothing any more.
      if (gap.to.epoch !== cursor.epoch) cursor.told = [];
      cursor.epoch = gap.to.epoch;
    },
    caughtUp({ client: n, position }) {
      const cursor = cursors.get(n);
      if (cursor && cursor.epoch === position.epoch) {
        const at = position.positions[0] ?? 0;
        reach(n, cursor, at, "B10.4", "caught up at");
      }
    },
    error({ client: n, error, t }) {
      if (error.code !== "ERR_STORAGE") return;
      storageFailedAt.set(n, t);
      const login = logins.get(n);
      if (login?.running) login.unsaved = true;
    },
    born({ client: n }) {
      logins.delete(n);
    },
    call({ client: n, process, id, call }) {
      const record = truth.calls.get(`${n}.${process}.${id}`);
      purged(record);
      // A login as the user who is logged in may write nothing (2.3): what the one before it could not store is missing still.
      const unsaved = call.name === "login" && record?.user === call.user && (logins.get(n)?.unsaved ?? false);
      if (call.name === "login") logins.set(n, { id, running: true, unsaved });
    },
    user({ client: n, user, t }) {
      const cursor = cursors.get(n);
      const left = cursor && cursor.user !== user;
      if (left) end(n, "logout", t);
      // With the login its position is forgotten (2.5, 2.9), also that of a process before, when this one never had a link.
      if (left || user === null) {
        before.delete(n);
        userOf.delete(n);
      }
    },
    settled({ client: n, process, id, ok, t }) {
      const record = truth.calls.get(`${n}.${process}.${id}`);
      const call = record?.call;
      purged(record);
      const cursor = cursors.get(n);
      const login = logins.get(n);
      if (login?.id === id) login.running = false;
      if (call?.name === "login" && ok && cursor && cursor.user !== call.user) {
        end(n, "login", t);
        before.delete(n);
        userOf.delete(n);
      }
    },
    gone({ client: n, how, t }) {
      end(n, how, t);
    },
    end(t) {
      // Whoever stands linked at the end has been told everything.
      const head = (name: string): number => truth.history.epoch(name)?.entries.at(-1)?.n ?? 0;
      for (const client of truth.clients) {
        const cursor = cursors.get(client.n);
        const linkedAt = client.wire?.welcomedAt ?? t;
        if (cursor && (client.status === "connected" || client.status === "featureThrottled") && t - linkedAt > 10_000)
          reach(client.n, { ...cursor }, head(cursor.epoch), "B10.4", "linked at the end, at");
      }
    },
  };
};
