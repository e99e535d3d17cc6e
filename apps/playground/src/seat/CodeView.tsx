/** Code for what is shown, to be copied. */
import { type ReactElement, useState } from "react";
import { Button } from "../ui.js";
import { urlOf } from "./client.js";
import { codeOf } from "./code.js";
import { useSeat } from "./context.js";

export function CodeView({ calls }: { readonly calls: readonly string[] }): ReactElement {
  const { config, seat, settings } = useSeat();
  const [told, setTold] = useState("");
  const text = codeOf({
    url: urlOf(seat),
    appId: config.appId,
    settings,
    calls,
    tokenUrl: new URL("./token", document.baseURI).href,
    seat: seat.id,
  });
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      setTold("Copied");
    } catch {
      setTold("The browser does not allow it; select the text instead");
    }
  };
  return (
    <div className="code">
      <div className="filters">
        <p className="muted">This client's options, and its calls so far.</p>
        <span role="status">{told}</span>
        <Button onClick={() => void copy()}>Copy code</Button>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must scroll by keyboard too. */}
      <section className="listing" aria-label={`Code of seat ${seat.id}`} tabIndex={0}>
        <pre>
          <code>{text}</code>
        </pre>
      </section>
    </div>
  );
}
