/** The scripted link server beside the browser project, for a page cannot start one: `inject("linkServer")` says where it is. */
import type { TestProject } from "vitest/node";
// By path, for a set-up file is loaded without our export condition and would get whatever was built last.
import { startLinkServer } from "../../packages/testkit/src/node/link-server.js";

declare module "vitest" {
  interface ProvidedContext {
    readonly linkServer: { readonly url: string; readonly refusedUrl: string };
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { url, refusedUrl, close } = await startLinkServer();
  project.provide("linkServer", { url, refusedUrl });
  return close;
}
