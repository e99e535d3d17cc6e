/** Chat on top of cc.1: what clients may send, and who is online. Law: the hub does not know of it; it comes in by `judge`, `topics` and notes. */
import type { Broker, Hub, HubNote, HubOptions } from "@cc/protocol/server";
import type { Clock } from "../clock.js";
import type { Directory } from "../directory.js";
import type { Settings } from "../options.js";
import { createPresence, presenceTopic } from "./presence.js";
import { chatJudge } from "./rules.js";

/**
 * What a client is given to come back after a loss, on top of the spread in which its first retry falls [B5.2]: the least deadline
 * of a probe [B6.2], for the new link to be made and welcomed. Milliseconds.
 */
const comebackMs = 2_500;

export interface ChatOptions {
  readonly settings: Settings;
  readonly broker: Broker;
  readonly directory: Directory;
  readonly clock: Clock;
  /** The hub, which is made with what this gives. */
  readonly hub: () => Hub;
}

/** What the gateway hands on. */
export interface Chat extends Pick<HubOptions, "judge" | "topics"> {
  note(note: HubNote): void;
  tick(): void;
}

export const createChat = ({ settings, broker, directory, clock, hub }: ChatOptions): Chat => {
  if (!settings.chat) return { note: () => {}, tick: () => {} };
  const presence = createPresence({
    now: clock.now,
    wall: clock.wall,
    graceMs: () => settings.presenceGraceMs ?? hub().reconnectSpreadMs() + comebackMs,
    throttled: () => hub().throttles(presenceTopic),
    nameOf: (uid) => directory.find(uid)?.name ?? uid,
    tell: (uid, data) => broker.cast({ channel: presenceTopic, kind: presenceTopic, from: uid, data }),
  });
  return {
    judge: chatJudge((channel, user) => hub().isMember(channel, user)),
    topics: [presenceTopic],
    note: (note) => {
      if (note.note === "welcomed") presence.welcomed(note.user);
      else if (note.note === "closed" && note.user !== undefined) presence.closed(note.user);
    },
    tick: presence.tick,
  };
};
