/**
 * A gateway that is looked at. argv: how long a token lives, in ms, and the users. Message `{ look: n }`: answers `{ sample }`.
 *
 * Law: what is remembered for a while by contract (a revocation for as long as the longest token) is not what it would keep for ever,
 * so a look waits for a short while to be over; a long one is for deeds that leave nothing of the kind.
 */
import { createGateway } from "@cc/gateway";
import { look } from "./meter.js";

const [life = "", ...users] = process.argv.slice(2);
const tokenTtlMs = Number(life);
/** What is waited for; of the longer ones nothing is due. */
const whileMs = tokenTtlMs < 10_000 ? tokenTtlMs + 500 : 0;
/** Larger than any count here: the floods of these programs are the measure, not an attack. */
const many = 1_000_000;
const gateway = await createGateway({
  appId: "demo",
  apiKey: "api-key-123",
  jwtSecret: "0123456789abcdef0123456789abcdef",
  authKey: "auth-key-1",
  users: users.map((uid) => ({ uid })),
  origins: "*",
  chat: false,
  throttling: false,
  admissionPerSecond: many,
  tokenTtlMs,
  maxTokenTtlMs: tokenTtlMs,
  presenceGraceMs: 100,
  limits: {
    dedupMs: 1_000,
    addressRequestRate: many,
    userRequestRate: many,
    handshakesPerAddress: many,
    connectionsPerAddress: many,
  },
});
process.on("message", async ({ look: n }: { readonly look: number }) => {
  await new Promise((over) => setTimeout(over, whileMs));
  process.send?.({ sample: await look(n) });
});
process.send?.({ url: gateway.url });
process.on("disconnect", () => process.exit(0));
