/** Going away: told, spread, waited for, and ended. And starting where one cannot. */
import { createServer } from "node:net";
import { describe, expect, it } from "vitest";
import { createGateway, type Gateway, GatewayError } from "../src/index.js";
import { base, call, dial, linked, start } from "./support/start.js";

describe("draining [B5.2] [B5.4]", () => {
  it("tells every link a spread from connections and admission rate, refuses new ones with a floor, and is not ready", async () => {
    const gateway = await start({ admissionPerSecond: 4 });
    const links = [await linked(gateway, "alice"), await linked(gateway, "bob")];
    const drained = gateway.drain();
    for (const link of links) expect(await link.named("goaway")).toMatchObject({ minDelayMs: 0, spreadMs: 500 });
    expect(await call(gateway, "/readyz", { method: "GET" })).toMatchObject({
      status: 503,
      body: { ready: false, draining: true },
    });
    expect((await call(gateway, "/healthz", { method: "GET" })).status).toBe(200);
    const late = await dial(gateway, "eve");
    expect(await late.named("reject")).toMatchObject({
      retry: "later",
      minDelayMs: expect.any(Number),
      spreadMs: expect.any(Number),
    });
    expect((await late.closed).code).toBe(1012);
    for (const link of links) link.socket.close(1000);
    expect(await drained).toEqual({ left: 0 });
  });

  it("stops waiting after its time and says how many stayed; the gateway serves them still", async () => {
    const gateway = await start();
    const link = await linked(gateway, "alice");
    expect(await gateway.drain({ waitMs: 30, minDelayMs: 1_234, spreadMs: 5_678 })).toEqual({ left: 1 });
    expect(await link.named("goaway")).toMatchObject({ minDelayMs: 1_234, spreadMs: 5_678 });
    await gateway.publish({ channel: "user:alice", kind: "text", data: "still" });
    await link.frame((frame) => Array.isArray(frame) && frame[6] === "still");
  });

  it("can be taken back", async () => {
    const gateway = await start();
    await gateway.drain();
    gateway.undrain();
    expect((await call(gateway, "/readyz", { method: "GET" })).status).toBe(200);
    await linked(gateway, "alice");
  });

  it("by HTTP it starts at once and is answered 202", async () => {
    const gateway = await start();
    const link = await linked(gateway, "alice");
    expect(await call(gateway, "/v1/admin/drain", { key: true, body: { spreadMs: 700 } })).toMatchObject({
      status: 202,
      body: { draining: true },
    });
    expect(await link.named("goaway")).toMatchObject({ spreadMs: 700 });
    expect(await call(gateway, "/v1/admin/drain", { method: "DELETE", key: true })).toMatchObject({
      status: 200,
      body: { draining: false },
    });
    expect((await call(gateway, "/v1/admin/drain")).status).toBe(401);
  });

  it("throttling by HTTP needs the key and a whole set", async () => {
    const gateway = await start();
    const link = await linked(gateway, "alice");
    const features = [{ feature: "typing", reason: "load", forMs: 1_000 }];
    expect(await call(gateway, "/v1/admin/throttle", { key: true, body: { features } })).toMatchObject({
      status: 200,
      body: { features },
    });
    expect(await link.named("throttle")).toMatchObject({ features: [{ feature: "typing", reason: "load" }] });
    expect(
      (await call(gateway, "/v1/admin/throttle", { key: true, body: { features: [{ feature: "typing" }] } })).status,
    ).toBe(400);
    expect((await call(gateway, "/v1/admin/throttle", { body: { features } })).status).toBe(401);
  });
});

describe("closing", () => {
  it("closes links with 1012, frees the port, and resolves the second time too", async () => {
    const gateway = await start();
    const link = await linked(gateway, "alice");
    await Promise.all([gateway.close(), gateway.close()]);
    expect((await link.closed).code).toBe(1012);
    const next = await start({ port: gateway.address.port });
    expect(next.address.port).toBe(gateway.address.port);
  });

  it("does not wait for a peer that never answers the close", async () => {
    const gateway = await start();
    const link = await linked(gateway, "alice");
    link.socket.pause();
    const began = performance.now();
    await gateway.close();
    expect(performance.now() - began).toBeLessThan(3_000);
  });

  it("works as a disposable", async () => {
    let kept: Gateway | undefined;
    {
      await using gateway = await createGateway(base);
      kept = gateway;
      expect((await call(gateway, "/healthz", { method: "GET" })).status).toBe(200);
    }
    await expect(call(kept, "/healthz", { method: "GET" })).rejects.toThrow();
  });
});

describe("not starting", () => {
  it("a port in use is a typed error that names the address, and leaves nothing open", async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    const address = taken.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    try {
      const failure = createGateway({ ...base, port });
      await expect(failure).rejects.toBeInstanceOf(GatewayError);
      await expect(failure).rejects.toMatchObject({
        code: "ERR_PORT_IN_USE",
        message: expect.stringContaining(`127.0.0.1:${port}`),
      });
    } finally {
      await new Promise((resolve) => taken.close(resolve));
    }
  });

  it("an address of another machine is a typed error too", async () => {
    await expect(createGateway({ ...base, host: "192.0.2.1" })).rejects.toMatchObject({ code: "ERR_LISTEN" });
  });

  it("numbers that cannot work together are bad options", async () => {
    await expect(createGateway({ ...base, limits: { window: 2 } })).rejects.toMatchObject({
      code: "ERR_OPTION",
      message: expect.stringContaining("window"),
    });
  });
});
