/** A page whose policy allows nothing but its script and its gateway: the client works, and asks for no more. */
import { poll } from "@cc/testkit/conformance";
import { expect, it, onTestFinished } from "vitest";
import { bundle } from "../support/bundle.js";
import { evaluate, serveSite, startChromium } from "../support/chromium.js";
import { keys, startGateway } from "./world.js";

const source = `
  import { createClient } from "@cc/sdk";
  globalThis.forbidden = [];
  addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) =>
    forbidden.push(violatedDirective + " " + blockedURI));
  for (const name of ["Worker", "SharedWorker", "Blob"])
    globalThis[name] = new Proxy(globalThis[name], {
      construct(target, args) { forbidden.push("new " + name); return new target(...args); },
    });
  globalThis.heard = [];
  globalThis.client = createClient({ url: new URLSearchParams(location.search).get("at"), background: "keep" });
  client.on("event", ({ data }) => heard.push(data));
  await client.init("demo");
  globalThis.ready = true;
`;

it("[R3] under a strict Content-Security-Policy the client logs in, reconnects and hears, with no Worker and no Blob", async () => {
  const browser = await startChromium();
  onTestFinished(() => browser.close());
  const files: Record<string, string> = { "/page.js": await bundle(source) };
  const site = await serveSite(files);
  onTestFinished(() => site.close());
  const gateway = await startGateway({ origins: [site.url] });
  onTestFinished(() => gateway.close());
  const policy = `default-src 'none'; script-src 'self'; worker-src 'none'; connect-src ${gateway.url} ${gateway.url.replace("http", "ws")}`;
  files["/app"] =
    `<!doctype html><meta http-equiv="Content-Security-Policy" content="${policy}"><script type="module" src="/page.js"></script>`;

  const page = await browser.newPage();
  const session = await page.createCDPSession();
  const run = <T>(expression: string): Promise<T> => evaluate<T>(session, expression);
  await page.goto(`${site.url}/app?at=${encodeURIComponent(gateway.url)}`);
  await poll("the app is ready", () => run<boolean>("globalThis.ready === true"));
  await run(`client.login("ann", ${JSON.stringify(keys.authKey)})`);
  await run('client.until("linked").then(() => null)');
  await run("client.reconnect().then(() => null)");
  await gateway.publish({ channel: "user:ann", kind: "message", data: 1 });
  await poll("the event", async () => (await run<number[]>("heard")).length === 1);
  await run("client.logout().then(() => null)");
  expect(await run("forbidden")).toEqual([]);

  // And it is a policy that bites: what it forbids is seen here.
  await run('new Worker("/page.js")').catch(() => {});
  await poll("a violation", async () =>
    (await run<string[]>("forbidden")).some((what) => what.startsWith("worker-src")),
  );
});
