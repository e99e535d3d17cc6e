/**
 * A gateway that is looked at. argv: how long a token lives, in ms, and the users. Message `{ look: n }`: answers `{ sample }`.
 *
 * Law: what is remembered for a while by contract (a revocation for as long as the longest token, an address's requests for ten
 * seconds) is not what it would keep for ever, so a look waits until it is over; a token of minutes is for deeds that revoke none.
 */
import { createGateway } from "@cc/gateway";
import { look } from "./meter.js";

const [life = "", ...users] = process.argv.slice(2);
const tokenTtlMs = Number(life);
/**
 * The window of a quota, and as long as the briefest token: each key of it has a timer, and whether one stands in the middle of the
 * deeds is a matter of how fast they were. A timer may be late by as much as a busy machine makes it.
 */
const whileMs = 12_000;
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
