/**
 * One client: a machine, an app with its storage, and the process that lives at the moment.
 *
 * Law: the client is the real one, over ports of the simulation. A process that was killed writes nothing more, and its promises
 * are nobody's; the next one has only what storage holds. Every call and everything that is told becomes a fact.
 */
import { isConnectionError, type LifecycleSignal, type OpenLink } from "@cc/core";
import { type Cc1Send, cc1, createClient, type Client as SdkClient, type Storage } from "@cc/sdk/portable";
import { type MemoryTokens, memoryAuthKey } from "../../gateway/memory-tokens.js";
import { createScriptedLifecycle, type ScriptedLifecycle } from "../../lifecycle.js";
import { createRandom } from "../../random.js";
import { createScriptedStorage, type ScriptedStorage } from "../../storage.js";
import type { PlannedClient } from "../plan.js";
import type { Call, Fact, Failure } from "./facts.js";
import type { Machine } from "./machine.js";
import type { Timeline } from "./timeline.js";
import type { Door } from "./tokens.js";

/** How long an app waits before it tries a login again. */
const againMs = 3_000;

export interface Process {
  readonly n: number;
  readonly client: SdkClient<Record<string, unknown>, Cc1Send>;
  readonly lifecycle: ScriptedLifecycle;
  dead: boolean;
}

export interface ClientOptions {
  readonly n: number;
  readonly plan: PlannedClient;
  readonly seed: number;
  readonly time: Timeline;
  readonly machine: Machine;
  readonly door: Door;
  readonly tokens: MemoryTokens;
  readonly shared: Client | undefined;
  readonly open: OpenLink;
  readonly tell: (fact: Fact) => void;
  /** Every wire of this client is abandoned. */
  readonly abandon: () => void;
}

export class Client {
  readonly o: ClientOptions;
  readonly storage: ScriptedStorage;
  readonly tab: ScriptedStorage;
  process: Process | undefined;
  /** Whom the app wants to be logged in, and how. */
  want: { readonly user: string; readonly by: PlannedClient["by"] } | null;
  background = 0;
  hidden = 0;
  offline = 0;
  sleeps = 0;
  #processes = 0;
  #calls = 0;
  #marks = 0;

  constructor(o: ClientOptions) {
    this.o = o;
    this.want = { user: o.plan.user, by: o.plan.by };
    this.storage = createScriptedStorage({ clock: o.machine, ...(o.shared && { shared: o.shared.storage }) });
    this.tab = createScriptedStorage({ clock: o.machine });
  }

  // ---- processes -----------------------------------------------------------------------------------------------

