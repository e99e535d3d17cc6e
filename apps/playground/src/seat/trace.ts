/** The flight recorder's trace as a file of the user's: nothing leaves the browser. */
import type { Client } from "@cc/sdk";

/** Saves the trace; answers what was saved, in words. */
export function downloadTrace(client: Client, seat: string): string {
  const trace = client.trace();
  const name = `trace-${seat}.json`;
  const url = URL.createObjectURL(new Blob([JSON.stringify(trace)], { type: "application/json" }));
  Object.assign(document.createElement("a"), { href: url, download: name }).click();
  // The download is begun by then; a URL that is never revoked holds its bytes as long as the page lives.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
  return `${name}, ${trace.inputs.length} inputs; cc-connection replay tells it`;
}
