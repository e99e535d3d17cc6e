/**
 * Who and what exists: users by uid, groups by gid. A register of names, not of rights.
 *
 * A user is here because he was seeded, created, or showed a token that we signed: a good signature outweighs the register,
 * which a restart empties. A group is here because it was seeded, or got a member; membership itself is the log's.
 */
import { GatewayError } from "./errors.js";
import type { User } from "./options.js";

/** Channel names of cc.1. */
export const userChannel = (uid: string): string => `user:${uid}`;
export const groupChannel = (gid: string): string => `group:${gid}`;

/** The register of one gateway. */
export interface Directory {
  /** The user, or `undefined`. */
  find(uid: string): User | undefined;
  /** The user, created with the uid as name if he is not here. */
  ensure(uid: string): User;
  /** The user. Throws `ERR_NOT_FOUND` unless the gateway creates users as they are named. */
  resolve(uid: string): User;
  /** Adds a user. Throws `ERR_EXISTS`. */
  create(user: User): User;
  hasGroup(gid: string): boolean;
  addGroup(gid: string): void;
  /** Whether `user:…` or `group:…` names something that is here. */
  hasChannel(channel: string): boolean;
  users(): readonly User[];
  groups(): readonly string[];
}

export const createDirectory = (seed: readonly User[], createUsers: boolean): Directory => {
  const users = new Map(seed.map((user) => [user.uid, user]));
  const groups = new Set<string>();

  const add = (user: User): User => {
    users.set(user.uid, user);
    return user;
  };
  const ensure = (uid: string): User => users.get(uid) ?? add({ uid, name: uid });

  return {
    find: (uid) => users.get(uid),
    ensure,
    resolve: (uid) => {
      const user = createUsers ? ensure(uid) : users.get(uid);
      if (user === undefined) throw new GatewayError("ERR_NOT_FOUND", `there is no user ${uid}`);
      return user;
    },
    create: (user) => {
      if (users.has(user.uid)) throw new GatewayError("ERR_EXISTS", `there is a user ${user.uid} already`);
      return add(user);
    },
    hasGroup: (gid) => groups.has(gid),
    addGroup: (gid) => {
      groups.add(gid);
    },
    hasChannel: (channel) => {
      const colon = channel.indexOf(":");
      const name = channel.slice(colon + 1);
      if (channel.startsWith("user:")) return users.has(name);
      return channel.startsWith("group:") && groups.has(name);
    },
    users: () => [...users.values()],
    groups: () => [...groups],
  };
};
