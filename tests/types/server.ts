/** What the types of the gateway and of the test kit accept and refuse. Compiled, never run. */
import { memoryStorage } from "@cc/core";
import { createGateway, type Gateway, GatewayError } from "@cc/gateway";
import { fileStorage } from "@cc/platform-node";
import { cc1, createClient } from "@cc/sdk/portable";
import { createMemoryGateway, createRandom, createScriptedLifecycle, createVirtualClock } from "@cc/testkit";
import { createFaultProxy } from "@cc/testkit/node";

const keys = { appId: "app", apiKey: "change-me-please", jwtSecret: "0123456789abcdef0123456789abcdef" };

export const serve = async (): Promise<Gateway> => {
  const gateway = await createGateway({
    ...keys,
    users: [{ uid: "alice" }],
    origins: "*",
    limits: { handshakeMs: 500 },
  });
  const { token } = await gateway.mintToken("alice", { ttlMs: 1_000 });
  const { position } = await gateway.publish({ channel: "user:alice", kind: "message", data: token });
  // @ts-expect-error: positions are numbers
  position.length;
  // @ts-expect-error: what is published has a kind
  await gateway.publish({ channel: "user:alice", data: {} });
  // @ts-expect-error: a name is misspelt
  await createGateway({ ...keys, user: [] });
  // @ts-expect-error: no key to sign tokens with
  await createGateway({ appId: "app", apiKey: "change-me-please" });
  // @ts-expect-error: codes are a closed set
  if (new Error() instanceof GatewayError && new GatewayError("ERR_OPTION", "").code === "ERR_OPTIONS") return gateway;
  const proxy = await createFaultProxy({ target: { host: "127.0.0.1", port: gateway.address.port } });
  proxy.cut();
  return gateway;
};

const clock = createVirtualClock();
const memory = createMemoryGateway({ clock });
export const portable = createClient({
  clock,
  random: createRandom(1),
  openLink: memory.open,
  lifecycle: createScriptedLifecycle(),
  storage: fileStorage("session.json"),
  tabStorage: memoryStorage(),
  auth: memory.auth,
  protocol: cc1({ device: "phone" }),
});
// @ts-expect-error: the portable client has no port of its own
createClient({ clock, protocol: cc1() });
