/** The browser suite (tests/browser) as it is, in this browser, each file in a page of its own. */
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { startLinkServer } from "@cc/testkit/node";
import { afterAll, inject } from "vitest";
import { pageSuite } from "../support/page-suite.js";
import { startEngine } from "../support/start-engine.js";

const engine = await startEngine(inject("engine"));
afterAll(() => engine.close());
const server = await startLinkServer();
afterAll(() => server.close());

const byNetwork = "lifecycle: platform-web in a page, by the browser's network";

const folder = fileURLToPath(new URL("../browser", import.meta.url));
for (const file of readdirSync(folder).filter((name) => /\.test\.tsx?$/.test(name)))
  await pageSuite(engine, {
    source: `import ${JSON.stringify(`./browser/${file.replace(/\.tsx?$/, ".js")}`)};`,
    provided: { linkServer: { url: server.url, refusedUrl: server.refusedUrl } },
    cannot: (name) => (name.startsWith(byNetwork) ? engine.cannotOffline : undefined),
  });
