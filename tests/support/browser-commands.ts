/** What a page of the browser project can ask its browser for, from the Node side. */
import type {} from "@vitest/browser-playwright";
import type { BrowserCommand } from "vitest/node";

declare module "vitest/browser" {
  interface BrowserCommands {
    /** Resolves at once; 50 ms later the page is offline, for `ms`. */
    offlineFor(ms: number): Promise<void>;
  }
}

/**
 * Takes the page offline and brings it back by a timer of this process: the page itself could not, because offline cuts
 * it off from its runner too, which would wait for ever. The answer must be through before that, hence the 50 ms.
 */
export const offlineFor: BrowserCommand<[ms: number]> = ({ context }, ms) => {
  setTimeout(() => {
    void context.setOffline(true);
    setTimeout(() => void context.setOffline(false), ms);
  }, 50);
};
