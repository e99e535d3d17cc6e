/**
 * Small numbers for channel names, the same on every link of a gateway, so that an event is encoded once for all.
 *
 * Law: a number is never given twice. So forgetting is always safe: an entry holds the number it was encoded with, a link
 * remembers which numbers it has announced, and a channel that comes back gets a new one.
 */

/** The number of a channel. */
export type Aliases = (channel: string) => number;

/** No channel has a number. At `most` names all are forgotten. */
export function createAliases(most: number): Aliases {
  const numbers = new Map<string, number>();
  let last = 0;
  return (channel) => {
    const known = numbers.get(channel);
    if (known !== undefined) return known;
    if (numbers.size >= most) numbers.clear();
    numbers.set(channel, ++last);
    return last;
  };
}
