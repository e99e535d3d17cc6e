/**
 * The log as one gateway reaches it: a while away, sometimes out of reach.
 *
 * Law: the log itself never errs; what this gateway is told of it comes in order, late, and each once. An append that fails here
 * may have been applied: nobody can know, and the port says so by rejecting.
 */
import type { Awaitable, Broker, CastEvent, Follower } from "@cc/protocol/server";
import type { MemoryLog } from "../../gateway/memory-log.js";
import type { Timeline } from "./timeline.js";

export interface BrokerView extends Broker {
  /** One way, ms; 0 answers within the call. */
  lagMs: number;
  /** Out of reach: appends reject, applied or not; entries wait. */
  away: { readonly applies: boolean } | undefined;
  /** It is reached again. */
  back(): void;
  /** The gateway's process is gone. */
  end(): void;
}

/** What this gateway is about to be told, and when. */
interface Word {
  readonly due: number;
  readonly fn: () => void;
}

export function createBrokerView(time: Timeline, log: MemoryLog): BrokerView {
  const undo: (() => void)[] = [];
  const followers = new Set<Follower>();
  let ended = false;
  /** One line for all: what is due at once waits behind what is due in this very millisecond and has not had its turn. */
  let words: Word[] = [];
  let lastAt = 0;
  /** As this gateway was told: it learns of a new one with its lag, like of all else. */
  let { epoch } = log;

  /** The first word, if it is due; the others each in a turn of its own. */
  const hear = (): void => {
    const [word] = words;
    if (word === undefined || view.away || ended || word.due > time.now()) return;
    words.shift();
    word.fn();
    later();
  };
  const later = (): void => {
    const [word] = words;
    if (word !== undefined) time.after(Math.max(0, word.due - time.now()), hear);
  };
  /** In order, after the lag; when out of reach, on return. */
  const inward = (fn: () => void): void => {
    if (ended) return;
    lastAt = Math.max(lastAt, time.now() + view.lagMs);
    words.push({ due: lastAt, fn });
    if (words.length > 1 || view.away) return;
    if (view.lagMs === 0 && lastAt === time.now()) hear();
    else later();
  };
  const ask = <T>(act: () => Awaitable<T>): Awaitable<T> => {
    if (view.away) return Promise.reject(new Error("the log is out of reach"));
    // What it asks for is of a log that is no more; also if that ends while the question is under way.
    const asked = epoch;
    const put = (): Awaitable<T> => (asked === log.epoch ? act() : Promise.reject<T>(new Error("the log began anew")));
    if (view.lagMs === 0 || asked !== log.epoch) return put();
    return new Promise<T>((resolve, reject) => {
      time.after(view.lagMs, () => {
        const answer = Promise.resolve(put());
        // A rejection is heard of a way later; until then nobody holds it.
        answer.catch(() => {});
        time.after(view.lagMs, () => {
          if (view.away) reject(new Error("the log is out of reach"));
          else resolve(answer);
        });
      });
    });
  };

  // Not only while the gateway follows: a log that begins anew between its questions is another one all the same.
  undo.push(
    log.follow(0, Number.POSITIVE_INFINITY, {
      entry: () => {},
      reset: (next, floor) =>
        inward(() => {
          epoch = next;
          for (const follower of [...followers]) if (followers.has(follower)) follower.reset(next, floor);
        }),
    }),
  );
  const view: BrokerView = {
    lagMs: 0,
    away: undefined,
    get epoch() {
      return epoch;
    },
    partitions: log.partitions,
    dedupMs: log.dedupMs,
    partitionOf: log.partitionOf,
    bounds: (partition) => ask(() => log.bounds(partition)),
    append(channel, event, dedupId) {
      if (view.away?.applies) void log.append(channel, event, dedupId);
      return ask(() => log.append(channel, event, dedupId));
    },
    forbid: (channel, dedupId) => ask(() => log.forbid(channel, dedupId)),
    read: (partition, after, upTo, max) => ask(() => log.read(partition, after, upTo, max)),
    members: () => ask(() => log.members()),
    follow(partition, after, follower) {
      followers.add(follower);
      const stop = log.follow(partition, after, {
        entry: (entry) => inward(() => followers.has(follower) && follower.entry(entry)),
        reset: () => {},
      });
      const end = (): void => {
        followers.delete(follower);
        stop();
      };
      undo.push(end);
      return end;
    },
    cast: (event) => {
      if (!view.away) log.cast(event);
    },
    onCast(fn) {
      const stop = log.onCast((event: CastEvent) => {
        if (!view.away) inward(() => fn(event));
      });
      undo.push(stop);
      return stop;
    },
    back() {
      view.away = undefined;
      // They set out now, and nothing overtakes what was under way before.
      const soonest = time.now() + view.lagMs;
      words = words.map(({ due, fn }) => ({ due: Math.max(due, soonest), fn }));
      lastAt = Math.max(lastAt, soonest);
      later();
    },
    end() {
      ended = true;
      for (const stop of undo.splice(0)) stop();
    },
  };
  return view;
}
