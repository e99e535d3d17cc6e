/**
 * From a client's or operator's wish to the log.
 *
 * Law: sends of one identity on one channel are applied in the order of arrival, one after another; each is judged when
 * its turn has come, so that a send right behind a join finds the membership. A send repeated under its id is applied once
 * and answered alike. A refusal means not applied, and that it never will be: a copy on another link may be on its
 * way through another gateway, so the log has the last word. When the broker cannot say, nobody is told anything (`undefined`),
 * and the client asks again by id.
 */
import { utf8Length } from "../bytes.js";
import { dedupGraceMs } from "../limits.js";
import { settle } from "./awaitable.js";
import type { Appended, Broker, MemberChange, NewEvent } from "./broker.js";
import type { Send } from "./check.js";
import { createDedup } from "./dedup.js";
import { createLanes } from "./lanes.js";
import { type Log, memberKind, userPrefix } from "./log.js";
import { upsert } from "./maps.js";
import { isNestedDeeper, nestingLimit } from "./nesting.js";
import type { Settings } from "./settings.js";
import type { Throttling } from "./throttle.js";

/** What became of it; `undefined`: nobody knows. */
export type Answer = Appended | undefined;
type Reply = (answer: Answer) => void;

/** Who asks. */
export interface Author {
  readonly user: string;
  readonly instance: string;
}

/** A wished change of membership. */
export interface MemberWish {
  readonly channel: string;
  readonly user: string;
  readonly change: MemberChange;
  readonly by?: string | undefined;
}

/** Takes what is asked for. */
export interface Inbox {
  /** A client's durable send. `bytes` is the size of the message that it came in. */
  send(author: Author, send: Send, bytes: number, reply: Reply): void;
  /** A client's ephemeral send: refused, or cast. */
  cast(author: Author, send: Send, bytes: number): Appended;
  /** A client's durable send, join or leave that is not to be applied: one that was, under this id, is answered as the first time. */
  refuse(author: Author, id: string, channel: string, answer: Answer, reply: Reply): void;
  /** A client's join or leave. */
  member(author: Author, id: string, wish: MemberWish, reply: Reply): void;
  /** An operator's change of membership. */
  change(wish: MemberWish, reply: Reply): void;
  /** Past membership and repetition by id of clients: an operator's event. */
  publish(channel: string, event: NewEvent, key: string | undefined, reply: Reply): void;
  /** Why an event cannot be, whoever sends it. */
  fault(channel: string, kind: string, data: unknown, bytes: number): Appended | undefined;
  trim(now: number): void;
  /** How many events were asked for so far, by clients and operators, refused ones too. */
  readonly asked: number;
}

/** How much longer data can get when it is written on: the text `1e20` has four bytes, and what a double is written as has 21. */
const mostGrowth = 21 / 4;

const refusal = (code: string, message: string, retryAfterMs?: number): Appended => ({
  ok: false,
  code,
  message,
  retryAfterMs,
});
const applied: Appended = { ok: true, n: 0 };

/** Is it a channel of a group? */
const isGroup = (channel: string): boolean => channel.startsWith("group:") && channel.length > 6;
const isUser = (channel: string): boolean => channel.startsWith(userPrefix) && channel.length > userPrefix.length;

