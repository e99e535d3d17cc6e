/** The plot on the page. Law: it moves while it can be seen, slowly where less motion is wished, and says in words what it shows. */
import { type ReactElement, useEffect, useRef } from "react";
import { createPlot, PLOT_HEIGHT, plotInWords } from "./plot.js";
import type { Entry } from "./timeline.js";

const TICK_MS = 250;
const CALM_TICK_MS = 2_000;

export function PlotView({ entries }: { readonly entries: readonly Entry[] }): ReactElement {
  const place = useRef<HTMLDivElement>(null);
  const latest = useRef(entries);
  const draw = useRef<() => void>(() => {});

  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    const plot = createPlot(element, element.clientWidth);
    const update = (): void => {
      const now = Date.now() / 1000;
      plot.update(latest.current, now);
      element.setAttribute("aria-label", plotInWords(latest.current, now));
    };
    draw.current = update;
    update();
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const timer = setInterval(() => document.visibilityState === "visible" && update(), calm ? CALM_TICK_MS : TICK_MS);
    const size = new ResizeObserver(() => plot.resize(element.clientWidth));
    size.observe(element);
    return () => {
      clearInterval(timer);
      size.disconnect();
      plot.close();
    };
  }, []);
  useEffect(() => {
    latest.current = entries;
    draw.current();
  }, [entries]);

  return (
    <div className="card plot">
      <div ref={place} role="img" style={{ height: PLOT_HEIGHT }} />
    </div>
  );
}
