/**
 * The timeline as a plot: a lane for the status, drawn as a band, and one for each kind of event, drawn as dots. Over uPlot, which
 * does axes, scales and the canvas.
 *
 * Law: colours are read from the page at each drawing, so a theme needs no telling; and what is drawn is what the log says.
 */
import type { Status } from "@cc/sdk";
import uPlot from "uplot";
import type { Entry, Kind } from "./timeline.js";

/** Seconds shown. */
export const WINDOW_S = 120;

/** From the lowest to the highest. */
const lanes: readonly { readonly name: string; readonly kinds: readonly Kind[]; readonly colour: string }[] = [
  { name: "faults", kinds: ["fault"], colour: "--fault" },
  { name: "calls", kinds: ["call"], colour: "--accent" },
  { name: "errors", kinds: ["error"], colour: "--disconnected" },
  { name: "events", kinds: ["event", "session"], colour: "--event" },
];
const TOP = lanes.length;

const colourOf = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export interface Span {
  readonly status: Status;
  /** Seconds since 1970. */
  readonly from: number;
  readonly to: number;
}

/** What the status was in the window, from the log, newest first. It begins with the first entry, disconnected. */
export function spansOf(entries: readonly Entry[], now: number): readonly Span[] {
  const changes = entries.filter((one) => one.status !== undefined).reverse();
  const begin = Math.max(now - WINDOW_S, (entries.at(-1)?.at ?? now * 1000) / 1000);
  const spans: Span[] = [];
  let status: Status = "disconnected";
  let from = begin;
  for (const change of changes) {
    const at = change.at / 1000;
    if (at > from) {
      spans.push({ status, from, to: at });
      from = at;
    }
    status = change.status as Status;
  }
  spans.push({ status, from, to: now });
  return spans;
}

/** The plot in words. */
export function plotInWords(entries: readonly Entry[], now: number): string {
  const spans = spansOf(entries, now);
  const share = new Map<Status, number>();
  for (const { status, from, to } of spans) share.set(status, (share.get(status) ?? 0) + to - from);
  const said = [...share].filter(([, s]) => s >= 0.5).map(([status, s]) => `${status} ${Math.round(s)} s`);
  const counts = lanes.map(({ name, kinds }) => {
    const n = entries.filter(({ kind, at }) => kinds.includes(kind) && at / 1000 > now - WINDOW_S).length;
    return `${n} ${n === 1 ? name.slice(0, -1) : name}`;
  });
  return `The last two minutes: ${said.join(", ")}; ${counts.join(", ")}.`;
}

const dataOf = (entries: readonly Entry[], now: number): uPlot.AlignedData => {
  const shown = entries.filter(({ at }) => at / 1000 > now - WINDOW_S).reverse();
  return [
    shown.map(({ at }) => at / 1000),
    ...lanes.map(({ kinds }, lane) => shown.map(({ kind }) => (kinds.includes(kind) ? lane + 0.5 : null))),
  ];
};

export interface Plot {
  update(entries: readonly Entry[], now: number): void;
  resize(width: number): void;
  close(): void;
}

export const PLOT_HEIGHT = 132;

export function createPlot(place: HTMLElement, width: number): Plot {
  let spans: readonly Span[] = [];
  let end = Date.now() / 1000;
  const font = '11px system-ui, -apple-system, "Segoe UI", sans-serif';
  const band = (u: uPlot): void => {
    const { ctx } = u;
    const top = u.valToPos(TOP + 0.82, "y", true);
    const height = u.valToPos(TOP + 0.18, "y", true) - top;
    ctx.save();
    for (const { status, from, to } of spans) {
      const x = Math.max(u.bbox.left, u.valToPos(from, "x", true));
      const right = Math.min(u.bbox.left + u.bbox.width, u.valToPos(to, "x", true));
      ctx.fillStyle = colourOf(`--${status}`);
      // Told apart by height too, not by colour alone.
      const share = { connected: 1, featureThrottled: 0.75, connecting: 0.5, disconnected: 0.22 }[status];
      if (right > x) ctx.fillRect(x, top + height * (1 - share), Math.max(1, right - x), height * share);
    }
    ctx.restore();
  };
  const plot = new uPlot(
    {
      width,
      height: PLOT_HEIGHT,
      padding: [4, 16, 0, 0],
      legend: { show: false },
      cursor: { show: false },
      select: { show: false, left: 0, top: 0, width: 0, height: 0 },
      scales: { x: { range: () => [end - WINDOW_S, end] }, y: { range: [0, TOP + 1] } },
      axes: [
        {
          font,
          size: 24,
          gap: 2,
          stroke: () => colourOf("--muted"),
          grid: { stroke: () => colourOf("--line"), width: 1 },
          ticks: { show: false },
          splits: () => [120, 90, 60, 30, 0].map((ago) => end - ago),
          values: (_, splits) => splits.map((at) => (end - at < 1 ? "now" : `−${Math.round(end - at)} s`)),
        },
        {
          font,
          size: 54,
          gap: 6,
          stroke: () => colourOf("--muted"),
          grid: { show: false },
          ticks: { show: false },
          splits: () => [...lanes.map((_, lane) => lane + 0.5), TOP + 0.5],
          values: () => [...lanes.map(({ name }) => name), "status"],
        },
      ],
      series: [
        {},
        ...lanes.map(({ name, colour }) => ({
          label: name,
          paths: () => null,
          points: { show: true, size: 7, width: 0, stroke: () => colourOf(colour), fill: () => colourOf(colour) },
        })),
      ],
      hooks: { draw: [band] },
    },
    [[], ...lanes.map(() => [])],
    place,
  );
  return {
    update(entries, now) {
      end = now;
      spans = spansOf(entries, now);
      plot.setData(dataOf(entries, now));
    },
    resize: (to) => plot.setSize({ width: to, height: PLOT_HEIGHT }),
    close: () => plot.destroy(),
  };
}
