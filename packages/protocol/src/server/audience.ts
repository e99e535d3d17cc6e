/** Which links want to hear of a channel now. Law: an event costs the links that see it, never those that do not. */

/** Links by channel. */
export interface Audience<T> {
  add(channel: string, link: T): void;
  remove(channel: string, link: T): void;
  of(channel: string): Iterable<T>;
  /** How many pairs of a channel and a link there are. */
  size(): number;
}

/** Nobody listens. */
export function createAudience<T>(): Audience<T> {
  const links = new Map<string, Set<T>>();
  const nobody: readonly T[] = [];
  return {
    add(channel, link) {
      const set = links.get(channel);
      if (set) set.add(link);
      else links.set(channel, new Set([link]));
    },
    remove(channel, link) {
      const set = links.get(channel);
      set?.delete(link);
      if (set?.size === 0) links.delete(channel);
    },
    of: (channel) => links.get(channel) ?? nobody,
    size() {
      let pairs = 0;
      for (const set of links.values()) pairs += set.size;
      return pairs;
    },
  };
}
