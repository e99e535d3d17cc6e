/** A herd in plain lines. */
import type { Gate } from "./gates.js";
import type { HerdSummary, PeerSummary } from "./summary.js";

const seconds = (ms: number | null): string => (ms === null ? "never" : `${(ms / 1000).toFixed(2)} s`);
const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;

/** What a run was, in one line. */
export const titleOf = ({ plan }: HerdSummary): string =>
  `${plan.clients.toLocaleString("en")} clients, ${plan.gateways} gateways${plan.zones > 1 ? ` in ${plan.zones} zones` : ""}, ${plan.kind}${plan.fresh ? " (just filled)" : ""}, ` +
  `${plan.outageMs / 1000} s, S ${plan.spreadMs / 1000} s, seed ${plan.seed}`;

export function linesOf(summary: HerdSummary): readonly string[] {
  const { figures: f, admitted: a } = summary;
  return [
    titleOf(summary),
    `  lost their link ${f.lost}, back ${f.back}`,
    `  attempts per client ${f.attempts.toFixed(2)}`,
    `  largest share in 100 ms: of the outage ${percent(f.peakDown)}, after it ${percent(f.peakAfter)}`,
    `  recovery p50 ${seconds(f.p50)}, p99 ${seconds(f.p99)}, max ${seconds(f.max)}`,
    `  each gateway states ${round(a.rate)}/s (burst ${round(a.burst)}); most admitted in one second ${a.mostPerSecond}, in ten ${round(a.mostPerTenSeconds)}/s; told to come later ${a.refused}`,
    `  ${summary.virtualSeconds} virtual s, digest ${summary.digest}`,
  ];
}

export function gateLine({ what, value, most, unit, held }: Gate): string {
  const dot = (n: number): string =>
    `${Number.isInteger(n) ? n : n.toFixed(2)}${unit === "/s" || unit === "" ? unit : ` ${unit}`}`;
  return `  ${held ? "held  " : "BROKEN"} ${what}: ${dot(value)}, at most ${dot(most)}`;
}

export function peerLine({ name, figures: f, gaveUp, outage }: PeerSummary): string {
  const back =
    f.back === 0 ? "nobody came back" : `recovery p50 ${seconds(f.p50)}, p99 ${seconds(f.p99)}, max ${seconds(f.max)}`;
  const lost = gaveUp === 0 ? "" : `, ${percent(gaveUp / outage.clients)} gave up`;
  return `${name.padEnd(24)} attempts ${f.attempts.toFixed(1)}, largest share in 100 ms ${percent(f.peakDown)} / ${percent(f.peakAfter)}, ${back}${lost}`;
}

const round = (n: number): number => Math.round(n);
