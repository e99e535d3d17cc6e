/**
 * The operations of api.ts over hub, tokens and register. Nothing here knows a socket or a request.
 */
import type { Appended, Awaitable, Broker, Hub, MemberChange } from "@cc/protocol/server";
import type { GatewayStats, Operations, Published } from "./api.js";
import type { Keeper } from "./auth/keeper.js";
import type { Revocations } from "./auth/revocations.js";
import type { Tokens } from "./auth/tokens.js";
import { memberKind } from "./broker/memberRecords.js";
import type { Clock } from "./clock.js";
import { type Directory, groupChannel } from "./directory.js";
import { GatewayError } from "./errors.js";
import type { Throttles } from "./load/throttles.js";
import type { Settings, User } from "./options.js";

export interface OperationsOptions {
  readonly settings: Settings;
  readonly hub: Hub;
  readonly broker: Broker;
  readonly tokens: Tokens;
  readonly revocations: Revocations;
  readonly keeper: Keeper;
  readonly throttles: Throttles;
  readonly directory: Directory;
  readonly clock: Clock;
  readonly isReady: () => boolean;
}

const system = "system";

export const createOperations = (options: OperationsOptions): Operations => {
  const { settings, hub, broker, tokens, revocations, keeper, throttles, directory, clock, isReady } = options;

  const written = async (outcome: () => Awaitable<Appended>): Promise<Published> => {
    const appended = await Promise.resolve()
      .then(outcome)
      .catch((cause: unknown) => {
        throw new GatewayError("ERR_BROKER", "the broker failed; whether this was applied is unknown", { cause });
      });
    if (appended.ok) return { position: appended.n };
    const code = appended.code === "ERR_MESSAGE_TOO_LARGE" ? "ERR_TOO_LARGE" : "ERR_REFUSED";
    throw new GatewayError(code, appended.message, { retryAfterMs: appended.retryAfterMs });
  };

  const member = (gid: string, uid: string, change: MemberChange, by: string): Promise<Published> =>
    written(() => hub.member(groupChannel(gid), uid, change, by));

  const disconnect = (match: { readonly user?: string; readonly tokenId?: string }, message: string): number => {
    const closed = hub.revoke(match, message);
    // A hello whose token was judged a microtask ago is no link yet; it is one by the next turn.
    setImmediate(() => hub.revoke(match, message));
    return closed;
  };

  const sessionOf = async (user: User, more?: { readonly ttlMs?: number | undefined; readonly sid?: string }) => {
    const { token, expiresInMs } = await tokens.mint(user.uid, more);
    return { user, token, expiresInMs };
  };

  const publish: Operations["publish"] = async ({ channel, kind, data, from = system, ephemeral = false, id }) => {
    if (kind === memberKind)
      throw new GatewayError("ERR_INVALID", `the kind ${memberKind} is reserved for the gateway's own markers`);
    if (!directory.hasChannel(channel)) throw new GatewayError("ERR_NOT_FOUND", `there is no ${channel}`);
    if (!ephemeral) return written(() => hub.publish({ channel, kind, data, from, id, dedupKey: id }));
    if (hub.cast({ channel, kind, data, from, id })) return { position: 0 };
    throw new GatewayError("ERR_TOO_LARGE", `the event is above ${settings.limits.eventBytes} bytes`);
  };

  return {
    users: () => directory.users(),
    createUser: ({ uid, name = uid }) => directory.create({ uid, name }),
    mintToken: async (uid, { ttlMs } = {}) => {
      if (ttlMs !== undefined && !(ttlMs >= 1 && ttlMs <= settings.maxTokenTtlMs)) {
        throw new GatewayError("ERR_INVALID", `ttlMs must be between 1 and ${settings.maxTokenTtlMs}`);
      }
      return sessionOf(directory.resolve(uid), { ttlMs });
    },
    verifyToken: (token) => tokens.verify(token),
    refresh: ({ uid, sid }) => sessionOf(directory.ensure(uid), { sid }),
    endLogin: ({ sid }) => {
      revocations.revokeLogin(sid, clock.wall());
      return disconnect({ tokenId: sid }, "this login has ended");
    },
    revokeUser: (uid) => {
      revocations.revokeUser(uid, clock.wall());
      return disconnect({ user: uid }, "the token was revoked");
    },
    kick: (uid, message = "the link was ended by an operator") => hub.revoke({ user: uid }, message),
    publish,
    addMember: async (gid, uid, by = system) => {
      directory.resolve(uid);
      directory.addGroup(gid);
      return member(gid, uid, "joined", by);
    },
    removeMember: async (gid, uid, { kicked = false, by = system } = {}) => {
      if (!directory.hasGroup(gid)) throw new GatewayError("ERR_NOT_FOUND", `there is no group ${gid}`);
      return member(gid, uid, kicked ? "kicked" : "left", by);
    },
    membersOf: (gid) => hub.membersOf(groupChannel(gid)),
    saved: keeper.saved,
    throttle: throttles.operate,
    stats: (): GatewayStats => {
      const { connections, linked, positions, draining } = hub.stats();
      const { level, pressure, eventLoopDelayMs, outboundBytes, publishRate } = throttles.load;
      return {
        connections,
        linked,
        positions,
        draining,
        ready: isReady(),
        users: directory.users().length,
        groups: directory.groups().length,
        epoch: broker.epoch,
        reconnectSpreadMs: hub.reconnectSpreadMs(),
        throttled: throttles.current(),
        load: { level, pressure, eventLoopDelayMs, outboundBytes, publishRate },
      };
    },
  };
};
