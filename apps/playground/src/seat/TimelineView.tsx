/** The timeline, newest first. */
import type { ReactElement } from "react";
import type { Entry } from "./timeline.js";

/** Local time with milliseconds, as the events come faster than seconds. */
const time = (at: number): string =>
  `${new Date(at).toLocaleTimeString([], { hour12: false })}.${String(Math.floor(at) % 1000).padStart(3, "0")}`;

export function TimelineView({ entries }: { readonly entries: readonly Entry[] }): ReactElement {
  return (
    <section className="card timeline" aria-label="Timeline">
      <h3>Timeline</h3>
      {/* Focusable, for what scrolls must scroll by keyboard too. */}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: see above. */}
      <ol role="log" aria-label="Timeline, newest first" tabIndex={0}>
        {entries.map(({ id, at, tone, title, text }) => (
          <li key={id} data-tone={tone}>
            <time>{time(at)}</time>
            <span className="what">
              <strong>{title}</strong> {text}
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}
