/** The shortcuts, and how to be rid of them. */
import type { ReactElement, Ref } from "react";
import { shortcuts } from "./shortcuts.js";

interface Props {
  readonly ref: Ref<HTMLDialogElement>;
  readonly on: boolean;
  readonly set: (on: boolean) => void;
}

export const Help = ({ ref, on, set }: Props): ReactElement => (
  <dialog ref={ref} className="help" aria-labelledby="help-title">
    <h2 id="help-title">By keyboard</h2>
    <p className="muted">
      Tab and Shift+Tab go through everything; the arrow keys through a row of tabs. The letters act on the seat that
      has the focus, wherever no text is typed.
    </p>
    <dl>
      {shortcuts.map(({ key, does }) => (
        <div key={key}>
          <dt>
            <kbd>{key}</kbd>
          </dt>
          <dd>{does}</dd>
        </div>
      ))}
    </dl>
    <label className="check">
      <input type="checkbox" checked={on} onChange={(event) => set(event.target.checked)} /> Single-key shortcuts
    </label>
    <form method="dialog">
      <button type="submit" className="primary">
        Close
      </button>
    </form>
  </dialog>
);
