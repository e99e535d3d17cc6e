/** What explain() tells a person, in each situation that a connection can be in: real connections, brought there by what happens to them. */
import { type Explanation, explain } from "@cc/core/explain";
import { describe, expect, test } from "vitest";
import { createRig, linkedRig, type Rig } from "./rig.js";
import { idleRig, manualRig } from "./states.js";

type Situation = readonly [name: string, bring: () => Rig | Promise<Rig>, told: Partial<Explanation>];

const started = (): Rig => {
  const rig = createRig();
  rig.start();
  return rig;
};
const after = (rig: Rig, ...acts: readonly ((rig: Rig) => unknown)[]): Rig => {
  for (const act of acts) act(rig);
  return rig;
};
const lose = (rig: Rig): void => rig.lose();
const refuse = (rig: Rig): void => rig.dialled(1_000).refuse();
const throttle =
  (...features: readonly (readonly [feature: string, forMs: number | null])[]) =>
  (rig: Rig): void =>
    rig.protocol.last.host.throttle(features.map(([feature, forMs]) => ({ feature, forMs, reason: "load" })));

const byItself = "Nothing happens by itself.";
const attemptEnds = "disconnect() or logout() ends the attempt.";
const sooner = "checkNow(), the network coming back, or the app coming to the foreground.";

const phases: readonly Situation[] = [
  [
    "before init",
    () => createRig(),
    {
      why: "The client has not been initialised.",
      next: byItself,
      when: null,
      change: "init(), then login().",
      user: "Nothing.",
    },
  ],
  [
    "nobody logged in",
    () => after(createRig(), ({ connection }) => connection.init({ auto: true })),
    { why: "Nobody is logged in.", next: byItself, when: null, change: "login().", user: "Log in." },
  ],
  [
    "manual mode, before connect()",
    () => idleRig(),
    {
      why: "Manual mode: nobody has asked for a connection yet.",
      next: byItself,
      when: null,
      change: "connect().",
      user: "Connect.",
    },
  ],
  [
    "auto mode, after disconnect()",
    () => after(started(), ({ connection }) => connection.disconnect()),
    {
      why: "disconnect() was called.",
      next: byItself,
      when: null,
      change: "connect() or the next login.",
      user: "Connect.",
    },
  ],
  [
    "just logged in",
    started,
    { why: "A connection is wanted.", next: "Attempt 1 is made.", change: sooner, user: "Wait, or try again." },
  ],
  [
    "fetching a token",
    () =>
      after(idleRig(), (rig) => {
        rig.getToken.answer = () => new Promise(() => {});
        void rig.connection.connect();
      }),
    {
      why: "connect() was called.",
      next: "A token is being fetched; then the server is called.",
      when: null,
      change: attemptEnds,
      user: "Wait.",
    },
  ],
  [
    "calling the server",
    () => after(started(), (rig) => rig.dialled()),
    {
      why: "A connection is wanted.",
      next: "The server is being called.",
      when: null,
      change: attemptEnds,
      user: "Wait.",
    },
  ],
  [
    "open, not yet welcomed",
    () => after(started(), (rig) => rig.dialled().open()),
    {
      why: "A connection is wanted.",
      next: "The server's welcome is awaited.",
      when: null,
      change: attemptEnds,
      user: "Wait.",
    },
  ],
  [
    "linked",
    () => linkedRig(),
    {
      why: "The server has welcomed this client.",
      next: "The connection is watched and kept.",
      when: null,
      change: "disconnect(), logout(), the background or the network.",
      user: "Nothing.",
    },
  ],
  [
    "linked, in the background of manual mode",
    () => after(manualRig(), ({ lifecycle }) => lifecycle.emit("background")),
    {
      next: "The connection is closed soon after the lease ends.",
      change: "ping() renews the lease; the foreground lifts it.",
      user: "Nothing.",
    },
  ],
  [
    "throttled, with an end for each",
    () => after(linkedRig({ chance: 0 }), throttle(["presence", 9_000], ["typing", 3_000])),
    {
      why: "The server is under load and has throttled some features.",
      next: "Throttled now: presence, typing. It ends by itself.",
      change: "Only the server lifts it sooner.",
      user: "Wait with what is throttled; messages go on.",
    },
  ],
  [
    "throttled, with no end",
    () => after(linkedRig(), throttle(["typing", null])),
    { next: "Throttled now: typing.", when: null, user: "Wait with what is throttled; messages go on." },
  ],
  [
    "waiting to try again",
    () => after(linkedRig(), lose),
    { why: "The connection was lost.", next: "Attempt 1 is made.", change: sooner, user: "Wait, or try again." },
  ],
  [
    "waiting, offline",
    () => after(started(), refuse, ({ lifecycle }) => lifecycle.emit("offline")),
    {
      why: "The last attempt failed.",
      next: "Attempt 2 is made.",
      change: sooner,
      user: "Check the network connection.",
    },
  ],
  [
    "told by the server to wait",
    () =>
      after(linkedRig(), ({ protocol }) =>
        protocol.last.host.reject({
          code: "ERR_SERVER_OVERLOADED",
          message: "",
          retry: "later",
          minDelayMs: 4_000,
          spreadMs: 0,
        }),
      ),
    { why: "The server asks to wait.", change: "Nothing: the server set this time.", user: "Wait, or try again." },
  ],
  [
    "refused for good",
    () => after(linkedRig(), (rig) => rig.lose({ code: 4403, reason: "banned" })),
    {
      why: "The server refused this client for good. Connection closed (4403) banned.",
      next: byItself,
      when: null,
      change: "connect() makes a fresh attempt; so does a new login.",
      user: "Log in again.",
    },
  ],
  [
    "auto mode in the background",
    () => after(linkedRig(), ({ lifecycle }) => lifecycle.emit("background")),
    {
      why: "The app is in the background and the policy keeps no connection there.",
      next: "It connects when the app is in the foreground again.",
      when: null,
      change: "Bringing the app to the foreground.",
      user: "Open the app.",
    },
  ],
  [
    "a page that was left",
    () => after(linkedRig(), ({ lifecycle }) => lifecycle.emit("pageHidden")),
    {
      why: "The page was left; a page that may be restored holds no socket.",
      next: "It connects when the app is in the foreground again.",
      when: null,
      change: "Bringing the app to the foreground.",
      user: "Open the app.",
    },
  ],
];

