/**
 * What requests carry and answers hold, as zod: what the routes check, and what the OpenAPI document is generated from, so that the
 * two cannot differ.
 */

import type { ThrottledFeature } from "@cc/protocol";
import { z } from "zod";
import type { DrainOptions } from "../api.js";
import { id } from "../ids.js";

const longestTimer = 2_147_483_647;
const timer = z.int().min(0).max(longestTimer);

// ---- requests

export const loginBody: z.ZodType<{
  readonly uid: string;
  readonly authKey: string;
  readonly name?: string | undefined;
}> = z.object({ uid: id, authKey: z.string(), name: z.string().min(1).max(200).optional() });

export const userBody: z.ZodType<{ readonly uid: string; readonly name?: string | undefined }> = z.object({
  uid: id,
  name: z.string().min(1).max(200).optional(),
});

export const tokenBody: z.ZodType<{ readonly uid: string; readonly ttlMs?: number | undefined }> = z.object({
  uid: id,
  ttlMs: z.int().min(1).optional(),
});

/** The body of a publication. */
export interface EventBody {
  readonly kind: string;
  readonly data: unknown;
  readonly from?: string | undefined;
  readonly ephemeral?: boolean | undefined;
  readonly id?: string | undefined;
}

const aroundData = {
  kind: z.string().min(1).max(64),
  from: id.optional(),
  ephemeral: z.boolean().optional(),
  id: z.string().min(1).max(200).optional(),
};
export const eventBody: z.ZodType<EventBody> = z.object({ ...aroundData, data: z.json() });
/** The same for the document: the schema of any JSON refers to itself, by references that would point outside of it, and says no more. */
export const eventBodyInWords: z.ZodType = z.object({ ...aroundData, data: z.unknown().describe("any JSON value") });

export const throttleBody: z.ZodType<{ readonly features: readonly ThrottledFeature[] }> = z.object({
  features: z.array(
    z.object({
      feature: z.string().min(1).max(64),
      reason: z.string().max(200).default("operator"),
      forMs: z.int().min(1).max(longestTimer),
    }),
  ),
});

export const drainBody: z.ZodType<DrainOptions> = z.object({
  waitMs: timer.optional(),
  minDelayMs: timer.optional(),
  spreadMs: timer.optional(),
});

export const memberPath: z.ZodType<{ readonly gid: string; readonly uid: string }> = z.object({ gid: id, uid: id });

/** Each parameter of the query of a change of membership. */
export const memberParameters: {
  readonly by: z.ZodType<string | undefined>;
  readonly kicked: z.ZodType<"true" | "false" | undefined>;
} = {
  by: id.optional(),
  kicked: z.enum(["true", "false"]).optional(),
};
export const memberQuery: z.ZodType<{
  readonly by?: string | undefined;
  readonly kicked?: "true" | "false" | undefined;
}> = z.object(memberParameters);

// ---- answers

const count = z.int().min(0);
const user = z.object({ uid: id, name: z.string() });

/** The answers by name; names are those of the document. */
export type Answer =
  | "User"
  | "Session"
  | "Me"
  | "Closed"
  | "Published"
  | "Members"
  | "Throttled"
  | "Stats"
  | "Health"
  | "Readiness"
  | "Problem";

export const answers: Readonly<Record<Answer, z.ZodType>> = {
  User: z.object({ user }),
  Session: z.object({ user, token: z.string(), expiresInMs: z.number() }),
  Me: z.object({ user, expiresInMs: z.number() }),
  Closed: z.object({ closed: count.describe("links that were ended with 4401") }),
  Published: z.object({ position: count.describe("number in the log; 0: nothing was written") }),
  Members: z.object({ members: z.array(id) }),
  Throttled: throttleBody,
  Stats: z.object({
    connections: count,
    linked: count,
    users: count,
    groups: count,
    positions: z.array(count),
    epoch: z.string(),
    reconnectSpreadMs: count,
    throttled: z.array(z.object({ feature: z.string(), reason: z.string(), forMs: count })),
    load: z.object({
      level: z.int().min(0).max(3),
      pressure: z.number(),
      eventLoopDelayMs: z.number(),
      outboundBytes: count,
      publishRate: z.number(),
    }),
    draining: z.boolean(),
    ready: z.boolean(),
  }),
  Health: z.object({ status: z.literal("ok") }),
  Readiness: z.object({ ready: z.boolean(), draining: z.boolean(), linked: count }),
  Problem: z.object({
    error: z.object({
      code: z.string(),
      message: z.string(),
      minDelayMs: z.number().optional(),
      spreadMs: z.number().optional(),
    }),
  }),
};
