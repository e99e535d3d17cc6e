/** The herd: many clients, one outage, in virtual time. */
export { type Gate, gatesOf } from "./gates.js";
export { type Admitted, type HerdRun, runHerd } from "./herd.js";
export type { Figures, Span, Tally } from "./measure.js";
export { type HerdOptions, type HerdPlan, herdPlan, type Kind as HerdKind } from "./options.js";
export { type Peer, type PeerOutage, type PeerRun, peers, runPeer } from "./peers.js";
export { herdPlot, type Theme } from "./plot.js";
export { type Curves, type HerdSummary, type PeerSummary, peerSummaryOf, summaryOf } from "./summary.js";
