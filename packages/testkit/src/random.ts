/**
 * Chance with a seed: sfc32, which passes the usual batteries and is four additions a draw.
 *
 * Law: the same seed gives the same draws on every platform, and the state can be read and put back, so a run
 * can be stopped, printed and continued.
 */

/** The four words of sfc32. */
export type RandomState = readonly [number, number, number, number];

export interface Random {
  /** Uniform in [0, 1), 32 bits. This call is core's `RandomSource`. */
  (): number;
  /** What the next draw depends on. */
  state: RandomState;
  /** A whole number, uniform in 0 … n − 1. */
  int(n: number): number;
  /** Uniform in [from, to). */
  between(from: number, to: number): number;
  /** True with probability `p`. */
  chance(p: number): boolean;
  /** One of `list`, which must not be empty. */
  pick<T>(list: readonly T[]): T;
  /** A new independent source: its draws do not move this one beyond the one draw that makes it. */
  fork(): Random;
}

/** A source seeded with a number (its low 32 bits count) or with a state read from another source. */
export function createRandom(seed: number | RandomState): Random {
  let a = 0;
  let b = 0;
  let c = 0;
  let counter = 1;

  const word = (): number => {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return t >>> 0;
  };
  const load = (state: RandomState): void => {
    [a, b, c, counter] = state;
  };
  if (typeof seed === "number") {
    load([seed | 0, 0x9e3779b9 | 0, 0x85ebca6b | 0, 1]);
    // Neighbouring seeds differ in few bits; a dozen rounds mix them.
    for (let round = 0; round < 12; round += 1) word();
  } else load(seed);

  const draw = (): number => word() / 4_294_967_296;
  const int = (n: number): number => Math.floor(draw() * n);
  return Object.defineProperty(
    Object.assign(draw, {
      int,
      between: (from: number, to: number): number => from + draw() * (to - from),
      chance: (p: number): boolean => draw() < p,
      pick: <T>(list: readonly T[]): T => {
        if (list.length === 0) throw new RangeError("nothing to pick from");
        return list[int(list.length)] as T;
      },
      fork: (): Random => createRandom(word()),
    }),
    "state",
    { get: (): RandomState => [a, b, c, counter], set: load },
  ) as Random;
}
