/** cc.1 against a real gateway, over real sockets, through the fault proxy. */
import { createGateway, type Gateway, memoryBroker } from "@cc/gateway";
import { nodeClock } from "@cc/platform-node";
import { cc1 } from "@cc/sdk/portable";
import { type ProtocolHarness, protocolConformance } from "@cc/testkit/conformance";
import { createFaultProxy, type FaultProxy } from "@cc/testkit/node";
import { createWsTransport } from "@cc/transport-ws";
import { afterAll, beforeAll } from "vitest";

/** What the log holds: more than a test publishes, little enough to be pushed out of it. */
const logEntries = 300;

let gateway: Gateway;
let proxy: FaultProxy;
let harness: ProtocolHarness;

beforeAll(async () => {
  gateway = await createGateway({
    appId: "conformance",
    apiKey: "an-api-key-for-the-conformance-suite",
    jwtSecret: "a-secret-for-the-conformance-suite-of-32-bytes",
    broker: memoryBroker({ maxCount: logEntries }),
    replay: { maxCount: logEntries },
    // The suite is about frames, not about what chat puts into them.
    chat: false,
    throttling: false,
  });
  proxy = await createFaultProxy({ target: gateway.address });
  const clock = nodeClock;
  const known = new Set<string>();
  const know = (user: string): string => {
    if (!known.has(user)) gateway.createUser({ uid: user });
    known.add(user);
    return user;
  };
  const pass = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
  harness = {
    protocol: cc1(),
    clock,
    openLink: createWsTransport(),
    url: proxy.url(),
    // A token that is about to end is renewed at once here, not 30 s after the login.
    policy: { refreshSpacingMs: 200 },
    token: async (user, lifeMs) =>
      (await gateway.mintToken(know(user), lifeMs === undefined ? {} : { ttlMs: lifeMs })).token,
    revoke: async (user) => void gateway.kick(user),
    publish: async (channel, kind, data) => {
      if (channel.startsWith("user:")) know(channel.slice(5));
      await gateway.publish({ channel, kind, data });
    },
    member: async (group, user, change) => {
      const gid = group.slice("group:".length);
      know(user);
      if (change === "joined") await gateway.addMember(gid, user);
      else await gateway.removeMember(gid, user);
    },
    throttle: async (features) => gateway.throttle(features),
    drain: async (minDelayMs, spreadMs) => void (await gateway.drain({ waitMs: 0, minDelayMs, spreadMs })),
    undrain: async () => gateway.undrain(),
    loseLog: async () => {
      const channel = `user:${know("nobody")}`;
      for (let n = 0; n <= logEntries; n += 1) await gateway.publish({ channel, kind: "filler", data: n });
    },
    cut: () => proxy.cut(),
    refuse: (on) => proxy.refuse(on),
    async until(what, holds, ms = 10_000) {
      const end = clock.now() + ms;
      while (!holds()) {
        if (clock.now() > end) throw new Error(`not within ${ms} ms: ${what}`);
        await pass(5);
      }
    },
    pass,
  };
});

afterAll(async () => {
  await proxy.close();
  await gateway.close();
});

protocolConformance("cc1, real gateway", () => harness);
