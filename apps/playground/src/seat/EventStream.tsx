/** The event stream, newest first: filtered by kind and by text, and paused to be read. */
import { type ReactElement, useId, useState } from "react";
import { Button } from "../ui.js";
import { type Entry, type Kind, kinds } from "./timeline.js";

/** Local time with milliseconds, as the events come faster than seconds. */
const time = (at: number): string =>
  `${new Date(at).toLocaleTimeString([], { hour12: false })}.${String(Math.floor(at) % 1000).padStart(3, "0")}`;

export function EventStream({ entries }: { readonly entries: readonly Entry[] }): ReactElement {
  const id = useId();
  const [hidden, setHidden] = useState<ReadonlySet<Kind>>(new Set());
  const [words, setWords] = useState("");
  /** What stood when it was paused. */
  const [held, setHeld] = useState<readonly Entry[]>();
  const shown = (held ?? entries).filter(
    ({ kind, title, text }) => !hidden.has(kind) && `${title} ${text}`.toLowerCase().includes(words.toLowerCase()),
  );
  const newest = held?.[0]?.id ?? 0;
  const missed = held === undefined ? 0 : entries.filter((one) => one.id > newest).length;
  const turn = (kind: Kind): void =>
    setHidden((all) => {
      const next = new Set(all);
      if (!next.delete(kind)) next.add(kind);
      return next;
    });

  return (
    <div className="stream">
      <div className="filters">
        <fieldset className="chips">
          <legend className="sr">Kinds shown</legend>
          {kinds.map((kind) => (
            <button
              key={kind}
              type="button"
              data-kind={kind}
              aria-pressed={!hidden.has(kind)}
              onClick={() => turn(kind)}
            >
              {kind}
            </button>
          ))}
        </fieldset>
        <label htmlFor={`${id}-words`} className="sr">
          Filter events
        </label>
        <input
          id={`${id}-words`}
          type="search"
          placeholder="Filter events"
          value={words}
          onChange={(event) => setWords(event.target.value)}
        />
        <Button pressed={held !== undefined} onClick={() => setHeld(held === undefined ? entries : undefined)}>
          Pause{missed > 0 && <span className="count"> {missed} new</span>}
        </Button>
      </div>
      {/* Focusable, for what scrolls must scroll by keyboard too. No live region: the status is announced, and this would drown it. */}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: see above. */}
      <ol aria-label="Events, newest first" tabIndex={0}>
        {shown.map(({ id: key, at, kind, status, title, text }) => (
          <li key={key} data-kind={kind} data-tone={status}>
            <time>{time(at)}</time>
            <span className="kind">{kind}</span>
            <span className="what">
              <strong>{title}</strong> {text}
            </span>
          </li>
        ))}
        {shown.length === 0 && <li className="empty">Nothing {entries.length > 0 ? "of that kind" : "yet"}.</li>}
      </ol>
    </div>
  );
}
