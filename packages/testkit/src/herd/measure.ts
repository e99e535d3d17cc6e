/**
 * What is counted of a herd, real or computed. Law: to the millisecond, and in sliding windows: fixed ones would show a peak
 * smaller by wherever their edges fall.
 */

/** Everything that happened to a herd, as counts. */
export interface Tally {
  readonly clients: number;
  /** Dials that began in each millisecond. */
  readonly dials: Uint32Array;
  /** By client: dials from the loss of its link until it was back, the one that brought it back included. 0: its link was not lost. */
  readonly attempts: Uint32Array;
  /** By client: the millisecond in which its link was lost, and that in which it had one again. −1: never. */
  readonly lostAt: Int32Array;
  readonly backAt: Int32Array;
}

/** A tally of nothing, for this many clients and milliseconds. */
export const emptyTally = (clients: number, ms: number): Tally => ({
  clients,
  dials: new Uint32Array(ms),
  attempts: new Uint32Array(clients),
  lostAt: new Int32Array(clients).fill(-1),
  backAt: new Int32Array(clients).fill(-1),
});

/** The largest sum of `width` neighbours whose first lies in [from, to). */
export function largestWindow(counts: Uint32Array | Uint16Array, width: number, from: number, to: number): number {
  let sum = 0;
  let most = 0;
  const end = Math.min(to, counts.length);
  for (let at = Math.max(0, from); at < end; at++) {
    sum += counts[at] ?? 0;
    if (at - from >= width) sum -= counts[at - width] ?? 0;
    most = Math.max(most, sum);
  }
  return most;
}

/** The value below which the share `p` of the sorted list lies, by nearest rank. `null` for an empty list. */
export function percentile(sorted: ArrayLike<number>, p: number): number | null {
  if (sorted.length === 0) return null;
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(p * sorted.length) - 1))] ?? null;
}

/** What is told of a tally. Shares are of all clients; times in ms. */
export interface Figures {
  /** Clients that lost their link. */
  readonly lost: number;
  /** Of those, how many had one again by the end. */
  readonly back: number;
  /** Mean dials of a client that lost its link, until it was back. */
  readonly attempts: number;
  /** Mean dials of such a client while the server was down: what the published figures of peers count. */
  readonly attemptsDown: number;
  /** Largest share of clients that dialled within any 100 ms: of the outage, and after it. Above 1 where some dial twice. */
  readonly peakDown: number;
  readonly peakAfter: number;
  /** From the moment since which a client could have been linked until it was. `null`: nobody came back. */
  readonly p50: number | null;
  readonly p99: number | null;
  readonly max: number | null;
}

/** The edge of an outage. */
export interface Span {
  readonly onsetMs: number;
  readonly returnMs: number;
  /** From when recovery is counted: the return, or the onset where others could have taken the clients at once. */
  readonly recoveryFromMs: number;
}

/** The recovery times of all that came back, sorted. */
export function recoveries({ backAt }: Tally, { recoveryFromMs }: Span): Int32Array {
  return backAt
    .filter((at) => at >= 0)
    .map((at) => Math.max(0, at - recoveryFromMs))
    .sort();
}

export function figuresOf(tally: Tally, span: Span): Figures {
  const { clients, dials, attempts, lostAt, backAt } = tally;
  const lost = lostAt.reduce((n, at) => n + (at >= 0 ? 1 : 0), 0);
  const back = backAt.reduce((n, at) => n + (at >= 0 ? 1 : 0), 0);
  const sum = (list: Uint32Array): number => list.reduce((a, b) => a + b, 0);
  const took = recoveries(tally, span);
  return {
    lost,
    back,
    attempts: lost === 0 ? 0 : sum(attempts) / lost,
    attemptsDown: lost === 0 ? 0 : sum(dials.subarray(span.onsetMs, span.returnMs)) / lost,
    peakDown: largestWindow(dials, 100, span.onsetMs, span.returnMs) / clients,
    peakAfter: largestWindow(dials, 100, span.returnMs, dials.length) / clients,
    p50: percentile(took, 0.5),
    p99: percentile(took, 0.99),
    max: percentile(took, 1),
  };
}
