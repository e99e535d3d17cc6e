/**
 * How other libraries come back, as computed from their published sources: a formula for the delay and when they give up.
 *
 * Law: this is arithmetic and not their code. A peer here loses its link, waits, dials, is refused or runs into its time limit,
 * waits again, and is linked by the first dial that the server can answer; no admission holds it back, nothing else is
 * modelled. Formulas and times to notice a dead link: the table of `docs/herd.md`, which names where they come from.
 */
import { createRandom, type Random } from "../random.js";
import { emptyTally, type Figures, figuresOf, type Span, type Tally } from "./measure.js";

/** One library's policy. */
export interface Peer {
  readonly name: string;
  /** The formula, for the reader: seconds, n the attempt from 0, U uniform. */
  readonly formula: string;
  /** Seconds before attempt n (from 0), or `undefined`: it has given up. `own` is drawn once for each client. */
  readonly delay: (n: number, u: () => number, own: number) => number | undefined;
  /** How long after the last sound a dead link is noticed at worst, in seconds. `null`: never. */
  readonly noticeSeconds: number | null;
  /** A refused connection ends it. */
  readonly refusalIsFinal?: boolean;
}

const steps =
  (list: readonly number[], then: number | undefined) =>
  (n: number): number | undefined =>
    list[n] ?? then;

/** Seconds, as published. */
export const peers: readonly Peer[] = [
  {
    name: "ably",
    formula: "0, then 15 · min((n + 2) / 3, 2) · U(0.8, 1)",
    delay: (n, u) => (n === 0 ? 0 : 15 * Math.min((n + 1) / 3, 2) * (0.8 + 0.2 * u())),
    noticeSeconds: 25,
  },
  {
    name: "centrifuge",
    formula: "min(20, 0.5 + U(0, 0.5 · 2ⁿ))",
    delay: (n, u) => Math.min(20, 0.5 + 0.5 * 2 ** Math.min(n, 20) * u()),
    noticeSeconds: 35,
  },
  {
    name: "socket.io",
    formula: "min(5, 2ⁿ · U(0.5, 1.5))",
    delay: (n, u) => Math.min(5, 2 ** Math.min(n, 20) * (0.5 + u())),
    noticeSeconds: 45,
  },
  {
    name: "phoenix",
    formula: "0.01 0.05 0.1 0.15 0.2 0.25 0.5 1 2, then 5",
    delay: steps([0.01, 0.05, 0.1, 0.15, 0.2, 0.25, 0.5, 1, 2], 5),
    noticeSeconds: 60,
  },
  { name: "supabase", formula: "1 2 5, then 10", delay: steps([1, 2, 5], 10), noticeSeconds: 60 },
  {
    name: "partysocket",
    formula: "min(10, 3 · 1.3ⁿ)",
    delay: (n) => Math.min(10, 3 * 1.3 ** n),
    noticeSeconds: null,
  },
  {
    name: "reconnecting-websocket",
    formula: "min(10, b · 1.3ⁿ), b = U(1, 5) once",
    delay: (n, _u, own) => Math.min(10, (1 + 4 * own) * 1.3 ** n),
    noticeSeconds: null,
  },
  {
    name: "liveblocks",
    formula: "0.25 0.5 1 2 4 8, then 10",
    delay: steps([0.25, 0.5, 1, 2, 4, 8], 10),
    noticeSeconds: 32,
  },
  {
    name: "graphql-ws",
    formula: "2ⁿ + U(0.3, 3), five times; a refused connect is final",
    delay: (n, u) => (n < 5 ? 2 ** n + 0.3 + 2.7 * u() : undefined),
    noticeSeconds: null,
    refusalIsFinal: true,
  },
  { name: "signalr", formula: "0 2 10 30, then stops", delay: steps([0, 2, 10, 30], undefined), noticeSeconds: 30 },
  { name: "mqtt.js", formula: "1", delay: () => 1, noticeSeconds: 90 },
  {
    name: "stream-chat",
    formula: "U(max(0.25, 2(n − 1)), min(0.5 + 2n, 25))",
    delay: (n, u) => {
      // Beyond the cap the lower bound would overtake the upper one.
      const most = Math.min(0.5 + 2 * n, 25);
      const least = Math.min(Math.max(0.25, 2 * (n - 1)), most);
      return least + (most - least) * u();
    },
    noticeSeconds: 35,
  },
  {
    name: "actioncable",
    formula: "6 · 1.15ⁿ · U(1, 1.15)",
    delay: (n, u) => 6 * 1.15 ** Math.min(n, 30) * (1 + 0.15 * u()),
    noticeSeconds: 6,
  },
  { name: "CometChat", formula: "5", delay: () => 5, noticeSeconds: 18 },
  {
    name: "nats",
    formula: "2 + U(0, 0.1), ten times",
    delay: (n, u) => (n < 10 ? 2 + 0.1 * u() : undefined),
    noticeSeconds: 240,
  },
];

