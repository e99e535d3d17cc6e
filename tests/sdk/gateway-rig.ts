/** Clients of `@cc/sdk/portable` with cc.1, over the in-memory gateway, on one virtual clock. Law: the server half is the real one. */
import type { Policy } from "@cc/core";
import {
  type AppEvent,
  type Cc1Send,
  type Client,
  cc1,
  createClient,
  type EventSchemas,
  type Gap,
  type Position,
} from "@cc/sdk/portable";
import {
  createMemoryGateway,
  createMemoryLog,
  createRandom,
  createScriptedLifecycle,
  createScriptedStorage,
  createVirtualClock,
  type MemoryGateway,
  type MemoryGatewayOptions,
  memoryAuthKey,
  type ScriptedLifecycle,
  type ScriptedStorage,
  type VirtualClock,
} from "@cc/testkit";
import { type Watched, watch } from "./rig.js";

export interface Seat {
  readonly client: Client<{ message: unknown }, Cc1Send>;
  readonly lifecycle: ScriptedLifecycle;
  readonly storage: ScriptedStorage;
  readonly tab: ScriptedStorage;
  /** Every event, in order. */
  readonly events: AppEvent[];
  readonly gaps: Gap[];
  /** `gap`, `caughtUp`, `session RECOVERY` and event data, in the order in which they were told. */
  readonly log: string[];
  readonly errors: string[];
}

export interface SeatOptions {
  readonly uid?: string;
  readonly policy?: Partial<Policy>;
  readonly resumeFrom?: Position;
  readonly events?: EventSchemas;
  /** The same tab before its reload. */
  readonly before?: Seat;
  /** Default true: logged in and linked. */
  readonly linked?: boolean;
}

export interface World {
  readonly clock: VirtualClock;
  readonly gateway: MemoryGateway;
  seat(options?: SeatOptions): Promise<Seat>;
  /** Publishes a durable `message` with this data. */
  publish(channel: string, data: unknown): Promise<void>;
  watch<T>(promise: Promise<T>): Watched<T>;
}

export interface WorldOptions extends Pick<MemoryGatewayOptions, "hub"> {
  /** Distance between two numbers of the log. Default 1. */
  readonly stride?: number;
}

export function createWorld({ stride = 1, hub = {} }: WorldOptions = {}): World {
  const clock = createVirtualClock();
  const gateway = createMemoryGateway({ clock, log: createMemoryLog({ clock, stride }), hub });
  let seats = 0;
  return {
    clock,
    gateway,
    async seat({ uid = "ann", policy, resumeFrom, events, before, linked = true } = {}) {
      seats += 1;
      const lifecycle = createScriptedLifecycle();
      const storage = createScriptedStorage({ clock, ...(before && { shared: before.storage }) });
      const tab = createScriptedStorage({ clock, ...(before && { shared: before.tab }) });
      const client = createClient<{ message: unknown }, Cc1Send>({
        url: "https://gateway.test",
        clock,
        random: createRandom(seats),
        openLink: gateway.open,
        lifecycle,
        storage,
        tabStorage: tab,
        auth: gateway.auth,
        protocol: cc1(),
        policy,
        resumeFrom,
        events,
      });
      const seat: Seat = { client, lifecycle, storage, tab, events: [], gaps: [], log: [], errors: [] };
      client.on("*", (event) => {
        seat.events.push(event);
        seat.log.push(String(event.data));
      });
      client.on("gap", (gap) => {
        seat.gaps.push(gap);
        seat.log.push("gap");
      });
      client.on("caughtUp", () => void seat.log.push("caughtUp"));
      client.on("session", ({ recovery }) => void seat.log.push(`session ${recovery}`));
      client.on("error", ({ code }) => void seat.errors.push(code));
      await client.init("demo");
      if (client.getLoggedInUser() === null) await client.login(uid, memoryAuthKey);
      if (linked) await clock.advanceAsync(6_000);
      return seat;
    },
    async publish(channel, data) {
      await gateway.hub.publish({ channel, kind: "message", from: "system", data });
      await clock.advanceAsync(1);
    },
    watch: (promise) => watch(promise, clock),
  };
}
