/**
 * The plots of a herd: dials over time, one panel for each policy on one scale, and below them how many were back when.
 * Law: drawn from summaries alone; the same summaries draw the same text.
 */

import { beforeMs, type Curves, type HerdSummary, type PeerSummary } from "./summary.js";
import { bars, line, path, picture, text } from "./svg.js";

export type Theme = "light" | "dark";

const colours = {
  light: {
    paper: "#ffffff",
    ink: "#1f2328",
    faint: "#656d76",
    rule: "#d8dee4",
    ours: "#0969da",
    second: "#1a7f37",
    other: "#9a6700",
    down: "#f6f8fa",
  },
  dark: {
    paper: "#0d1117",
    ink: "#e6edf3",
    faint: "#8d96a0",
    rule: "#30363d",
    ours: "#4493f8",
    second: "#3fb950",
    other: "#d29922",
    down: "#161b22",
  },
} as const;

function styleOf(theme: Theme): string {
  const c = colours[theme];
  return [
    `text{font:12px ui-sans-serif,system-ui,"Segoe UI",Helvetica,Arial,sans-serif;fill:${c.ink}}`,
    `.paper{fill:${c.paper}}.down{fill:${c.down}}.rule{stroke:${c.rule};stroke-width:1}.axis{stroke:${c.faint};stroke-width:1}`,
    `.title{font-size:15px;font-weight:600}.faint{fill:${c.faint};font-size:11px}.right{text-anchor:end;fill:${c.faint};font-size:11px}.middle{text-anchor:middle;fill:${c.faint};font-size:11px}`,
    `.ours{fill:${c.ours}}.second{fill:${c.second}}.other{fill:${c.other}}.strong{font-weight:600}`,
    `.line{fill:none;stroke-width:2.5;stroke-linejoin:round}.line.ours{stroke:${c.ours};fill:none}.line.second{stroke:${c.second};fill:none}.line.other{stroke:${c.other};stroke-width:1.2;fill:none;opacity:.75}`,
  ].join("");
}

interface Row {
  readonly name: string;
  readonly note: string;
  readonly style: "ours" | "second" | "other";
  readonly curves: Curves;
  readonly peak: number;
}

const width = 860;
const left = 210;
const right = 24;
const panel = 46;
const gap = 10;
/** The scale of shares: from a tenth of a percent to 200 %, by factors. */
const least = 0.001;
const most = 2;

/** Draws them. All of one outage; a picture without rows has its axes and nothing else. */
export function herdPlot(ours: readonly HerdSummary[], others: readonly PeerSummary[], theme: Theme): string {
  const outageMs = ours[0]?.plan.outageMs ?? others[0]?.outage.outageMs ?? 0;
  const clients = ours[0]?.plan.clients ?? others[0]?.outage.clients ?? 0;
  const rows: readonly Row[] = [
    ...ours.map(({ plan, curves, figures }, at): Row => {
      const note = "real machine and server half";
      return {
        name: `ours, S = ${plan.spreadMs / 1000} s`,
        note,
        style: at === 0 ? "ours" : "second",
        curves,
        peak: Math.max(figures.peakDown, figures.peakAfter),
      };
    }),
    ...others.map(({ name, formula, curves, figures }): Row => {
      const short = formula.length > 28 ? `${formula.slice(0, 27)}…` : formula;
      return { name, note: short, style: "other", curves, peak: Math.max(figures.peakDown, figures.peakAfter) };
    }),
  ];
  const top = 74;
  const chartTop = top + rows.length * (panel + gap) + 78;
  const chart = 260;
  const height = chartTop + chart + 46;
  return picture(
    width,
    height,
    `Dials in each 100 ms around an outage of ${outageMs / 1000} s, and the share of clients that were back over time, for ${rows.map(({ name }) => name).join(", ")}`,
    styleOf(theme),
    [...dials(rows, top, outageMs, clients), ...recovery(rows, chartTop, chart)],
  );
}

