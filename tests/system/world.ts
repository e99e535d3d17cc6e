/**
 * A real gateway, a fault proxy before it, and clients of `@cc/sdk` on real sockets. Law: everything that is opened here
 * is closed when its test is over, and a seat writes down all that it is told.
 */

import { createGateway, type Gateway, type GatewayOptions } from "@cc/gateway";
import {
  type AppEvent,
  type Client,
  type ClientOptions,
  createClient,
  type Gap,
  type InitSettings,
  type Policy,
  type StatusChange,
} from "@cc/sdk";
import { createScriptedLifecycle, type ScriptedLifecycle } from "@cc/testkit";
import { createFaultProxy, type FaultProxy } from "@cc/testkit/node";
import { expect, onTestFinished } from "vitest";

export const keys = {
  appId: "demo",
  apiKey: "api-key-123",
  jwtSecret: "0123456789abcdef0123456789abcdef",
  authKey: "auth-key-1",
} as const;

/** Numbers for tests that wait on none of them: attempts soon after one another, a link stable at once. */
export const brisk: Partial<Policy> = { minSpreadMs: 10, spreadMs: 50, stableMs: 1, wakeJitterMs: 20 };

export interface Seat {
  readonly client: Client<{ message: number }>;
  readonly lifecycle: ScriptedLifecycle;
  readonly events: AppEvent[];
  /** Data of the durable events, in order. */
  readonly data: unknown[];
  readonly gaps: Gap[];
  readonly sessions: string[];
  readonly changes: StatusChange[];
  readonly statuses: string[];
  readonly errors: string[];
  /** Events, gaps and sessions in the order in which they were told. */
  readonly log: unknown[];
}

export interface SeatOptions extends ClientOptions {
  /** Default true: `init` and `login` by uid and auth key, and linked. */
  readonly login?: boolean;
  readonly settings?: InitSettings;
  /** Where it dials. Default: the proxy. */
  readonly at?: string;
}

export interface World {
  readonly gateway: Gateway;
  readonly proxy: FaultProxy;
  seat(uid: string, options?: SeatOptions): Promise<Seat>;
  /** Publishes `message` with this data to `user:<uid>`. */
  publish(uid: string, data: unknown): Promise<number>;
}

export const startGateway = (options: Partial<GatewayOptions> = {}): Promise<Gateway> =>
  createGateway({
    ...keys,
    users: [{ uid: "ann", name: "Ann" }, { uid: "bob" }],
    groups: [{ gid: "team", members: ["ann", "bob"] }],
    // What throttles is the test, not the load of the machine it runs on.
    throttling: false,
    ...options,
  });

export async function openWorld(options: Partial<GatewayOptions> = {}): Promise<World> {
  const gateway = await startGateway(options);
  onTestFinished(() => gateway.close());
  const proxy = await createFaultProxy({ target: gateway.address });
  onTestFinished(() => proxy.close());
  return {
    gateway,
    proxy,
    seat: (uid, seat) => takeSeat(uid, { at: proxy.url("http"), ...seat }),
    async publish(uid, data) {
      const { position } = await gateway.publish({ channel: `user:${uid}`, kind: "message", data });
      return position;
    },
  };
}

export async function takeSeat(uid: string, options: SeatOptions): Promise<Seat> {
  const { login = true, settings, at, policy = brisk, ...rest } = options;
  const lifecycle = createScriptedLifecycle();
  const client = createClient<{ message: number }>({ url: at, lifecycle, policy, ...rest });
  onTestFinished(() => client.dispose());
  const seat: Seat = {
    client,
    lifecycle,
    events: [],
    data: [],
    gaps: [],
    sessions: [],
    changes: [],
    statuses: [],
    errors: [],
    log: [],
  };
  client.on("event", (event) => {
    seat.events.push(event);
    seat.data.push(event.data);
    seat.log.push(event.data);
  });
  client.on("gap", (gap) => {
    seat.gaps.push(gap);
    seat.log.push("gap");
  });
  client.on("session", ({ recovery }) => {
    seat.sessions.push(recovery);
    seat.log.push(`session ${recovery}`);
  });
  client.on("status", (change) => {
    seat.changes.push(change);
    seat.statuses.push(change.current);
  });
  client.on("error", ({ code }) => void seat.errors.push(code));
  await client.init(keys.appId, settings);
  if (!login) return seat;
  await client.login(uid, keys.authKey);
  if (settings?.autoEstablishSocketConnection === false) await client.connect();
  else await client.until("linked", { timeoutMs: 30_000 });
  return seat;
}

/** Waits until it holds; the time is only what a broken test may cost. */
export const holds = (look: () => unknown, wanted: unknown = true, timeout = 30_000): Promise<void> =>
  expect.poll(look, { timeout, interval: 5 }).toEqual(wanted);

export const upTo = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, n) => from + n);

/** How long something took, in ms. */
export async function took(act: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await act();
  return performance.now() - start;
}
