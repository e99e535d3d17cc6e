/**
 * What clients may send as chat: the kinds of docs/chat-events.md, each with its class, its shape and its author.
 *
 * Law: nothing is looked up. A message is named by its author and his own id for it, so that who may edit, delete or
 * acknowledge it is decided by the name alone, on every gateway alike and for as long as anybody remembers the message.
 * Kinds that are not in the table are the app's own; `message` is too, for its data has always been the app's.
 */
import { z } from "zod";
import { groupChannel, userChannel } from "../directory.js";

/** A send, as far as it is judged. */
interface Judged {
  readonly channel: string;
  readonly kind: string;
  readonly data: unknown;
  readonly ephemeral: boolean;
}

interface Rule {
  readonly ephemeral: boolean;
  readonly shape: z.ZodType;
  /** Why this user may not send it there, its shape being good. */
  readonly objection?: (user: string, channel: string, data: Reference) => string | undefined;
}

/** What `edited`, `deleted` and `receipt` have in common. */
interface Reference {
  readonly of: string;
  readonly channel?: string;
}

/** `<uid of the author>/<his id for the send>`. */
const reference = z.string().regex(/^[A-Za-z0-9._@-]{1,100}\/.{1,128}$/s, "must be AUTHOR/ID");
const anyObject = z.record(z.string(), z.unknown());
const extras = { metadata: anyObject.optional(), tags: z.array(z.string().max(100)).max(100).optional() };
const text = z.looseObject({ text: z.string().min(1), ...extras });
const custom = z.looseObject({
  type: z.string().min(1).max(100),
  customData: anyObject,
  conversationText: z.string().optional(),
  ...extras,
});

const authorOf = ({ of }: Reference): string => of.slice(0, of.indexOf("/"));
const own = (user: string, _channel: string, data: Reference): string | undefined =>
  authorOf(data) === user ? undefined : "of: only its author changes a message";

const receipt = z.looseObject({
  of: reference,
  type: z.enum(["delivered", "read"]),
  channel: z.string().regex(/^(user|group):/, "must be the message's channel"),
});

/** @param isMember who may see what is said in a group, and so acknowledge it */
const rulesOf = (isMember: (channel: string, user: string) => boolean): Readonly<Record<string, Rule>> => ({
  custom: { ephemeral: false, shape: custom },
  edited: {
    ephemeral: false,
    shape: z.discriminatedUnion("kind", [
      z.looseObject({ of: reference, kind: z.literal("message"), data: text }),
      z.looseObject({ of: reference, kind: z.literal("custom"), data: custom }),
    ]),
    objection: own,
  },
  deleted: { ephemeral: false, shape: z.looseObject({ of: reference }), objection: own },
  receipt: {
    ephemeral: false,
    shape: receipt,
    objection: (user, channel, data) => {
      if (channel !== userChannel(authorOf(data))) return "of: a receipt goes to the author of its message";
      const { channel: where = "" } = data;
      const sees = where === userChannel(user) || (where.startsWith(groupChannel("")) && isMember(where, user));
      return sees ? undefined : "channel: it is not yours to acknowledge";
    },
  },
  typing: { ephemeral: true, shape: z.looseObject({ ended: z.boolean().optional(), metadata: anyObject.optional() }) },
  transient: { ephemeral: true, shape: z.unknown() },
});

/** Says why a client may not send this, or nothing if he may. */
export const chatJudge = (
  isMember: (channel: string, user: string) => boolean,
): ((user: string, send: Judged) => string | undefined) => {
  const rules = rulesOf(isMember);
  return (user, { channel, kind, data, ephemeral }) => {
    if (kind === "presence") return "the kind presence is the gateway's own";
    const rule = Object.hasOwn(rules, kind) ? rules[kind] : undefined;
    if (rule === undefined) return undefined;
    if (rule.ephemeral !== ephemeral) return `${kind} is ${rule.ephemeral ? "ephemeral" : "durable"}`;
    const checked = rule.shape.safeParse(data);
    if (!checked.success) {
      const issue = checked.error.issues[0];
      return `${kind}: ${[...(issue?.path ?? []).map(String), issue?.message].join(": ")}`;
    }
    return rule.objection?.(user, channel, data as Reference);
  };
};
