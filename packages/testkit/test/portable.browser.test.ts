/** The platform-free entry in a page: the same client, gateway and clock as in Node, promises drained without `setImmediate`. */
import { memoryStorage } from "@cc/core";
import { cc1, createClient } from "@cc/sdk/portable";
import {
  createMemoryGateway,
  createRandom,
  createScriptedLifecycle,
  createVirtualClock,
  memoryAuthKey,
  turn,
} from "@cc/testkit";
import { expect, test } from "vitest";

test("[R38] turn() drains promises of any length", async () => {
  let done = 0;
  const chain = async (): Promise<void> => {
    for (let n = 0; n < 1_000; n += 1) await null;
    done += 1;
  };
  void chain();
  await turn();
  expect(done).toBe(1);
});

test("[R38] a client logs in, loses its link and misses nothing, in no real time", async () => {
  const clock = createVirtualClock();
  const gateway = createMemoryGateway({ clock });
  const client = createClient({
    clock,
    random: createRandom(1),
    openLink: gateway.open,
    lifecycle: createScriptedLifecycle(),
    storage: memoryStorage(),
    tabStorage: memoryStorage(),
    auth: gateway.auth,
    url: "ws://memory",
    protocol: cc1(),
  });
  const told: unknown[] = [];
  client.on("event", ({ data }) => void told.push(data));
  await client.init("app");
  await client.login("ann", memoryAuthKey);
  await clock.advanceAsync(300);
  expect(client.getConnectionStatus()).toBe("connected");
  gateway.cut();
  await gateway.hub.publish({ channel: "user:ann", kind: "message", from: "bob", data: "hi" });
  await clock.advanceAsync(3_000);
  expect([client.getConnectionStatus(), client.snapshot().recovery, told]).toEqual(["connected", "resumed", ["hi"]]);
  await client.dispose();
});