  /** The app starts. */
  boot(): void {
    const { n, plan, seed, machine, door, open, tell } = this.o;
    if (this.process) return;
    this.#processes += 1;
    const number = this.#processes;
    const life = { client: n, process: number };
    const lifecycle = createScriptedLifecycle({ background: this.background > 0, online: this.offline === 0 });
    const told = <T extends object>(fact: T): void => {
      if (!process.dead) tell({ ...fact, ...life } as unknown as Fact);
    };
    const ofProcess = (storage: ScriptedStorage): Storage => {
      const dead = new Promise<never>(() => {});
      return {
        get: (key) => storage.get(key),
        set: (key, value) => (process.dead ? dead : storage.set(key, value)),
        remove: (key) => (process.dead ? dead : storage.remove(key)),
        lock: (name) => storage.lock(name),
        watch: (key, fn) => storage.watch(key, () => machine.run(fn)),
      };
    };
    const client: Process["client"] = createClient<Record<string, unknown>, Cc1Send>({
      url: "https://gateway.test",
      clock: machine,
      random: createRandom((seed ^ Math.imul(n + 1, 0x9e3779b1) ^ Math.imul(number, 0x85ebca77)) >>> 0),
      openLink: (url, options, handlers) => {
        if (process.dead) throw new Error("a dead process dials");
        return open(url, options, handlers);
      },
      lifecycle,
      storage: ofProcess(this.storage),
      tabStorage: ofProcess(this.tab),
      auth: door.auth,
      protocol: cc1({ listen: ["presence"] }),
      getToken: ({ signal }) => door.getToken(client.getLoggedInUser()?.uid ?? plan.user, signal),
      onListenerError: (error) => told({ type: "thrown", error }),
    });
    const process: Process = { n: number, client, lifecycle, dead: false };
    this.process = process;
    tell({ type: "born", ...life });
    client.on("status", (change) =>
      told({ type: "status", change, snapshot: client.snapshot(), status: client.getConnectionStatus() }),
    );
    let failed = false;
    client.on("snapshot", ({ phase, error }) => {
      if ((phase === "failed") === failed) return;
      failed = !failed;
      told({ type: "failed", on: failed, code: error?.code });
    });
    client.on("session", (session) => told({ type: "session", session }));
    client.on("error", (error) => told({ type: "error", error: failureOf(error) }));
    client.on("*", (event) => told({ type: "event", event, user: client.getLoggedInUser()?.uid }));
    client.on("gap", (gap) => told({ type: "gap", gap }));
    client.on("caughtUp", (position) => told({ type: "caughtUp", position }));
    client.on("user", (user) => told({ type: "user", user: user?.uid ?? null }));
    const settings = { autoEstablishSocketConnection: plan.auto, background: plan.background };
    this.#call(process, { name: "init" }, () => client.init("sim", settings)).then(
      () => {
        if (process.dead) return;
        const user = client.getLoggedInUser();
        if (user !== null) {
          told({ type: "user", user: user.uid });
          this.#entered(process);
        } else this.enter(process);
      },
      () => {},
    );
  }

  /** Logs in as the app wants it, again and again. */
  enter(process: Process): void {
    const { want } = this;
    if (process.dead || want === null) return;
    this.login(process, want.user, want.by).then(
      () => this.#entered(process),
      (error: unknown) => {
        const { code } = failureOf(error);
        if (code === "ERR_LOGIN_IN_PROGRESS" || code === "ERR_LOGGED_OUT" || code === "ERR_DISPOSED") return;
        this.o.time.after(againMs, () =>
          this.o.machine.run(() => {
            if (!process.dead && process.client.getLoggedInUser() === null) this.enter(process);
          }),
        );
      },
    );
  }

  /** An app in manual mode connects once it knows who it is. */
  #entered(process: Process): void {
    if (!process.dead && !this.o.plan.auto) this.connect(process);
  }

  /** The process ends; `flush`: with a goodbye. */
  end(flush: boolean): void {
    const { process } = this;
    if (process === undefined) return;
    this.process = undefined;
    const { n, tell, abandon } = this.o;
    if (!flush) {
      process.dead = true;
      abandon();
    }
    tell({ type: "gone", client: n, process: process.n, how: flush ? "disposed" : "killed" });
    // A killed one is disposed too, for its timers are in this program; it writes and says nothing any more.
    void process.client.dispose();
    if (flush) {
      // The promises that dispose() settles are heard; what it began to write is written, but nothing more is told.
      this.o.time.touch();
      this.o.time.after(0, () => {
        process.dead = true;
      });
    }
  }

  // ---- calls ---------------------------------------------------------------------------------------------------

  async #call<T>(process: Process, call: Call, act: () => Promise<T>): Promise<T> {
    this.#calls += 1;
    const id = this.#calls;
    const life = { client: this.o.n, process: process.n };
    this.o.tell({ type: "call", id, call, ...life });
    try {
      const value = await act();
      if (!process.dead) this.o.tell({ type: "settled", id, ok: true, value, error: undefined, ...life });
      return value;
    } catch (error) {
      if (!process.dead)
        this.o.tell({ type: "settled", id, ok: false, value: undefined, error: failureOf(error), ...life });
      throw error;
    }
  }

  login(process: Process, user: string, by: PlannedClient["by"]): Promise<unknown> {
    const { client } = process;
    const { plan, tokens, door } = this.o;
    return this.#call<unknown>(process, { name: "login", user, by }, () =>
      by === "key"
        ? client.login(user, memoryAuthKey)
        : by === "token"
          ? client.login(tokens.token(user, plan.tokenLifeMs ?? undefined))
          : client.login({ uid: user, getToken: ({ signal }) => door.getToken(user, signal) }),
    );
  }

  connect(process: Process): void {
    this.#call(process, { name: "connect" }, () => process.client.connect()).catch(() => {});
  }

  call(name: "disconnect" | "ping" | "checkNow" | "reconnect" | "logout"): void {
    const { process } = this;
    if (process === undefined) return;
    this.#call<unknown>(process, { name }, () => process.client[name]()).catch(() => {});
  }

  send(
    channel: string,
    how: "durable" | "ephemeral" | "volatile",
    bytes: number,
    timeoutMs: number,
    chained: boolean,
  ): void {
    const { process } = this;
    if (process === undefined) return;
    this.#marks += 1;
    const mark = `c${this.o.n}m${this.#marks}`;
    const options = { timeoutMs, chained, ephemeral: how === "ephemeral", volatile: how === "volatile" };
    const data = bytes > 16 ? { mark, fill: "x".repeat(bytes) } : { mark };
    this.#call(process, { name: "send", channel, how, mark, timeoutMs, chained }, () =>
      process.client.send(channel, how === "durable" ? "message" : "typing", data, options),
    ).catch(() => {});
  }

  member(channel: string, change: "joined" | "left"): void {
    const { process } = this;
    if (process === undefined) return;
    this.#call(process, { name: "member", channel, change }, () =>
      process.client.send(channel, "member", change),
    ).catch(() => {});
  }

  // ---- surroundings --------------------------------------------------------------------------------------------

  /** Tells the app's process something of its surroundings, when its machine is awake. */
  signal(signal: LifecycleSignal): void {
    const { machine, tell, n } = this.o;
    machine.run(() => {
      tell({ type: "signal", client: n, signal: signal.type });
      this.process?.lifecycle.emit(signal);
    });
  }

  corrupt(pick: (n: number) => number): void {
    const { records } = pick(2) === 0 ? this.storage : this.tab;
    const keys = [...records.keys()];
    const key = keys[pick(keys.length)];
    if (key !== undefined) records.set(key, '{"v":1,');
  }
}

export function failureOf(error: unknown): Failure {
  if (!isConnectionError(error)) return { code: "none", text: String(error), outcome: undefined, reason: undefined };
  const { outcome, reason } = (error.details ?? {}) as Pick<Failure, "outcome" | "reason">;
  return { code: error.code, text: error.message, outcome, reason };
}
