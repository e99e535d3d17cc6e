/** The deeds in Node. argv: which, where the gateway is. Messages: `{ to: n }` does them up to the n-th and answers `{ sample }`. */
import { createClient } from "@cc/sdk";
import type { DeedName } from "../judge.js";
import { deed } from "./deeds.js";
import { look } from "./meter.js";

const [name = "", url = "", ...uids] = process.argv.slice(2);
const { signal } = new AbortController();
const act = await deed(name as DeedName, {
  url,
  uids,
  createClient,
  signal,
  ...(name === "reconnects" && { cut: () => void process.send?.({ cut: true }) }),
});
let done = 0;
process.on("message", async ({ to }: { readonly to: number }) => {
  while (done < to) {
    done += 1;
    await act(done);
  }
  process.send?.({ sample: await look(done, { "the app's signal": signal }) });
});
process.send?.({ ready: true });
process.on("disconnect", () => process.exit(0));
