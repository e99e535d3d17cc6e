/** The browser of a project of `pnpm browsers`: `inject("engine")` says which. */
import type { EngineName } from "../../scripts/lib/engines.js";
import type { Engine } from "./engine.js";
import { startFirefox } from "./firefox.js";
import { startWebkit } from "./webkit.js";

declare module "vitest" {
  interface ProvidedContext {
    readonly engine: EngineName;
  }
}

/** Starts the browser; the caller closes it. */
export const startEngine = (name: EngineName): Promise<Engine> => (name === "firefox" ? startFirefox() : startWebkit());