const reasons: readonly Situation[] = [
  [
    "a lease that ran out",
    () =>
      after(
        manualRig(),
        ({ lifecycle }) => lifecycle.emit("background"),
        ({ clock }) => clock.advance(35_000),
      ),
    { why: "The app stayed in the background until its lease ran out.", change: "connect().", user: "Connect." },
  ],
  [
    "lost in the background of manual mode",
    () => after(manualRig(), ({ lifecycle }) => lifecycle.emit("background"), lose),
    { why: "The connection was lost in the background; in manual mode it does not come back by itself." },
  ],
  [
    "no answer to the probe",
    () =>
      after(
        linkedRig(),
        ({ lifecycle }) => lifecycle.emit("thawed"),
        ({ clock }) => clock.advance(2_500),
      ),
    { why: "The server gave no sign of life when asked." },
  ],
  [
    "no answer to the attempt",
    () =>
      after(
        started(),
        (rig) => rig.dialled(),
        ({ clock }) => clock.advance(10_000),
      ),
    { why: "The last attempt got no answer in time." },
  ],
  [
    "no token",
    async () => {
      const rig = idleRig();
      rig.getToken.answer = () => {
        throw new Error("no");
      };
      void rig.connection.connect();
      await rig.settle();
      return rig;
    },
    { why: "No token could be had." },
  ],
  [
    "a refused token",
    () =>
      after(linkedRig({ renewable: true }), ({ protocol }) =>
        protocol.last.host.reject({
          code: "ERR_AUTH_REJECTED",
          message: "",
          retry: "reauth",
          minDelayMs: 0,
          spreadMs: 0,
        }),
      ),
    { why: "The server refused the token." },
  ],
  [
    "asked to move",
    () =>
      after(
        linkedRig(),
        ({ protocol }) => protocol.last.host.goaway(0, 0),
        ({ clock }) => clock.advance(0),
      ),
    { why: "The server asked this client to move to another connection.", next: "The server is being called." },
  ],
  [
    "back in the foreground",
    () =>
      after(
        linkedRig(),
        ({ lifecycle }) => lifecycle.emit("background"),
        ({ lifecycle }) => lifecycle.emit("foreground"),
      ),
    { why: "The app or the network has come back." },
  ],
  [
    "a retry under way",
    () => after(started(), refuse, (rig) => rig.dialled(5_000)),
    { why: "A new attempt was due.", next: "The server is being called." },
  ],
  [
    "checkNow()",
    () => after(linkedRig(), lose, ({ connection }) => connection.checkNow()),
    { why: "checkNow() was called.", next: "The server is being called." },
  ],
  [
    "reconnect()",
    () => after(linkedRig(), ({ connection }) => connection.reconnect()),
    { why: "reconnect() was called.", next: "The server is being called." },
  ],
  [
    "throttling lifted",
    () => after(linkedRig(), throttle(["typing", null]), throttle()),
    { why: "The server has lifted its throttling.", next: "The connection is watched and kept." },
  ],
];

describe("explain()", () => {
  test.each([...phases, ...reasons])("[B1.8] %s", async (_, bring, told) => {
    const rig = await bring();
    const snapshot = rig.connection.snapshot();
    expect(explain(snapshot)).toMatchObject({ when: snapshot.retryAt, ...told, ...whenOf(rig) });
  });
});

/** An end that only the clock knows: of the lease, or of the feature that is throttled shortest. */
function whenOf({ connection, clock }: Rig): Partial<Explanation> {
  const { leaseUntil, throttled } = connection.snapshot();
  if (leaseUntil !== null) return { when: clock.wall() + 30_000 };
  return throttled.some(({ until }) => until !== null) ? { when: clock.wall() + 3_000 } : {};
}
