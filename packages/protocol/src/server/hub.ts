/**
 * The hub: what all links of one gateway share, put together.
 *
 * Law: the log flows one way: broker → `apply` → ring → the links that see it; what clients and operators ask for goes to
 * the broker and comes back by that way only. There is one clock tick for all links, and one flush per turn.
 */
import { utf8Length } from "../bytes.js";
import { closeCodes } from "../closeCodes.js";
import { EPHEMERAL } from "../codes.js";
import type { ServerObject } from "../frames.js";
import { createAdmission, type Floor } from "./admission.js";
import { createAgenda } from "./agenda.js";
import { createAudience } from "./audience.js";
import { chain, settle } from "./awaitable.js";
import type { Appended, Awaitable, Bounds, CastEvent } from "./broker.js";
import type { Core, Link } from "./core.js";
import { type Answer, createInbox } from "./inbox.js";
import { createLog, type Marker, userPrefix } from "./log.js";
import type { RingEntry } from "./ring.js";
import { openSession } from "./session.js";
import { settingsOf } from "./settings.js";
import { createThrottling } from "./throttle.js";
import type { Hub, HubOptions, LinkMatch } from "./types.js";

/** Ticks further apart than this: the process stood still, and so did its ears. Milliseconds. */
const stoodStillMs = 2_000;
/** How often the bounds by age are enforced, and a log that could not be followed anew is tried again. Milliseconds. */
const trimMs = 5_000;

