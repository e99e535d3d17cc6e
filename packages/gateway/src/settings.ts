/**
 * Options in, settings out, or one `GatewayError` that names everything wrong with them.
 *
 * The schema is the only place where a default or a bound stands as code; docs of the same numbers are at the types in options.ts.
 */
import { defaultLimits as announced, type Limits, limitsFault } from "@cc/protocol";
import ipaddr from "ipaddr.js";
import { z } from "zod";
import { GatewayError } from "./errors.js";
import { id } from "./ids.js";
import type { GatewayLimits, GatewayOptions, Settings } from "./options.js";

const count = (fallback: number, max: number = Number.MAX_SAFE_INTEGER) => z.int().min(1).max(max).default(fallback);
/** Bounded by the longest timer that Node can hold; a longer one would fire at once. */
const duration = (fallback: number) => z.int().min(1).max(2_147_483_647).default(fallback);

const limits = z.strictObject({
  window: count(announced.window),
  windowBytes: count(announced.windowBytes),
  batchBytes: count(announced.batchBytes),
  eventBytes: count(announced.eventBytes),
  frameBytes: count(announced.frameBytes),
  frameRate: count(announced.frameRate),
  dedupMs: duration(announced.dedupMs),
  handshakeMs: duration(10_000),
  outboundBytes: count(1_048_576),
  bodyBytes: count(131_072),
  keyFailuresPerMinute: count(10),
  addressRequestRate: count(100),
  userRequestRate: count(20),
  connectionsPerUser: count(50),
  connectionsPerAddress: count(5_000),
  handshakesPerAddress: count(500),
  channelsPerUser: count(1_000),
});

const throttling = z.strictObject({
  eventLoopDelayMs: z.number().positive().default(250),
  outboundBytes: count(134_217_728),
  publishRate: z.number().positive().default(10_000),
  sustainMs: duration(2_000),
  calmMs: duration(10_000),
  holdMs: duration(15_000),
});

const pem = z.string().regex(/-----BEGIN /, "must be PEM text");
const tls = z.strictObject({
  key: pem,
  cert: pem,
  ca: pem.optional(),
  minVersion: z.enum(["TLSv1.2", "TLSv1.3"]).optional(),
});

const secret = z.string().refine((text) => Buffer.byteLength(text) >= 32, "must be at least 32 bytes");

const replay = z.strictObject({
  maxCount: count(100_000),
  maxBytes: count(67_108_864),
  maxAgeMs: count(900_000),
});

const origin = z
  .string()
  .refine(
    (text) => URL.canParse(text) && new URL(text).origin === text,
    "must be an origin such as https://app.example",
  );

const addressRange = z
  .string()
  .refine((text) => ipaddr.isValid(text) || ipaddr.isValidCIDR(text), "must be an IP address or a CIDR range");

const user = z
  .strictObject({ uid: id, name: z.string().min(1).max(200).optional() })
  .transform(({ uid, name }) => ({ uid, name: name ?? uid }));

const group = z.strictObject({ gid: id, members: z.array(id).default([]) });

const schema = z
  .strictObject({
    appId: id,
    apiKey: z.string().min(8),
    jwtSecret: z.union([secret, z.array(secret).min(1)], {
      error: ({ input }) =>
        input === undefined ? "received undefined" : "must be at least 32 bytes, or a list of which each is",
    }),
    authKey: z.string().min(8).optional(),
    host: z.string().min(1).default("127.0.0.1"),
    port: z.int().min(0).max(65_535).default(0),
    users: z.array(user).default([]),
    groups: z.array(group).default([]),
    createUsers: z.boolean().default(false),
    limits: limits.default(() => limits.parse({})),
    replay: replay.default(() => replay.parse({})),
    heartbeatMs: duration(10_000),
    admissionPerSecond: count(500),
    admissionBurst: z.int().min(1).optional(),
    throttling: z.union([z.literal(false), throttling]).default(() => throttling.parse({})),
    tls: tls.optional(),
    tokenTtlMs: z.int().min(1).default(3_600_000),
    maxTokenTtlMs: z.int().min(1).default(2_592_000_000),
    origins: z.union([z.literal("*"), z.array(origin)], "must be a list of origins, or *").default([]),
    trustedProxies: z.array(addressRange).default([]),
    chat: z.boolean().default(true),
    presenceGraceMs: z.int().min(0).max(2_147_483_647).optional(),
    drainMs: z.int().min(0).max(2_147_483_647).default(10_000),
  })
  .superRefine((settings, context) => {
    const complain = (path: (string | number)[], message: string): void => {
      context.addIssue({ code: "custom", path, message });
    };
    if (settings.tokenTtlMs > settings.maxTokenTtlMs) complain(["tokenTtlMs"], "must not exceed maxTokenTtlMs");
    const fault = limitsFault(announcedOf(settings.limits));
    if (fault !== undefined) complain([], fault);
    const uids = new Set(settings.users.map(({ uid }) => uid));
    if (uids.size < settings.users.length) complain(["users"], "names a uid twice");
    if (new Set(settings.groups.map(({ gid }) => gid)).size < settings.groups.length)
      complain(["groups"], "names a gid twice");
    settings.groups.forEach(({ members }, index) => {
      const strangers = members.filter((uid) => !uids.has(uid));
      if (strangers.length > 0)
        complain(["groups", index, "members"], `names ${strangers.join(", ")}, who is not among users`);
    });
  });

/** Checks the data among the options and fills in the defaults. Throws `GatewayError` `ERR_OPTION` with every complaint on one line. */
export const resolveOptions = (options: GatewayOptions): Settings => {
  // Ports are code, not data: the schema is for what an operator writes.
  const { broker: _broker, clock: _clock, logger: _logger, store: _store, ...data } = options;
  const outcome = schema.safeParse(data);
  if (outcome.success) {
    const { jwtSecret, authKey, tls, presenceGraceMs, admissionBurst, ...rest } = outcome.data;
    const [first = "", ...older] = [jwtSecret].flat();
    return {
      ...rest,
      jwtSecrets: [first, ...older],
      authKey,
      tls,
      presenceGraceMs,
      admissionBurst: admissionBurst ?? 2 * rest.admissionPerSecond,
    };
  }
  throw new GatewayError("ERR_OPTION", outcome.error.issues.map(sentence).join("; "));
};

/** The part of the limits that `welcome` announces. */
export const announcedOf = ({
  window,
  windowBytes,
  batchBytes,
  eventBytes,
  frameBytes,
  frameRate,
  dedupMs,
}: GatewayLimits): Limits => ({
  window,
  windowBytes,
  batchBytes,
  eventBytes,
  frameBytes,
  frameRate,
  dedupMs,
});

const sentence = (issue: z.core.$ZodIssue): string => {
  const path = issue.path.map(String).join(".");
  if (issue.code === "unrecognized_keys")
    return `unknown option ${[path, issue.keys.join(", ")].filter(Boolean).join(".")}`;
  if (issue.message.endsWith("received undefined")) return `${path} is missing`;
  return path === "" ? issue.message : `${path}: ${issue.message}`;
};
