/** What a server does to its clients: restarts, dies, drains, throttles, revokes, refuses. Real gateway, real sockets. */
import { describe, expect, it, onTestFinished } from "vitest";
import { builtProgram, type Program, startProgram } from "../support/program.js";
import { holds, keys, openWorld, startGateway, takeSeat, took } from "./world.js";

const cli = await builtProgram(new URL("../../packages/gateway/src/cli.ts", import.meta.url));

/** A real `cc-gateway` process; resolves when it listens. */
async function gatewayProcess(port = 0): Promise<Program & { readonly url: string }> {
  const { appId, apiKey, authKey, jwtSecret } = keys;
  const args = ["--app-id", appId, "--api-key", apiKey, "--auth-key", authKey, "--jwt-secret", jwtSecret];
  const program = startProgram(cli, { args: [...args, "--users", "ann,bob", "--port", String(port)] });
  const { url } = JSON.parse(await program.line((line) => line.includes('"listening"'))) as { url: string };
  return Object.assign(program, { url });
}

const publish = async (url: string, uid: string, data: unknown): Promise<void> => {
  const response = await fetch(`${url}/v1/users/${uid}/events`, {
    method: "POST",
    headers: { "x-api-key": keys.apiKey, "content-type": "application/json" },
    body: JSON.stringify({ kind: "message", data }),
  });
  expect(response.ok).toBe(true);
};

describe("a gateway that goes", () => {
  it("[B10.4][B5.4] restarted in place, its log new: everybody comes back, and the loss is told as a gap, never silent", async () => {
    const first = await startGateway();
    onTestFinished(() => first.close());
    const { port } = first.address;
    const [ann, bob] = await Promise.all(["ann", "bob"].map((uid) => takeSeat(uid, { at: first.url })));
    await first.publish({ channel: "user:ann", kind: "message", data: 1 });
    await holds(() => ann?.data, [1]);
    await first.close();
    const second = await startGateway({ port });
    onTestFinished(() => second.close());
    await second.publish({ channel: "user:ann", kind: "message", data: 2 });
    await holds(() => second.stats().linked, 2);
    await second.publish({ channel: "user:ann", kind: "message", data: 3 });
    await holds(() => ann?.data.at(-1), 3);
    // Both had a position, ann by an event and bob by the welcome alone.
    for (const seat of [ann, bob]) {
      expect(seat?.sessions).toEqual(["new", "gap"]);
      expect(seat?.gaps.map(({ from, to }) => from.epoch === to.epoch)).toEqual([false]);
    }
    expect(ann?.log.indexOf("gap")).toBeLessThan(ann?.log.lastIndexOf(3) ?? 0);
  });

  it("[B10.4][B1.4] a cc-gateway process killed by SIGKILL and started again: lost at once, back, gap, then events", async () => {
    const first = await gatewayProcess();
    const ann = await takeSeat("ann", { at: first.url });
    await publish(first.url, "ann", "before");
    await holds(() => ann.data, ["before"]);
    first.process.kill("SIGKILL");
    await ann.client.until("disconnected", { timeoutMs: 5_000 });
    await first.ended();
    const second = await gatewayProcess(Number(new URL(first.url).port));
    await ann.client.until("linked", { timeoutMs: 15_000 });
    await publish(second.url, "ann", "after");
    await holds(() => ann.log, ["session new", "before", "session gap", "gap", "after"]);
    expect(ann.client.getLoggedInUser()?.uid).toBe("ann");
  });

  it("[B5.4][R12] a drain: everybody leaves, nobody returns below the floor, and nothing is missed", async () => {
    const world = await openWorld();
    const ann = await world.seat("ann");
    const accepted = world.proxy.accepted;
    const minDelayMs = 1_000;
    const lost = ann.client.until("disconnected", { timeoutMs: 5_000 });
    const drained = world.gateway.drain({ minDelayMs, spreadMs: 0, waitMs: 5_000 });
    const started = performance.now();
    // Signals and calls that would dial at once do not dial below a floor.
    void lost.then(() => {
      ann.lifecycle.emit("online");
      ann.lifecycle.emit("foreground");
      void ann.client.checkNow().catch(() => {});
      void ann.client.connect().catch(() => {});
    });
    await expect(drained).resolves.toEqual({ left: 0 });
    world.gateway.undrain();
    await world.publish("ann", 1);
    await holds(() => world.proxy.accepted > accepted);
    expect(performance.now() - started).toBeGreaterThanOrEqual(minDelayMs);
    await holds(() => ann.data, [1]);
    expect([ann.sessions, ann.gaps]).toEqual([["new", "resumed"], []]);
  });

  it("[B5.4][R12] refused with a floor: no signal and no call dials below it, and they say when it ends", async () => {
    const world = await openWorld();
    const ann = await world.seat("ann");
    void world.gateway.drain({ minDelayMs: 1_000, spreadMs: 0, waitMs: 100 });
    // It leaves when the floor of the goaway ends, to a door that is still shut and names another floor.
    await holds(() => ann.errors.includes("ERR_SERVER_OVERLOADED"));
    const { accepted } = world.proxy;
    const end = ann.client.snapshot().retryAt ?? 0;
    for (const signal of ["online", "background", "foreground", "networkChange"] as const) ann.lifecycle.emit(signal);
    const answers = [ann.client.checkNow(), ann.client.reconnect()];
    ann.client.connect().catch(() => {});
    for (const answer of answers) expect((await answer).retryAt).toBeGreaterThanOrEqual(end - 5);
    await holds(() => world.proxy.accepted > accepted);
    expect(Date.now()).toBeGreaterThanOrEqual(end - 5);
    world.gateway.undrain();
    await holds(() => ann.client.getConnectionStatus(), "connected", 15_000);
  });
});

