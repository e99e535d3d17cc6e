/**
 * A gateway: options in, a listening server out, with everything that it opened ended by one `close()`.
 *
 * Laws. Nothing is opened before the options are known to be good, and nothing stays open when the start fails. One timer drives
 * all deadlines of all links. Readiness is true exactly while links are taken: after the log is warm, not while draining.
 */
import { randomUUID } from "node:crypto";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { closeCodes, dedupGraceMs } from "@cc/protocol";
import type { Hub, HubNote, HubOptions, Verdict, Verify } from "@cc/protocol/server";
import { createHub } from "@cc/protocol/server";
import { getRequestListener } from "@hono/node-server";
import type { Logger } from "pino";
import { clientAddress } from "./address.js";
import type { Gateway, Operations } from "./api.js";
import { createKeeper } from "./auth/keeper.js";
import { createRevocations, type Revocations } from "./auth/revocations.js";
import { createTokens, TokenError, type Tokens } from "./auth/tokens.js";
import { memoryBroker } from "./broker/memory.js";
import { createChat } from "./chat/chat.js";
import { type Clock, systemClock } from "./clock.js";
import { createDirectory, type Directory } from "./directory.js";
import { createDrain } from "./drain.js";
import { GatewayError, listenError } from "./errors.js";
import { createHttpApp } from "./http/app.js";
import { boundConnections, openServer, renewTls } from "./http/server.js";
import { createSampler } from "./load/sampler.js";
import { createThrottles, type Throttles } from "./load/throttles.js";
import { guarded } from "./logger.js";
import { createMeters, type Meters } from "./meters.js";
import { createOperations } from "./operations.js";
import type { GatewayOptions, Settings } from "./options.js";
import { originPolicy } from "./origin.js";
import { announcedOf, resolveOptions } from "./settings.js";
import { connectPath } from "./socket/refusal.js";
import { createSockets } from "./socket/sockets.js";

/** How often the hub looks at its deadlines, at most, in milliseconds; oftener where the options ask for short ones. */
const tickMs = 250;
/** How long a store may take for its last save, in milliseconds: one that hangs must not keep the process. */
const storeGraceMs = 3_000;
/** How long closing sockets may take before they are cut, in milliseconds. */
const closeGraceMs = 1_000;

/**
 * Starts a gateway. Resolves when it listens, its log is warm and its seed is in.
 *
 * Rejects `GatewayError`: `ERR_OPTION` (all complaints on one line), `ERR_PORT_IN_USE`, `ERR_LISTEN`, `ERR_BROKER`.
 */
export const createGateway = async (options: GatewayOptions): Promise<Gateway> => {
  const settings = resolveOptions(options);
  const clock = options.clock ?? systemClock;
  const logger = guarded(options.logger);
  const broker = options.broker ?? memoryBroker({ dedupMs: settings.limits.dedupMs + dedupGraceMs, clock });
  const directory = createDirectory(settings.users, settings.createUsers);
  const revocations = createRevocations(settings.maxTokenTtlMs);
  const keeper = await createKeeper(options.store, revocations, logger);
  const tokens = await createTokens({
    appId: settings.appId,
    secrets: settings.jwtSecrets,
    ttlMs: settings.tokenTtlMs,
    maxTtlMs: settings.maxTokenTtlMs,
    wall: clock.wall,
    revocations,
  });

  let ready = false;
  const isReady = (): boolean => ready && !hub.stats().draining;
  const meters: Meters = createMeters(() => operations.stats());
  const chat = createChat({ settings, broker, directory, clock, hub: () => hub });
  // The type said, for the hub is made with what asks for it.
  const hub: Hub = openHub({
    ...hubSettings(settings),
    judge: chat.judge,
    topics: chat.topics,
    broker,
    verify: verifier(settings.appId, tokens, directory, clock.wall, logger),
    now: clock.now,
    later: setImmediate,
    newId: randomUUID,
    mayJoin: (_user, channel) => directory.hasChannel(channel),
    maySend: (_user, channel) => directory.hasChannel(channel),
    onNote: (note) => {
      meters.note(note);
      chat.note(note);
      logNote(logger, note);
    },
  });
  const throttles = createThrottles({ hub, now: clock.now, policy: settings.throttling, logger });
  const operations = createOperations({
    settings,
    hub,
    broker,
    tokens,
    revocations,
    keeper,
    directory,
    clock,
    throttles,
    isReady,
  });
  const drain = createDrain({ hub, clock, drainMs: settings.drainMs });
  const allowsOrigin = originPolicy(settings.origins);
  const addressOf = clientAddress(settings.trustedProxies);
  const sockets = createSockets({ settings, hub, clock, logger, meters, allowsOrigin, addressOf });
  const operated = { ...operations, drain: drain.start, undrain: drain.undo };
  const app = createHttpApp({
    settings,
    gateway: operated,
    directory,
    clock,
    logger,
    meters,
    allowsOrigin,
    addressOf,
  });

  const server = openServer(settings, getRequestListener(app.fetch, { overrideGlobalObjects: false }));
  boundConnections(server, settings);
  server.on("upgrade", sockets.upgrade);
  await listen(server, settings);
  const port = (server.address() as AddressInfo).port;

  const settle = (): void => {
    drain.settle();
    chat.tick();
    sockets.tick();
  };
  const stopTicking = startTicking({ clock, settings, hub, revocations, throttles, settle });
  let closing: Promise<void> | undefined;
  const close = (code: number = closeCodes.restart): Promise<void> => {
    closing ??= end(code);
    return closing;
  };
  const end = async (code: number): Promise<void> => {
    ready = false;
    sockets.stop();
    hub.stop(code, "the gateway is closing");
    drain.finish();
    stopTicking();
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeIdleConnections();
    // The machine's time and not the option's: this waits for sockets, which know no other.
    const cancel = systemClock.after(closeGraceMs, () => {
      sockets.terminate();
      server.closeAllConnections();
    });
    await closed;
    cancel();
    // Whoever asked has been told already, or will not be; this is the last chance of a save that failed before.
    await within(storeGraceMs, keeper.saved());
    logger.info("closed");
  };

  try {
    await hub.start();
    await seed(settings, operations, directory);
  } catch (cause) {
    await close();
    throw cause instanceof GatewayError ? cause : new GatewayError("ERR_BROKER", "the broker did not start", { cause });
  }
  ready = true;

  const authority = `${settings.host.includes(":") ? `[${settings.host}]` : settings.host}:${port}`;
  const secure = settings.tls === undefined ? "" : "s";
  logger.info({ url: `http${secure}://${authority}`, appId: settings.appId }, "listening");
  return {
    ...operated,
    url: `http${secure}://${authority}`,
    wsUrl: `ws${secure}://${authority}${connectPath}`,
    setTls: (tls) => renewTls(server, tls, settings.tls),
    address: { host: settings.host, port },
    drain: (drainOptions = {}) => drain.start(drainOptions),
    close,
    [Symbol.asyncDispose]: () => close(),
  };
};

