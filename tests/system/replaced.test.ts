/** Two clients of one device on real sockets: the newer takes the place, the older stays away until it is asked to come back. */
import { cc1 } from "@cc/sdk";
import { describe, expect, it } from "vitest";
import { brisk, holds, openWorld } from "./world.js";

describe("a device that is taken over", () => {
  it("[B10.9][R36] the replaced client is told, and neither ladder nor wake brings it back; connect() does", async () => {
    const world = await openWorld();
    const options = { policy: brisk, protocol: cc1({ device: "phone" }) };
    const older = await world.seat("ann", options);
    const newer = await world.seat("ann", options);
    await holds(() => older.errors, ["ERR_REPLACED"]);
    expect([older.client.getConnectionStatus(), older.client.snapshot().phase]).toEqual(["disconnected", "failed"]);

    const dials = world.proxy.accepted;
    for (const signal of ["online", "foreground", "thawed", "networkChange"] as const) older.lifecycle.emit(signal);
    // Far beyond the ladder's 50 ms: what the newer one does meanwhile proves that time went by.
    for (let n = 0; n < 20; n += 1) {
      await newer.client.checkNow();
      await world.publish("ann", n);
    }
    await holds(() => newer.data.length, 20);
    expect([world.proxy.accepted, older.client.getConnectionStatus(), older.data]).toEqual([dials, "disconnected", []]);
    expect(world.gateway.stats().linked).toBe(1);

    // Asked to, it takes the place again, as the same instance: it resumes, and misses nothing.
    await older.client.connect();
    await holds(() => older.data.length, 20);
    expect(older.sessions).toEqual(["new", "resumed"]);
    await holds(() => newer.errors, ["ERR_REPLACED"]);
  });
});
