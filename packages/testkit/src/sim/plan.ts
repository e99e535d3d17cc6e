/**
 * A plan: everything that a simulated run does, as data.
 *
 * Law: a run is its plan and nothing else. An action names its time and its length, and ends by itself; so any of them can be
 * left out and the rest still means something, which is what shrinking needs. Times are whole milliseconds from the start.
 */

/** One client: a device with an app on it. */
export interface PlannedClient {
  readonly user: string;
  /** Auto mode, or manual. */
  readonly auto: boolean;
  readonly background: "disconnect" | "keep" | { readonly graceMs: number };
  /** How it logs in: with the auth key, with a token that nobody renews, or with `getToken`. */
  readonly by: "key" | "token" | "provider";
  /** How long its tokens live, ms; `null`: for ever. */
  readonly tokenLifeMs: number | null;
  /** Its wall clock, against the true time, ms. */
  readonly wallMs: number;
  /** A tab beside this other client: it shares that one's storage. */
  readonly besides: number | null;
}

/** A way of the network: between which client and which gateway; `null`: all of them. */
export interface Way {
  readonly client: number | null;
  readonly gateway: number | null;
}

/** How long it lasts, ms. */
export interface Lasting {
  readonly ms: number;
}

export type Direction = "up" | "down" | "both";

export type Act =
  // the app
  | {
      readonly do: "send";
      readonly client: number;
      readonly channel: string;
      readonly how: "durable" | "ephemeral" | "volatile";
      readonly count: number;
      readonly bytes: number;
      readonly timeoutMs: number;
      readonly chained: boolean;
    }
  | { readonly do: "member"; readonly client: number; readonly channel: string; readonly change: "joined" | "left" }
  | {
      readonly do: "call";
      readonly client: number;
      readonly call: "connect" | "disconnect" | "ping" | "checkNow" | "reconnect";
    }
  | { readonly do: "logout"; readonly client: number }
  | { readonly do: "login"; readonly client: number; readonly user: string; readonly by: PlannedClient["by"] }
  /** `flush`: the page says goodbye; otherwise the process is gone between two turns. */
  | ({ readonly do: "reload"; readonly client: number; readonly flush: boolean } & Lasting)
  // its surroundings
  | ({ readonly do: "background"; readonly client: number; readonly pingMs: number | null } & Lasting)
  | ({ readonly do: "hide"; readonly client: number } & Lasting)
  | ({ readonly do: "freeze"; readonly client: number } & Lasting)
  /** `told`: the platform notices. `first`: what comes first when it wakes. */
  | ({
      readonly do: "sleep";
      readonly client: number;
      readonly kind: "stopped" | "late";
      readonly told: boolean;
      readonly first: "timers" | "network";
    } & Lasting)
  | ({ readonly do: "throttleTimers"; readonly client: number; readonly everyMs: number } & Lasting)
  | { readonly do: "setWall"; readonly client: number; readonly byMs: number; readonly told: boolean }
  /** `really`: there is no network meanwhile; otherwise the platform is wrong. */
  | ({ readonly do: "offline"; readonly client: number; readonly really: boolean } & Lasting)
  /** `really`: the old address is gone, and with it every connection. */
  | { readonly do: "changeNetwork"; readonly client: number; readonly really: boolean }
  | ({
      readonly do: "storage";
      readonly client: number;
      readonly fault: "get" | "set" | "remove" | "full" | "slow" | "corrupt";
    } & Lasting)
  | ({ readonly do: "auth"; readonly client: number; readonly fault: "fails" | "silent" | "slow" } & Lasting)
  // the network
  | ({ readonly do: "reset"; readonly side: "client" | "server" | "both" } & Way)
  | ({ readonly do: "blackhole"; readonly direction: Direction } & Way & Lasting)
  | ({ readonly do: "refuse"; readonly how: "reset" | "busy" | "limit" | "restart" } & Way & Lasting)
  | ({
      readonly do: "slow";
      readonly delayMs: number;
      readonly jitterMs: number;
      readonly bytesPerMs: number | null;
    } & Way &
      Lasting)
  // the servers
  | ({ readonly do: "crash"; readonly gateway: number; readonly silent: boolean } & Lasting)
  | ({ readonly do: "restart"; readonly gateway: number } & Lasting)
  | ({
      readonly do: "drain";
      readonly gateway: number;
      readonly minDelayMs: number;
      readonly spreadMs: number;
    } & Lasting)
  | ({ readonly do: "stall"; readonly gateway: number } & Lasting)
  | ({
      readonly do: "throttle";
      readonly gateway: number;
      readonly features: readonly string[];
      readonly forMs: number;
    } & Lasting)
  | { readonly do: "revoke"; readonly user: string }
  | ({ readonly do: "brokerSlow"; readonly gateway: number; readonly lagMs: number } & Lasting)
  | ({ readonly do: "brokerAway"; readonly gateway: number; readonly applies: boolean } & Lasting)
  | { readonly do: "forget"; readonly keep: number }
  | { readonly do: "beginAnew" }
  | { readonly do: "publish"; readonly gateway: number; readonly channel: string; readonly count: number }
  | { readonly do: "cast"; readonly gateway: number; readonly channel: string }
  | { readonly do: "kick"; readonly gateway: number; readonly channel: string; readonly user: string };

export type Action = { readonly at: number } & Act;

export interface Plan {
  readonly version: 1;
  /** What the run's own chance (jitter, the clients' draws) comes from. */
  readonly seed: number;
  /** How long it runs, ms; faults end `quietMs` before. */
  readonly ms: number;
  readonly quietMs: number;
  readonly gateways: number;
  readonly heartbeatMs: number;
  /** Distance between two numbers of the log. */
  readonly stride: number;
  readonly clients: readonly PlannedClient[];
  readonly actions: readonly Action[];
}

/** A plan that cannot be run, with the reason in one line. */
export class PlanError extends Error {}

/** Reads a plan that was printed. Throws `PlanError`. */
export function parsePlan(text: string): Plan {
  let plan: Partial<Plan>;
  try {
    plan = JSON.parse(text) as Partial<Plan>;
  } catch {
    throw new PlanError("the plan is no JSON");
  }
  if (plan === null || typeof plan !== "object" || plan.version !== 1)
    throw new PlanError("the plan is none of version 1");
  for (const name of ["seed", "ms", "quietMs", "gateways", "heartbeatMs", "stride"] as const)
    if (!Number.isSafeInteger(plan[name])) throw new PlanError(`the plan has no whole number "${name}"`);
  const { clients, actions, gateways = 0 } = plan;
  if (!Array.isArray(clients) || clients.length === 0) throw new PlanError("the plan has no clients");
  if (!Array.isArray(actions)) throw new PlanError("the plan has no actions");
  if (gateways < 1) throw new PlanError("the plan has no gateway");
  for (const [index, action] of (actions as readonly (Action & Partial<Way>)[]).entries()) {
    if (typeof action?.do !== "string" || !(action.at >= 0)) throw new PlanError(`action ${index} is none`);
    if (action.client != null && clients[action.client] === undefined)
      throw new PlanError(`action ${index} names a client that is not there`);
    if (action.gateway != null && !(action.gateway >= 0 && action.gateway < gateways))
      throw new PlanError(`action ${index} names a gateway that is not there`);
  }
  return plan as Plan;
}