/** The outage that a peer is put through. Milliseconds. */
export interface PeerOutage {
  readonly clients: number;
  readonly outageMs: number;
  readonly seed: number;
  /** `refuse`: each dial is refused after a round trip. `blackhole`: none is answered, and the loss itself must be noticed. */
  readonly kind: "refuse" | "blackhole";
}

export interface PeerRun {
  readonly peer: Peer;
  readonly tally: Tally;
  readonly span: Span;
  readonly figures: Figures;
  /** Clients that stopped trying, or never noticed. */
  readonly gaveUp: number;
}

/** When it strikes: the same figures wherever it is, with room to draw what was before. */
const onsetMs = 5_000;
/** What a dial that nobody answers costs, for every peer alike: most have 10 s. */
const dialLimitMs = 10_000;
/** How long after the return somebody may still come back. */
const patienceMs = 300_000;
/** A round trip: as in the herd's network, 10 to 90 ms. */
const roundTripMs = (random: Random): number => 2 * (5 + random.int(41));

/** Puts every client of a peer through it. */
export function runPeer(peer: Peer, { clients, outageMs, seed, kind }: PeerOutage): PeerRun {
  const random = createRandom(seed);
  const returnMs = onsetMs + outageMs;
  const endMs = returnMs + patienceMs;
  const tally = emptyTally(clients, endMs + 1);
  let gaveUp = 0;
  const { dials, attempts, lostAt, backAt } = tally;

  function tryAgain(client: number): void {
    const own = random();
    const trip = roundTripMs(random);
    const worst = peer.noticeSeconds;
    if (kind === "blackhole" && worst === null) {
      gaveUp++;
      return;
    }
    // A heartbeat's phase is anywhere: noticed after half the worst time at the earliest.
    let at = onsetMs + (kind === "refuse" ? 0 : ((worst ?? 0) * 1000 * (1 + random())) / 2);
    lostAt[client] = Math.round(at);
    for (let n = 0; at < endMs; n++) {
      const wait = peer.delay(n, random, own);
      if (wait === undefined) break;
      at += wait * 1000;
      const ms = Math.round(at);
      if (ms > endMs) return;
      dials[ms] = (dials[ms] ?? 0) + 1;
      attempts[client] = (attempts[client] ?? 0) + 1;
      // It gets there half a round trip later; socket and handshake then take two.
      if (at + trip / 2 >= returnMs) {
        backAt[client] = Math.round(at + 2 * trip);
        return;
      }
      if (kind === "refuse" && peer.refusalIsFinal) break;
      at += kind === "refuse" ? trip : dialLimitMs;
    }
    gaveUp++;
  }

  for (let client = 0; client < clients; client++) tryAgain(client);
  const span: Span = { onsetMs, returnMs, recoveryFromMs: returnMs };
  return { peer, tally, span, figures: figuresOf(tally, span), gaveUp };
}