/** Resolves when the work has ended, however, or its time has. The machine's time and not the option's. */
const within = (ms: number, work: Promise<void>): Promise<void> =>
  new Promise((resolve) => {
    const cancel = systemClock.after(ms, resolve);
    const ended = (): void => {
      cancel();
      resolve();
    };
    work.then(ended, ended);
  });

/** The hub has laws of its own about which numbers go together; breaking one is a bad option like any other. */
const openHub = (options: HubOptions): Hub => {
  try {
    return createHub(options);
  } catch (cause) {
    if (cause instanceof RangeError) throw new GatewayError("ERR_OPTION", cause.message, { cause });
    throw cause;
  }
};

const hubSettings = ({ limits, replay, heartbeatMs, admissionPerSecond, admissionBurst }: Settings) => ({
  limits: announcedOf(limits),
  heartbeatMs,
  // A gateway told to ping faster than the hub's usual minimum means it.
  heartbeatMinMs: Math.min(5_000, heartbeatMs),
  handshakeMs: limits.handshakeMs,
  outboundBytes: limits.outboundBytes,
  admitPerSecond: admissionPerSecond,
  admitBurst: admissionBurst,
  connectionsPerUser: limits.connectionsPerUser,
  channelsPerUser: limits.channelsPerUser,
  ringEntries: replay.maxCount,
  ringBytes: replay.maxBytes,
  ringAgeMs: replay.maxAgeMs,
});

const verifier =
  (appId: string, tokens: Tokens, directory: Directory, wall: () => number, logger: Logger): Verify =>
  async (token, { app, instance }): Promise<Verdict> => {
    if (app !== appId) return { ok: false, retry: "never", message: "this gateway serves another app" };
    try {
      const { uid, sid, expiresAt } = await tokens.verify(token);
      directory.ensure(uid);
      return { ok: true, user: uid, tokenId: sid, expiresInMs: Math.max(0, expiresAt - wall()) };
    } catch (error) {
      if (!(error instanceof TokenError)) throw error;
      logger.info({ fault: error.fault, instance }, "token refused");
      return { ok: false, retry: error.fault === "app" ? "never" : "reauth", message: error.message };
    }
  };

const listen = (server: Server, { host, port }: Settings): Promise<void> =>
  new Promise((resolve, reject) => {
    const failed = (cause: unknown): void => reject(listenError(cause, host, port));
    server.once("error", failed);
    server.listen(port, host, () => {
      server.removeListener("error", failed);
      resolve();
    });
  });

const seed = async (settings: Settings, operations: Operations, directory: Directory): Promise<void> => {
  for (const { gid, members } of settings.groups) {
    directory.addGroup(gid);
    for (const uid of members) await operations.addMember(gid, uid);
  }
};

interface Ticking {
  readonly clock: Clock;
  readonly settings: Settings;
  readonly hub: Hub;
  readonly revocations: Revocations;
  readonly throttles: Throttles;
  readonly settle: () => void;
}

/** How often the load is looked at, at most, in milliseconds: a look asks every link for its buffer. */
const lookMs = 500;

/** One timer for everything that waits; short options shorten it, so that a test with a heartbeat of 50 ms is served like one of 10 s. */
const startTicking = ({ clock, settings, hub, revocations, throttles, settle }: Ticking): (() => void) => {
  const everyMs = Math.max(5, Math.min(tickMs, settings.heartbeatMs / 4, settings.limits.handshakeMs / 4));
  const lookEveryMs = settings.throttling === false ? lookMs : Math.min(lookMs, settings.throttling.sustainMs / 4);
  const sampler = createSampler(hub);
  let lookedAt = clock.now();
  let cancel = (): void => {};
  const look = (now: number): void => {
    if (now - lookedAt < lookEveryMs) return;
    throttles.measure(sampler.look(now - lookedAt));
    lookedAt = now;
  };
  const tick = (): void => {
    cancel = clock.after(everyMs, tick);
    hub.tick(clock.now());
    look(clock.now());
    revocations.prune(clock.wall());
    settle();
  };
  cancel = clock.after(everyMs, tick);
  return () => {
    cancel();
    sampler.stop();
  };
};

const logNote = (logger: Logger, note: HubNote): void => {
  if (note.note === "brokerFailed") logger.error({ err: note.error }, "the broker failed");
  else if (note.note === "refused") logger.info(note, "link refused");
  else logger.debug(note, note.note);
};
