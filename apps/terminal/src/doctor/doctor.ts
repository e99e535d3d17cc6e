/**
 * `doctor`: one examination of the way from here to a gateway, from the name to a link that survives quiet.
 *
 * Law: a step begins when the one before it has passed; the first fault ends the examination, and what was opened is closed, however
 * it ends. A login that this program made is undone; a token that was handed in stays good.
 */
import { healthy, ready } from "./http.js";
import { Interrupted } from "./limit.js";
import { type Credentials, logIn, logOut } from "./login.js";
import { type Bounds, type Lookup, reachPort, resolveName, secureIt } from "./network.js";
import { Fault, type Finding, type Report, type Step, type StepName, stepNames } from "./report.js";
import { idle, present, roundTrip } from "./session.js";
import { type Place, parseTarget, withoutSecrets } from "./target.js";
import { subprotocol, upgrade } from "./upgrade.js";

export interface DoctorOptions {
  readonly url: string;
  /** Absent: the examination ends before the token. */
  readonly who: { readonly app: string; readonly credentials: Credentials } | undefined;
  /** For each step but `idle`, in ms. */
  readonly timeoutMs: number;
  /** 0: no time of quiet. */
  readonly idleMs: number;
  readonly heartbeatMs: number | undefined;
  readonly origin: string | undefined;
  /** Certificate authorities in PEM, in place of Node's own. */
  readonly ca: Buffer | undefined;
  /** Default: the system's. */
  readonly lookup?: Lookup;
}

/** Left out on purpose: no fault. */
class Omitted extends Error {}

/** Examines, telling each step as it ends. `undefined`: interrupted. Rejects for its own faults only, never for what it finds. */
export async function doctor(
  options: DoctorOptions,
  tell: (step: Step) => void,
  signal: AbortSignal,
): Promise<Report | undefined> {
  const at = new Date().toISOString();
  const examination = new Examination(options, tell, signal);
  try {
    await examination.run();
  } catch (error) {
    if (error instanceof Interrupted) return undefined;
    examination.skipRest(error);
  } finally {
    await examination.close();
  }
  const { steps } = examination;
  const ok = steps.every(({ status }) => status !== "failed");
  return { doctor: 1, url: withoutSecrets(options.url), at, ok, steps };
}

/** Cut after secrets were taken out, so that no half of one is left. */
const detailLength = 400;

type Told = Pick<Exclude<Step, { status: "skipped" }>, "detail" | "facts">;

/** How long the end waits for the gateway to take note of a logout, in ms. */
const logoutMs = 2_000;

class Examination {
  readonly steps: Step[] = [];
  readonly #options: DoctorOptions;
  readonly #tell: (step: Step) => void;
  readonly #bounds: Bounds;
  readonly #secrets: string[] = [];
  readonly #closing: (() => void | Promise<void>)[] = [];

  constructor(options: DoctorOptions, tell: (step: Step) => void, signal: AbortSignal) {
    this.#options = options;
    this.#tell = tell;
    this.#bounds = { timeoutMs: options.timeoutMs, signal };
    const credentials = options.who?.credentials;
    if (credentials) this.#secrets.push(credentials.how === "token" ? credentials.token : credentials.authKey);
  }

  async run(): Promise<void> {
    const bounds = this.#bounds;
    const { url, who, idleMs, heartbeatMs, origin, ca, lookup } = this.#options;
    const target = await this.#try("url", () => parseTarget(url));
    const addresses = await this.#try("dns", () => resolveName(target, bounds, lookup));
    const address = await this.#try("tcp", () => reachPort(target, addresses, bounds));
    const place: Place = { ...target, address, ca };
    if (target.secure) await this.#try("tls", () => secureIt(place, bounds));
    else this.#add({ name: "tls", status: "skipped", reason: "the URL says that there is none" });
    await this.#try("http", () => healthy(place, bounds));
    await this.#try("ready", () => ready(place, bounds));
    const upgraded = await this.#try("upgrade", () => upgrade(place, origin, bounds));
    this.#closing.push(() => upgraded.line.close());
    const line = await this.#try("subprotocol", () => subprotocol(upgraded));
    if (who === undefined) throw new Omitted("nobody to log in: say --app with --token, or with --uid and --auth-key");
    const { app, credentials } = who;
    const welcome = await this.#try("token", async () => {
      const token = credentials.how === "token" ? credentials.token : await this.#logIn(place, credentials);
      return present(line, { app, token, heartbeatMs }, bounds);
    });
    await this.#try("roundTrip", () => roundTrip(line, bounds));
    if (idleMs === 0) throw new Omitted("--idle 0");
    await this.#try("idle", () => idle(line, idleMs, welcome, bounds));
  }

  async #logIn(place: Place, credentials: Extract<Credentials, { how: "authKey" }>): Promise<string> {
    const token = await logIn(place, credentials, this.#bounds);
    this.#secrets.push(token);
    // Interrupted or not: a login of ours ends with us.
    const bounds = { timeoutMs: logoutMs, signal: new AbortController().signal };
    this.#closing.push(() => logOut(place, token, bounds));
    return token;
  }

  /** Throws what is neither a fault that stands in the report nor an omission. */
  skipRest(error: unknown): void {
    const failed = this.steps.find(({ status }) => status === "failed");
    if (!(error instanceof Omitted) && failed === undefined) throw error;
    const reason = error instanceof Omitted ? error.message : `${failed?.name} failed`;
    for (const name of stepNames.slice(this.steps.length)) this.#add({ name, status: "skipped", reason });
  }

  async close(): Promise<void> {
    for (const close of this.#closing) await close();
  }

  #add(step: Step): void {
    const concealed = this.#conceal(step);
    this.steps.push(concealed);
    this.#tell(concealed);
  }

  /** A server may repeat in its words what it was sent; our own words stay as they are, however short a secret is. */
  #conceal(step: Step): Step {
    if (step.status === "skipped") return step;
    const hide = (_key: string, value: unknown): unknown =>
      typeof value === "string"
        ? this.#secrets.reduce((text, secret) => text.replaceAll(secret, "[secret]"), value).slice(0, detailLength)
        : value;
    const { detail, facts } = JSON.parse(JSON.stringify({ detail: step.detail, facts: step.facts }), hide) as Told;
    return { ...step, detail, ...(facts && { facts }) };
  }

  async #try<T>(name: StepName, work: () => Finding<T> | Promise<Finding<T>>): Promise<T> {
    const began = performance.now();
    const ms = (): number => Math.round((performance.now() - began) * 10) / 10;
    try {
      const { value, detail, facts, caution } = await work();
      this.#add({ name, status: caution ? "warning" : "ok", ms: ms(), detail, ...caution, ...(facts && { facts }) });
      return value;
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      const { message: detail, code, meaning, remedy, facts } = error;
      this.#add({ name, status: "failed", ms: ms(), detail, code, meaning, remedy, ...(facts && { facts }) });
      throw error;
    }
  }
}
