/**
 * Clients that tell all they are told, one line for each: the same in Node and in a page.
 *
 * Law: a line says when, on the machine's one clock, which seat, what, and a value. What is to be done comes by `act`.
 */
import type { AppEvent, Client, ClientOptions, Lifecycle } from "@cc/sdk";
import { createScriptedLifecycle, type ScriptedLifecycle } from "@cc/testkit";
import { tellLateness } from "./late.js";
import type { Line } from "./line.js";

/** What a seat is asked to do. */
export type Act =
  | { readonly act: "wake"; readonly seat: string }
  | { readonly act: "check"; readonly seat: string }
  | {
      readonly act: "send";
      readonly seat: string;
      readonly channel: string;
      readonly data: unknown;
      /** As many more characters. */
      readonly pad?: number;
    };

export interface SeatsOptions {
  readonly at: string;
  /** The names; a seat logs in as the user `<crew>-<name>`. */
  readonly names: readonly string[];
  readonly crew: string;
  readonly authKey: string;
  createClient(options: ClientOptions): Client;
  /** The platform's own; the seat `waking` has one that `wake` speaks through instead. */
  lifecycle(): Lifecycle;
  say(line: Line): void;
}

/** Data as it is told: long texts by their beginning. */
const brief = (data: unknown): unknown => (typeof data === "string" ? data.slice(0, 12).trim() : data);

/** Logs everybody in and links them, one after another. */
export async function openSeats(options: SeatsOptions): Promise<(act: Act) => void> {
  const { at, names, crew, authKey, createClient } = options;
  tellLateness(options.say);
  const seats = new Map<string, { readonly client: Client; readonly scripted: ScriptedLifecycle | undefined }>();
  for (const seat of names) {
    const say = (what: string, value: unknown = null): void => options.say({ at: Date.now(), seat, what, value });
    const scripted = seat === "waking" ? createScriptedLifecycle() : undefined;
    const own = scripted ?? options.lifecycle();
    const client = createClient({
      url: at,
      background: "keep",
      lifecycle: {
        current: () => own.current(),
        watch: (handler) =>
          own.watch((signal) => {
            say("signal", signal.type);
            handler(signal);
          }),
      },
    });
    client.on("error", ({ code }) => say("error", code));
    client.on("status", ({ current, reason }) => {
      say("reason", reason);
      say("status", current);
    });
    client.on("session", ({ recovery }) => say("session", recovery));
    client.on("gap", () => say("gap"));
    client.on("event", ({ data }: AppEvent) => say("event", brief(data)));
    await client.init("demo");
    await client.login(`${crew}-${seat}`, authKey);
    await client.until("linked", { timeoutMs: 60_000 });
    seats.set(seat, { client, scripted });
    say("linked", client.snapshot().link);
  }
  return (act) => {
    const { client, scripted } = seats.get(act.seat) ?? {};
    const say = (what: string, value: unknown): void => options.say({ at: Date.now(), seat: act.seat, what, value });
    if (act.act === "wake") scripted?.emit("online");
    if (act.act === "check")
      client?.checkNow().then(
        ({ linked, rttMs }) => say("checked", { linked, rttMs, link: client.snapshot().link }),
        (error) => say("checked", error.code),
      );
    if (act.act === "send") {
      // The contract's time runs from here, not from when somebody asked for it.
      say("sends", act.data);
      client?.send(act.channel, "message", `${act.data}`.padEnd(act.pad ?? 0), { timeoutMs: 150_000 }).then(
        () => say("sent", act.data),
        (error) => say("unsent", [act.data, error.code, error.details]),
      );
    }
  };
}
