/**
 * The flight recorder on real runs: a real gateway, real sockets, real faults; in Node and in Chromium. What the client went
 * through is written down beside it, and the replay must go the same way.
 */
import type { Client, Snapshot, Status } from "@cc/sdk";
import { parseTrace, type Replay, replay, statusesTold } from "@cc/testkit/trace";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { oneOfEach, tellsOf } from "../core/tells.js";
import { bundle } from "../support/bundle.js";
import { evaluate, type Site, serveSite, startChromium } from "../support/chromium.js";
import { brisk, holds, keys, openWorld, startGateway } from "./world.js";

/** The replay of a trace, which must be the client's own run. */
function replayed(json: string): Replay {
  const run = replay(parseTrace(json));
  expect(run.difference).toBeUndefined();
  return run;
}

/** Every snapshot from now on. */
function witness(client: Client): Snapshot[] {
  const seen: Snapshot[] = [];
  onTestFinished(client.subscribe((snapshot) => void seen.push(snapshot)));
  return seen;
}

/** The replay went through the snapshots that were seen since `init()`, and through no others. */
function wentThrough(run: Replay, seen: readonly Snapshot[]): void {
  const replayed = oneOfEach(run.steps.map(({ snapshot }) => tellsOf(snapshot)));
  expect(replayed).toEqual(oneOfEach(seen.map(tellsOf)));
}

describe("a real run with real faults replays to the same states", () => {
  it("cut, refused, black-holed, throttled, the token rejected; and no secret is in the trace", async () => {
    const world = await openWorld();
    const { client, lifecycle, statuses } = await world.seat("ann", {
      login: false,
      policy: { ...brisk, probeMs: 250, probeSlackMs: 0 },
    });
    const seen = witness(client as unknown as Client);
    await client.login("ann", keys.authKey);
    await client.until("linked", { timeoutMs: 10_000 });
    await client.send("user:bob", "message", "a payload that nobody may read");
    const again = (): Promise<Snapshot> => client.until("linked", { timeoutMs: 20_000 });

    world.proxy.cut();
    await client.until("disconnected");
    await again();

    await world.proxy.refuse(true);
    world.proxy.cut();
    await client.until((s) => s.attempt >= 3, { timeoutMs: 20_000 });
    await world.proxy.refuse(false);
    await again();

    world.proxy.blackhole(true);
    lifecycle.emit("online");
    await client.until((s) => s.error?.code === "ERR_HEARTBEAT_TIMEOUT", { timeoutMs: 20_000 });
    world.proxy.blackhole(false);
    await again();

    world.gateway.throttle([{ feature: "typing", reason: "a text of the server", forMs: 300 }]);
    await client.until("featureThrottled", { timeoutMs: 20_000 });
    await client.until("connected", { timeoutMs: 20_000 });

    world.gateway.revokeUser("ann");
    await client.until((s) => s.phase === "failed", { timeoutMs: 20_000 });

    const json = JSON.stringify(client.trace());
    const run = replayed(json);
    wentThrough(run, seen);
    expect(statusesTold(run)).toEqual(statuses);
    expect(run.end.link.tag).toBe("failed");
    for (const secret of [
      "ann",
      "payload",
      "a text of the server",
      "eyJ",
      keys.authKey,
      world.gateway.url,
      "127.0.0.1",
    ])
      expect(json, secret).not.toContain(secret);
  }, 120_000);

  it("that is longer than the ring, from the middle on", async () => {
    const world = await openWorld();
    const { client } = await world.seat("ann", { policy: { ...brisk, traceInputs: 24 } });
    for (let n = 1; n <= 12; n++) {
      world.proxy.cut();
      await client.until("disconnected");
      await client.until("linked", { timeoutMs: 20_000 });
    }
    const seen = witness(client as unknown as Client);
    world.proxy.cut();
    await client.until("disconnected");
    await client.until("linked", { timeoutMs: 20_000 });

    const run = replayed(JSON.stringify(client.trace()));
    expect(run.start.link, "it begins long after the first link").toBeGreaterThan(5);
    expect(run.steps.length).toBeLessThanOrEqual(24);
    const last = oneOfEach(run.steps.map(({ snapshot }) => tellsOf(snapshot)));
    const told = oneOfEach(seen.map(tellsOf));
    expect(last.slice(-told.length)).toEqual(told);
  }, 60_000);
});

describe("a browser's trace replays in Node", () => {
  let site: Site;
  let browser: Awaited<ReturnType<typeof startChromium>>;
  beforeAll(async () => {
    const source = `
      import { createClient } from "@cc/sdk";
      const client = createClient({ url: new URLSearchParams(location.search).get("at") });
      globalThis.seen = [];
      client.subscribe((snapshot) => void seen.push(snapshot));
      await client.init("demo");
      globalThis.client = client;
    `;
    site = await serveSite({
      "/page.js": await bundle(source),
      "/app": '<!doctype html><title>app</title><script type="module" src="/page.js"></script>',
    });
    browser = await startChromium();
  });
  afterAll(async () => {
    await browser?.close();
    await site?.close();
  });

  it("offline and back, to the statuses that the page saw", async () => {
    const gateway = await startGateway({ origins: [site.url] });
    onTestFinished(() => gateway.close());
    const page = await browser.newPage();
    await page.goto(`${site.url}/app?at=${encodeURIComponent(gateway.url)}`);
    const session = await page.createCDPSession();
    const run = <T>(expression: string): Promise<T> => evaluate<T>(session, expression);
    await holds(() => run("!!globalThis.client"), true, 30_000);
    await run(
      `client.login("ann", ${JSON.stringify(keys.authKey)}).then(() => client.until("linked", { timeoutMs: 20_000 })).then(() => 1)`,
    );
    await page.setOfflineMode(true);
    await run(`client.until("disconnected", { timeoutMs: 20_000 }).then(() => 1)`);
    await page.setOfflineMode(false);
    await run(`client.until("linked", { timeoutMs: 40_000 }).then(() => 1)`);

    const json = await run<string>("JSON.stringify(client.trace())");
    const seen = JSON.parse(await run<string>("JSON.stringify(seen.map((s) => ({ ...s })))")) as { status: Status }[];
    const told = replayed(json);
    expect(statusesTold(told)).toEqual(
      seen.map(({ status }) => status).filter((status, i, all) => status !== (i === 0 ? "disconnected" : all[i - 1])),
    );
    expect(told.end.network).toEqual({ online: true });
    expect(json).not.toContain("ann");
  }, 120_000);
});
