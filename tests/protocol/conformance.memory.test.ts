/** cc.1 against the real server half in virtual time: no socket, no real time. */
import { cc1 } from "@cc/sdk/portable";
import { createMemoryGateway, createVirtualClock } from "@cc/testkit";
import { type ProtocolHarness, protocolConformance } from "@cc/testkit/conformance";

function memoryHarness(delayMs: number): ProtocolHarness {
  const clock = createVirtualClock();
  const gateway = createMemoryGateway({ clock });
  gateway.delay(delayMs);
  return {
    protocol: cc1(),
    clock,
    openLink: gateway.open,
    url: "ws://memory",
    token: async (user, lifeMs) => gateway.token(user, lifeMs),
    revoke: async (user) => void gateway.hub.revoke({ user }),
    publish: async (channel, kind, data) => void (await gateway.hub.publish({ channel, kind, from: "operator", data })),
    member: async (group, user, change) => void (await gateway.hub.member(group, user, change)),
    throttle: async (features) => gateway.hub.throttle(features),
    drain: async (minDelayMs, spreadMs) => gateway.hub.drain({ minDelayMs, spreadMs }),
    undrain: async () => gateway.hub.undrain(),
    loseLog: async () => {
      gateway.log.beginAnew();
    },
    cut: gateway.cut,
    refuse: async (on) => gateway.refuse(on),
    async until(what, holds, ms = 10_000) {
      const end = clock.now() + ms;
      await clock.advanceAsync(0);
      while (!holds()) {
        if (clock.now() >= end) throw new Error(`not within ${ms} ms: ${what}`);
        await clock.advanceAsync(5);
      }
    },
    pass: (ms) => clock.advanceAsync(ms),
  };
}

protocolConformance("cc1, in-memory gateway", () => memoryHarness(0));
protocolConformance("cc1, in-memory gateway 40 ms away", () => memoryHarness(40));
