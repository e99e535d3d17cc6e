/** Tabs as WAI-ARIA describes them: one stop for Tab, arrows between them. All panels stay in the page, so that none loses its place. */
import { type KeyboardEvent, type ReactElement, type ReactNode, useId, useRef, useState } from "react";

interface Props {
  readonly label: string;
  readonly tabs: readonly { readonly name: string; readonly panel: ReactNode }[];
}

export function Tabs({ label, tabs }: Props): ReactElement {
  const id = useId();
  const [chosen, setChosen] = useState(0);
  const buttons = useRef<(HTMLButtonElement | null)[]>([]);
  const go = (to: number): void => {
    setChosen(to);
    buttons.current[to]?.focus();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const last = tabs.length - 1;
    const to = { ArrowRight: chosen + 1, ArrowLeft: chosen - 1, Home: 0, End: last }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    go(to > last ? 0 : to < 0 ? last : to);
  };
  return (
    <div className="card tabs">
      <div role="tablist" aria-label={label} onKeyDown={onKeyDown}>
        {tabs.map(({ name }, i) => (
          <button
            key={name}
            ref={(button) => {
              buttons.current[i] = button;
            }}
            type="button"
            role="tab"
            id={`${id}-tab-${i}`}
            aria-selected={i === chosen}
            aria-controls={`${id}-panel-${i}`}
            tabIndex={i === chosen ? 0 : -1}
            onClick={() => setChosen(i)}
          >
            {name}
          </button>
        ))}
      </div>
      {tabs.map(({ name, panel }, i) => (
        <div
          key={name}
          role="tabpanel"
          id={`${id}-panel-${i}`}
          aria-labelledby={`${id}-tab-${i}`}
          hidden={i !== chosen}
        >
          {panel}
        </div>
      ))}
    </div>
  );
}