describe("a gateway that limits", () => {
  it("[B8.1][B8.2][B1.7] throttled is told, sheds, and clears by itself and by word", async () => {
    const world = await openWorld();
    const ann = await world.seat("ann");
    world.gateway.throttle([{ feature: "typing", reason: "operator", forMs: 60_000 }]);
    await ann.client.until("featureThrottled", { timeoutMs: 5_000 });
    await expect(ann.client.send("user:bob", "typing", {}, { ephemeral: true })).rejects.toMatchObject({
      code: "ERR_FEATURE_THROTTLED",
    });
    await expect(ann.client.send("user:bob", "message", 1)).resolves.toMatchObject({ n: expect.any(Number) });
    world.gateway.throttle([]);
    await ann.client.until("connected", { timeoutMs: 5_000 });
    expect(ann.changes.at(-1)?.reason).toBe("throttleEnded");
    const forMs = 400;
    world.gateway.throttle([{ feature: "typing", reason: "operator", forMs }]);
    await ann.client.until("featureThrottled", { timeoutMs: 5_000 });
    const lasted = await took(() => ann.client.until("connected", { timeoutMs: 5_000 }));
    expect(lasted).toBeGreaterThan(forMs / 2);
    expect(lasted).toBeLessThan(2 * 1.1 * forMs);
    // Who comes while it lasts is told connected first.
    world.gateway.throttle([{ feature: "typing", reason: "operator", forMs: 60_000 }]);
    const bob = await world.seat("bob");
    await holds(() => bob.statuses, ["connecting", "connected", "featureThrottled"]);
  });

  it("[B10.8][B10.6] an event that is too large is refused with ERR_MESSAGE_TOO_LARGE; the link and the next event live on", async () => {
    const world = await openWorld();
    const [ann, bob] = [await world.seat("ann"), await world.seat("bob")];
    for (const size of [70_000, 200_000])
      await expect(ann.client.send("user:bob", "message", "x".repeat(size))).rejects.toMatchObject({
        code: "ERR_MESSAGE_TOO_LARGE",
      });
    await ann.client.send("user:bob", "message", "small");
    await holds(() => bob.data, ["small"]);
    expect(ann.statuses).toEqual(["connecting", "connected"]);
  });

  it("[B10.6] sends over cut links: each acknowledged once, applied once, in order", async () => {
    const world = await openWorld();
    const ann = await world.seat("ann");
    const bob = await takeSeat("bob", { at: world.gateway.url });
    const sent: Promise<unknown>[] = [];
    for (let round = 0; round < 15; round += 1) {
      await ann.client.until("linked", { timeoutMs: 10_000 });
      for (let n = 0; n < 4; n += 1) sent.push(ann.client.send("user:bob", "message", round * 4 + n));
      // Now the sends, now only their acknowledgements, are under way.
      if (round % 2) await Promise.race(sent.slice(-4));
      world.proxy.cut();
      await ann.client.until("disconnected", { timeoutMs: 10_000 });
    }
    await expect(Promise.all(sent)).resolves.toHaveLength(60);
    await holds(() => bob.data.length, 60);
    expect(bob.data).toEqual(sent.map((_, n) => n));
  });

  it("[B10.6][B10.7] not connected: rejected at once and not sent later", async () => {
    const world = await openWorld();
    const [ann, bob] = [await world.seat("ann"), await takeSeat("bob", { at: world.gateway.url })];
    await world.proxy.refuse(true);
    world.proxy.cut();
    await ann.client.until("disconnected");
    await expect(ann.client.send("user:bob", "message", "never")).rejects.toMatchObject({
      code: "ERR_WEBSOCKET_ERROR",
      details: { outcome: "notSent" },
    });
    await world.proxy.refuse(false);
    await ann.client.until("linked", { timeoutMs: 10_000 });
    await ann.client.send("user:bob", "message", "now");
    await holds(() => bob.data, ["now"]);
  });
});
