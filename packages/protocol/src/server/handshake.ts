/**
 * From `hello` to the welcome: is this gateway taking links, who is it, where does its log begin.
 *
 * Law: each question may take time, and a link that closed meanwhile is asked about no further. Of two links of one
 * instance the newer one stands, by its number and not by the luck of its arrival.
 */
import { closeCodes } from "../closeCodes.js";
import type { Hello } from "../frames.js";
import { settle } from "./awaitable.js";
import type { Core, Line } from "./core.js";
import { userPrefix } from "./log.js";
import { type Resumption, resumption } from "./resume.js";
import type { Verdict } from "./types.js";

/** What a welcome is made from. */
export interface Greeted {
  readonly hello: Hello;
  readonly verdict: Extract<Verdict, { ok: true }>;
  readonly resumption: Resumption;
}

/** Tells why a token will not do. */
export function refuseToken(line: Line, { retry = "reauth", code, message }: Extract<Verdict, { ok: false }>): void {
  line.refuse(code ?? (retry === "later" ? "ERR_SERVER_OVERLOADED" : "ERR_AUTH_REJECTED"), message, retry);
}

/** The verifier failed: that is no verdict on the token. */
export function verifierFailed(line: Line): void {
  line.refuse("ERR_SERVER_OVERLOADED", "tokens cannot be verified now", "later");
}

/** Ends the links that this one replaces. False if it is itself the older one, come late. */
function takeOver(core: Core, hello: Hello, user: string): boolean {
  const others = [...core.audience.of(userPrefix + user)];
  const same = others.filter((other) => other.hello?.instance === hello.instance);
  // A reloaded tab counts its links from 1 again: numbers are compared within one process only.
  const newer = same.some(({ hello: other }) => other?.nonce === hello.nonce && (other?.linkNo ?? 0) > hello.linkNo);
  if (newer) return false;
  for (const other of same) other.end(closeCodes.superseded, "a newer link of this instance");
  for (const other of others) {
    if (hello.device !== undefined && other.hello?.device === hello.device && other.hello.instance !== hello.instance) {
      other.refuse("ERR_REPLACED", "a newer instance on this device", "never", { close: closeCodes.replaced });
    }
  }
  return true;
}

const isFull = ({ settings, audience }: Core, user: string): boolean =>
  [...audience.of(userPrefix + user)].length >= settings.connectionsPerUser;

/** Half-open links of the same user end by silence, so trying again a while later does help him. */
function refuseFull({ settings }: Core, line: Line): void {
  const floor = { minDelayMs: 5000, spreadMs: 5000 };
  const message = `this user has ${settings.connectionsPerUser} links already`;
  line.refuse("ERR_SERVER_OVERLOADED", message, "later", { floor });
}

/** Asks all there is to ask, and calls `welcome` or refuses. */
export function greet(core: Core, line: Line, hello: Hello, welcome: (greeted: Greeted) => void): void {
  const { settings, log, broker } = core;
  function resume(verdict: Extract<Verdict, { ok: true }>): void {
    line.identify(verdict);
    settle(
      () => resumption(log, broker.epoch, hello.resume),
      (resumed) => {
        if (!line.isOpen()) return;
        if (takeOver(core, hello, verdict.user)) {
          // Judged after the links that this one replaces have ended, and in the same step as the welcome: none slips in between.
          if (isFull(core, verdict.user)) refuseFull(core, line);
          else welcome({ hello, verdict, resumption: resumed });
        } else {
          const close = closeCodes.superseded;
          line.refuse("ERR_ABORTED", "a newer link of this instance stands", "later", { close });
        }
      },
      line.brokerFailed,
    );
  }
  function sendAway(): boolean {
    const floor = core.draining();
    if (floor)
      line.refuse("ERR_SERVER_OVERLOADED", "this gateway is draining", "later", { close: closeCodes.restart, floor });
    return floor !== undefined;
  }
  // Before the admission: to be sent away costs nothing, and a moment here is of no use to him.
  if (sendAway()) return;
  // Before the first question, for the questions are what an admission costs.
  const appointment = core.admission.admit(settings.now());
  if (appointment) {
    const message = "more clients than this gateway admits at once; come when told";
    line.refuse("ERR_SERVER_OVERLOADED", message, "later", { floor: appointment });
    return;
  }
  core.whenReady(() => {
    if (!line.isOpen() || sendAway()) return;
    settle(
      () => settings.verify(hello.token, { app: hello.app, instance: hello.instance }),
      (verdict) => (verdict.ok ? resume(verdict) : refuseToken(line, verdict)),
      () => verifierFailed(line),
    );
  });
}