/** The inbox of one gateway. */
export function createInbox(
  settings: Settings,
  broker: Broker,
  log: Log,
  throttling: Throttling,
  failed: (error: unknown) => void,
): Inbox {
  const { limits, now } = settings;
  const lanes = createLanes();
  let asked = 0;
  const dedup = createDedup<Answer>(
    limits.dedupMs + dedupGraceMs,
    settings.dedupEntries,
    (answer) => answer !== undefined,
  );

  /** Joins that are under way: they come all at once, and the log may take its time. */
  const joining = new Map<string, Set<string>>();

  /** In how many channels this user is, was as far as the log remembers, or is about to be. */
  function channelsOf(user: string): number {
    const known = log.members.channelsOf(user);
    let count = known.size;
    for (const channel of joining.get(user) ?? []) if (!known.has(channel)) count++;
    return count;
  }

  const keyOf = (author: Author, id: string): string => JSON.stringify([author.user, author.instance, id]);
  const laneOf = (author: Author, channel: string): string => JSON.stringify([author.user, author.instance, channel]);

  function append(channel: string, event: NewEvent, dedupId: string | undefined, reply: Reply): void {
    settle(
      () => broker.append(channel, event, dedupId),
      reply,
      (error) => {
        failed(error);
        reply(undefined);
      },
    );
  }

  /** A refusal stands when a log that has other gateways knows nothing of another copy, and will take none. */
  function certain(channel: string, key: string, answer: Answer, reply: Reply): void {
    if (answer?.ok !== false) {
      reply(answer);
      return;
    }
    settle(
      () => broker.forbid?.(channel, key),
      (n) => reply(n === undefined ? answer : { ok: true, n }),
      (error) => {
        failed(error);
        reply(undefined);
      },
    );
  }

  /** In its lane, once. */
  function inTurn(
    author: Author,
    id: string,
    channel: string,
    reply: Reply,
    run: (key: string, done: Reply) => void,
  ): void {
    const key = keyOf(author, id);
    dedup.once(
      key,
      reply,
      (answered) =>
        lanes(laneOf(author, channel), (next) =>
          run(key, (answer) =>
            certain(channel, key, answer, (told) => {
              answered(told);
              next();
            }),
          ),
        ),
      now,
    );
  }

  function fault(channel: string, kind: string, data: unknown, bytes: number): Appended | undefined {
    if (!isGroup(channel) && !isUser(channel)) return refusal("ERR_SEND_REJECTED", "no such channel");
    if (kind === memberKind) return refusal("ERR_SEND_REJECTED", `the kind ${memberKind} is the server's own`);
    // Before anything writes the data out. Each level has two brackets, so a short message cannot be deep.
    if (bytes > 2 * nestingLimit && isNestedDeeper(data))
      return refusal("ERR_SEND_REJECTED", `the data is nested deeper than ${nestingLimit} levels`);
    if (bytes * mostGrowth > limits.eventBytes && utf8Length(JSON.stringify(data) ?? "") > limits.eventBytes) {
      return refusal("ERR_MESSAGE_TOO_LARGE", `the data is above ${limits.eventBytes} bytes`);
    }
    return undefined;
  }

  function refused({ user }: Author, send: Send, bytes: number): Appended | undefined {
    const { channel, kind, data } = send;
    // First, because it is there to save everything that follows.
    const leftMs = throttling.leftFor(kind, now);
    if (leftMs > 0) return refusal("ERR_FEATURE_THROTTLED", `${kind} is throttled`, Math.ceil(leftMs));
    const wrong = fault(channel, kind, data, bytes);
    if (wrong) return wrong;
    if (!(isGroup(channel) ? log.members.isMember(channel, user) : (settings.maySend?.(user, channel, kind) ?? true)))
      return refusal("ERR_SEND_REJECTED", isGroup(channel) ? "not a member" : "not allowed");
    const objection = settings.judge?.(user, send);
    return objection === undefined ? undefined : refusal("ERR_SEND_REJECTED", objection);
  }

  /** Writes the marker, and answers once it is in force here. */
  function mark(
    { channel, user, change, by }: MemberWish,
    origin: string | undefined,
    dedupId: string | undefined,
    reply: Reply,
  ): void {
    if (log.members.isMember(channel, user) === (change === "joined")) {
      reply(applied);
      return;
    }
    const data = by === undefined ? { user, change } : { user, change, by };
    append(channel, { kind: memberKind, from: by ?? user, data, origin }, dedupId, (answer) => {
      if (answer?.ok) log.whenApplied(broker.partitionOf(channel), answer.n, () => reply(answer));
      else reply(answer);
    });
  }

  return {
    fault,
    send(author, send, bytes, reply) {
      asked++;
      inTurn(author, send.id, send.channel, reply, (key, done) => {
        const wrong = refused(author, send, bytes);
        const { channel, kind, data, id } = send;
        if (wrong) done(wrong);
        else append(channel, { kind, from: author.user, data, id, origin: author.instance }, key, done);
      });
    },
    refuse: (author, id, channel, answer, reply) => inTurn(author, id, channel, reply, (_key, done) => done(answer)),
    cast(author, send, bytes) {
      asked++;
      const wrong = refused(author, send, bytes);
      const { channel, kind, data } = send;
      if (!wrong) broker.cast({ channel, kind, from: author.user, data, origin: author.instance });
      return wrong ?? applied;
    },
    member(author, id, wish, reply) {
      const { channel, user, change } = wish;
      if (!isGroup(channel)) {
        reply(refusal("ERR_SEND_REJECTED", "no such channel"));
        return;
      }
      inTurn(author, id, channel, reply, (key, done) => {
        if (change !== "joined") {
          mark(wish, author.instance, key, done);
          return;
        }
        if (channelsOf(user) >= settings.channelsPerUser && !log.members.isMember(channel, user)) {
          done(refusal("ERR_SEND_REJECTED", `this user is in ${settings.channelsPerUser} channels already`));
          return;
        }
        const under = upsert(joining, user, () => new Set<string>());
        under.add(channel);
        const over: Reply = (answer) => {
          under.delete(channel);
          if (under.size === 0 && joining.get(user) === under) joining.delete(user);
          done(answer);
        };
        settle(
          () => settings.mayJoin?.(user, channel) ?? true,
          (may) => (may ? mark(wish, author.instance, key, over) : over(refusal("ERR_SEND_REJECTED", "not allowed"))),
          (error) => {
            failed(error);
            over(undefined);
          },
        );
      });
    },
    change(wish, reply) {
      if (isGroup(wish.channel)) mark(wish, undefined, undefined, reply);
      else reply(refusal("ERR_SEND_REJECTED", "no such channel"));
    },
    publish(channel, event, key, reply) {
      asked++;
      const wrong = fault(channel, event.kind, event.data, Number.POSITIVE_INFINITY);
      if (wrong) reply(wrong);
      else append(channel, event, key === undefined ? undefined : JSON.stringify([channel, key]), reply);
    },
    trim: dedup.trim,
    get asked() {
      return asked;
    },
  };
}