/** One panel for each row: bars of 100 ms. */
function dials(rows: readonly Row[], top: number, outageMs: number, clients: number): readonly string[] {
  const spanMs = Math.max(1, ...rows.map(({ curves }) => curves.dials.length * 100));
  const x = (ms: number): number => left + ((ms + beforeMs) / spanMs) * (width - left - right);
  const bottom = top + rows.length * (panel + gap) - gap;
  const out: string[] = [
    text(16, 26, `Dials in each 100 ms, as a share of ${clients.toLocaleString("en")} clients`, "title"),
    text(
      16,
      46,
      "Every panel from 0.1 % to 200 % by factors of ten. Shaded: the server is down and refuses. Peers: computed from their published formulas.",
      "faint",
    ),
    `<rect x="${x(0).toFixed(1)}" y="${top - 8}" width="${(x(outageMs) - x(0)).toFixed(1)}" height="${bottom - top + 8}" class="down"/>`,
  ];
  rows.forEach(({ name, note, style, curves, peak }, at) => {
    const floor = top + at * (panel + gap) + panel;
    const y = (share: number): number => floor - (Math.log(share / least) / Math.log(most / least)) * panel;
    out.push(text(16, floor - 28, name, style === "other" ? "strong" : `strong ${style}`));
    out.push(text(16, floor - 14, note, "faint"));
    out.push(text(16, floor, `most ${peak >= 0.1 ? (100 * peak).toFixed(0) : (100 * peak).toFixed(1)} %`, "faint"));
    for (const mark of [0.01, 0.1, 1]) {
      out.push(line(left, y(mark), width - right, y(mark), "rule"));
      if (at === 0) out.push(text(left - 6, y(mark) + 4, `${mark * 100} %`, "right"));
    }
    const tops = curves.dials.flatMap((share, bin) =>
      share > least ? [[x(bin * 100 - beforeMs), y(Math.min(share, most))] as const] : [],
    );
    out.push(bars(tops, Math.max(0.8, (100 / spanMs) * (width - left - right)), floor, style));
    out.push(line(left, floor, width - right, floor, "axis"));
  });
  for (let s = 0; s * 1000 + beforeMs <= spanMs; s += spanMs > 200_000 ? 60 : 10)
    out.push(text(x(s * 1000), bottom + 16, `${s} s`, "middle"));
  return out;
}

/** How many were back when, in the first 20 s after the return. */
function recovery(rows: readonly Row[], top: number, height: number): readonly string[] {
  const seconds = 20;
  const edge = width - right - 200;
  const from = 60;
  const floor = top + height;
  const x = (ms: number): number => from + (ms / 1000 / seconds) * (edge - from);
  const y = (share: number): number => floor - share * height;
  const out: string[] = [
    text(16, top - 24, "Back after the server is: share of the clients that lost their link", "title"),
  ];
  out.push(text(edge + 8, top - 24, "in the order in which half are back", "faint"));
  for (const mark of [0, 0.25, 0.5, 0.75, 1]) {
    out.push(
      line(from, y(mark), edge, y(mark), mark === 0 ? "axis" : "rule"),
      text(from - 6, y(mark) + 4, `${mark * 100} %`, "right"),
    );
  }
  for (let s = 0; s <= seconds; s += 5) out.push(text(x(s * 1000), floor + 18, `${s} s`, "middle"));
  const labels: { at: number; readonly words: string; readonly style: string }[] = [];
  // Ours last, so that they lie on top.
  for (const { name, style, curves } of [...rows].reverse()) {
    const points: [number, number][] = [[x(0), y(0)]];
    for (const [percent, ms] of curves.recovery.entries()) {
      if (ms === null || ms > seconds * 1000) break;
      points.push([x(ms), y(percent / 100)]);
    }
    const [, last = floor] = points.at(-1) ?? [];
    // It stays where it is to the edge: nobody else came back by then.
    points.push([edge, last]);
    out.push(path(points, `line ${style}`));
    const half = curves.recovery[50];
    const when = half === null || half === undefined ? "half: never" : `half: ${(half / 1000).toFixed(1)} s`;
    labels.push({
      at: half ?? Number.POSITIVE_INFINITY,
      words: `${name}, ${when}`,
      style: style === "other" ? "faint" : style,
    });
  }
  labels.sort((a, b) => a.at - b.at);
  labels.forEach(({ words, style }, at) => {
    out.push(
      text(
        edge + 8,
        top + 6 + at * (height / Math.max(12, labels.length)),
        words,
        style === "faint" ? "faint" : `faint strong ${style}`,
      ),
    );
  });
  return out;
}