/** A hub that follows nothing yet. Throws a `RangeError` that names the option which cannot work. */
export function createHub(options: HubOptions): Hub {
  const settings = settingsOf(options);
  const { broker, now, later } = settings;
  const log = createLog(settings, broker);
  const audience = createAudience<Link>();
  const throttling = createThrottling();
  const links = new Set<Link>();
  const agenda = createAgenda<Link>();
  const brokerFailed = (error: unknown): void => settings.onNote?.({ note: "brokerFailed", error });
  const inbox = createInbox(settings, broker, log, throttling, brokerFailed);
  let epoch = broker.epoch;
  let uncast: (() => void) | undefined;
  let starts = 0;
  let phase: "starting" | "ready" | "failed" = "starting";
  let stopped = false;
  let newcomers: (() => void)[] = [];
  let floor: Floor | undefined;
  let dirty: Link[] = [];
  let tickedAt = now();
  let trimmedAt = tickedAt;
  let casts = 0;
  const unfollow: (() => void)[] = [];

  // A flushed frame belongs to what was ready in this turn; what a flush causes is the next turn's.
  function flushAll(): void {
    const now = dirty;
    dirty = [];
    for (const link of now) link.flush();
  }

  function tell(frame: ServerObject): void {
    for (const link of links) link.say(frame);
  }

  /** Whoever is sent away for no fault of his is told first when to come back. */
  function sendAway(code: number, reason: string): void {
    tell({ t: "goaway", minDelayMs: 0, spreadMs: reconnectSpreadMs(), overlap: false });
    for (const link of [...links]) link.end(code, reason);
  }

  const reconnectSpreadMs = (): number =>
    Math.round(Math.min(10_000, Math.max(100, (links.size / settings.admitPerSecond) * 1000)));

  const core: Core = {
    settings,
    broker,
    log,
    inbox,
    audience,
    throttling,
    admission: createAdmission(
      settings.admitPerSecond,
      settings.admitBurst ?? Math.max(1, 2 * settings.admitPerSecond),
    ),
    whenReady: (fn) => {
      if (phase === "ready") fn();
      else newcomers.push(fn);
    },
    draining: () => floor,
    reconnectSpreadMs,
    tickedAt: () => tickedAt,
    schedule(link) {
      if (dirty.length === 0) later(flushAll);
      dirty.push(link);
    },
    due(link, at) {
      // One that has ended, in the very call that would put it, has no next time.
      if (links.has(link)) agenda.put(link, at);
    },
    closed(link) {
      links.delete(link);
      agenda.remove(link);
    },
    brokerFailed,
  };

  /** Shows an entry to the links that see it now, and keeps the audiences as membership says. */
  function show(entry: RingEntry, marker: Marker | undefined): void {
    const { channel } = entry;
    const theirs = marker ? [...audience.of(userPrefix + marker.user)] : [];
    if (marker?.change === "joined") for (const link of theirs) audience.add(channel, link);
    for (const key of log.audiences(channel, entry.from)) for (const link of audience.of(key)) link.show(entry);
    if (marker && marker.change !== "joined") for (const link of theirs) audience.remove(channel, link);
  }

  function showCast({ channel, kind, from, data, origin }: CastEvent): void {
    const alias = log.alias(channel);
    const text = JSON.stringify([EPHEMERAL, alias, kind, from, data ?? null]);
    const bytes = utf8Length(text);
    for (const key of log.audiences(channel, from)) {
      for (const link of audience.of(key)) {
        if (link.user !== from || link.hello?.instance !== origin) link.cast(alias, channel, text, bytes);
      }
    }
  }

  /** Follows one partition from as far back as the ring reaches; settled when it is level with the log as it is now. */
  function follow(partition: number, { floor: oldest, last }: Bounds): Awaitable<void> {
    log.reset(partition, Math.max(oldest, last - settings.ringEntries));
    const stop = broker.follow(partition, log.rings[partition]?.floor ?? 0, {
      entry: (entry) => log.apply(entry, show),
      reset: (nextEpoch, at) => {
        if (nextEpoch === epoch) {
          for (const link of links) link.hold(partition);
          log.reset(partition, at);
        } else beginAnew();
      },
    });
    unfollow.push(stop);
    if ((log.rings[partition]?.last ?? 0) >= last) return undefined;
    // A number of a life that ends meanwhile may never come.
    return Promise.race([new Promise<void>((resolve) => log.whenApplied(partition, last, resolve)), whenFollowed()]);
  }

  /** One partition after the other: a gateway that warms up has nothing better to do. */
  function followFrom(partition: number): Awaitable<void> {
    if (partition < broker.partitions)
      return inThisLife(
        () => broker.bounds(partition),
        (bounds) =>
          inThisLife(
            () => follow(partition, bounds),
            () => followFrom(partition + 1),
          ),
      );
    phase = "ready";
    const waiting = newcomers;
    newcomers = [];
    for (const fn of waiting) fn();
    return undefined;
  }

  /** What was asked in one life of the log says nothing of the next; while nothing is followed only `epoch` tells of that. */
  function inThisLife<T>(ask: () => Awaitable<T>, go: (value: T) => Awaitable<void>): Awaitable<void> {
    const mine = starts;
    return chain(ask(), (value) => {
      if (stopped) return;
      // A follower was told of it, and another start is under way.
      if (mine !== starts) return whenFollowed();
      if (broker.epoch === epoch) return go(value);
      stopFollowing();
      return start();
    });
  }

  const whenFollowed = (): Promise<void> => new Promise((resolve) => core.whenReady(resolve));

  function start(): Awaitable<void> {
    starts += 1;
    epoch = broker.epoch;
    uncast ??= broker.onCast(showCast);
    return inThisLife(
      () => broker.members(),
      (records) => {
        log.members.load(records);
        return followFrom(0);
      },
    );
  }

  function stopFollowing(): void {
    for (const stop of unfollow.splice(0)) stop();
    phase = "starting";
  }

  /** A new epoch: numbers, and the membership that is told in them, are others. Links learn it by coming back: only `welcome` has the epoch. */
  function beginAnew(): void {
    stopFollowing();
    sendAway(closeCodes.restart, "the log began anew");
    startAgain();
  }

  /** Nobody else knows that this hub must start again, so it tries by itself until it has. */
  function startAgain(): void {
    stopFollowing();
    settle(
      start,
      () => {},
      (error) => {
        phase = "failed";
        brokerFailed(error);
      },
    );
  }

  /** The answer of a callback as a value if it is there already, else as a promise. Unknown is the broker's failure. */
  function answered(ask: (reply: (answer: Answer) => void) => void): Awaitable<Appended> {
    let here: Answer | "later" = "later";
    let tell: ((answer: Answer) => void) | undefined;
    ask((answer) => {
      here = answer;
      tell?.(answer);
    });
    const unknown = (): Error => new Error("the log did not answer: perhaps applied, perhaps not");
    const known = here as Answer | "later";
    if (known === undefined) throw unknown();
    if (known !== "later") return known;
    return new Promise((resolve, reject) => {
      tell = (answer) => (answer ? resolve(answer) : reject(unknown()));
    });
  }

  const fits = ({ identity, hello, session }: Link, match: LinkMatch): boolean =>
    identity !== undefined &&
    (match.user ?? identity.user) === identity.user &&
    (match.tokenId === undefined || match.tokenId === identity.tokenId) &&
    (match.instance === undefined || match.instance === hello?.instance) &&
    (match.session ?? session) === session;

  return {
    start,
    connect(host) {
      const link = openSession(core, host);
      links.add(link);
      core.due(link, link.dueAt);
      // Not from within `connect`: its caller does not have the session yet.
      if (stopped) later(() => link.end(closeCodes.restart, "stopped"));
      return link;
    },
    tick(at) {
      const passed = at - tickedAt;
      tickedAt = at;
      if (passed > stoodStillMs) for (const link of links) link.forgive(passed);
      for (const link of agenda.due(at)) core.due(link, link.tick(at));
      if (at - trimmedAt < trimMs) return;
      trimmedAt = at;
      if (phase === "failed" && !stopped) startAgain();
      inbox.trim(at);
      log.trim(at);
      log.forget();
    },
    publish: ({ channel, kind, from, data, id, dedupKey }) =>
      answered((reply) => inbox.publish(channel, { kind, from, data, id }, dedupKey, reply)),
    cast({ channel, kind, from, data }) {
      casts++;
      if (inbox.fault(channel, kind, data, Number.POSITIVE_INFINITY)) return false;
      broker.cast({ channel, kind, from, data });
      return true;
    },
    member: (channel, user, change, by) => answered((reply) => inbox.change({ channel, user, change, by }, reply)),
    membersOf: log.members.membersOf,
    isMember: log.members.isMember,
    throttle(features) {
      throttling.set(features, now());
      tell({ t: "throttle", features: throttling.current(now()) });
    },
    throttles: (kind) => throttling.leftFor(kind, now) > 0,
    drain({ minDelayMs = 0, spreadMs = reconnectSpreadMs(), overlap = true } = {}) {
      floor = { minDelayMs, spreadMs };
      tell({ t: "goaway", minDelayMs, spreadMs, overlap });
    },
    undrain() {
      floor = undefined;
    },
    revoke(match, message = "revoked") {
      const found = [...links].filter((link) => fits(link, match));
      for (const link of found) link.refuse("ERR_AUTH_REJECTED", message, "reauth");
      return found.length;
    },
    stop(code = closeCodes.restart, reason = "stopping") {
      stopped = true;
      stopFollowing();
      uncast?.();
      sendAway(code, reason);
    },
    reconnectSpreadMs,
    stats() {
      let linked = 0;
      let outboundBytes = 0;
      for (const link of links) {
        if (link.user !== undefined) linked++;
        outboundBytes += link.outboundBytes();
      }
      return {
        connections: links.size,
        linked,
        subscriptions: audience.size(),
        ringEntries: log.rings.reduce((sum, { size }) => sum + size, 0),
        ringBytes: log.rings.reduce((sum, { bytes }) => sum + bytes, 0),
        positions: log.rings.map(({ last }) => last),
        draining: floor !== undefined,
        asked: inbox.asked + casts,
        outboundBytes,
      };
    },
  };
}
