/**
 * The gateway under fire, in a process of its own. Law: it is the one that everybody gets, `createGateway` with real sockets; only its bounds
 * are such that one machine can be all its clients, and its clock can be put forward, so that what it remembers for a while is forgotten now.
 */
import { Writable } from "node:stream";
import { createGateway, createLogger, memoryBroker } from "@cc/gateway";
import { evilUid, type GatewayAnswer, type GatewayQuestion, gatewayKeys } from "../gatewayTalk.js";

const faults: string[] = [];
process.on("uncaughtException", (error) => faults.push(`uncaught exception: ${error.stack ?? error}`));
process.on("unhandledRejection", (reason) => faults.push(`unhandled rejection: ${String(reason)}`));

const destination = new Writable({
  write(chunk, _encoding, done) {
    for (const line of String(chunk).split("\n")) if (/"level":[56]0/.test(line)) faults.push(`log: ${line}`);
    done();
  },
});
const evil = Number(process.argv[2]);
let ahead = 0;
const clock = {
  now: () => performance.now() + ahead,
  wall: () => Date.now(),
  after: (ms: number, fn: () => void) => {
    const timer = setTimeout(fn, ms);
    return () => clearTimeout(timer);
  },
};
const users = ["canary", "friend", ...Array.from({ length: evil }, (_, index) => evilUid(index))];
const broker = memoryBroker({ maxCount: 500, maxBytes: 1_000_000, dedupMs: 91_000, clock });
const gateway = await createGateway({
  ...gatewayKeys,
  users: users.map((uid) => ({ uid })),
  groups: [{ gid: "open" }, { gid: "den", members: ["canary", "friend"] }],
  broker,
  clock,
  logger: createLogger({ destination, level: "warn" }),
  replay: { maxCount: 500, maxBytes: 1_000_000, maxAgeMs: 900_000 },
  admissionPerSecond: 1_000_000,
  throttling: false,
  limits: {
    dedupMs: 60_000,
    handshakesPerAddress: 1_000_000,
    connectionsPerAddress: 1_000_000,
    connectionsPerUser: 1_000,
    addressRequestRate: 1_000_000,
    userRequestRate: 1_000_000,
    keyFailuresPerMinute: 1_000_000,
  },
});

const answer = (told: GatewayAnswer): void => void process.send?.(told);

async function memory(): Promise<void> {
  // What is remembered for a minute is no growth: it is let go first.
  ahead += 200_000;
  await new Promise((resolve) => setTimeout(resolve, 600));
  for (let n = 0; n < 3; n += 1)
    await gateway
      .publish({ channel: "user:nobody-listens", kind: "own", data: n, id: `m${ahead}-${n}` })
      .catch(() => {});
  for (let n = 0; n < 6; n += 1) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const { heapUsed, external, arrayBuffers, rss } = process.memoryUsage();
  answer({ told: "memory", heapUsed, external: external + arrayBuffers, rss });
}

process.on("message", (question: GatewayQuestion) => {
  if (question.ask === "memory") void memory();
  else if (question.ask === "stats") {
    const { connections, linked } = gateway.stats();
    answer({ told: "stats", connections, linked, faults: faults.splice(0) });
  } else void gateway.close().then(() => process.disconnect());
});
process.on("disconnect", () => process.exit(0));

const tokens = await Promise.all(
  users.map(async (uid) => [uid, (await gateway.mintToken(uid, { ttlMs: 86_400_000 })).token] as const),
);
answer({ told: "ready", ...gateway.address, url: gateway.url, tokens });
