/** The flight recorder: a trace replays to the states that the connection had, and says nothing that is anybody's secret. */
import { type Connection, ConnectionError, type RetryVerdict } from "@cc/core";
import { parseTrace, type Replay, replay, statusesTold, timeline } from "@cc/testkit/trace";
import { describe, expect, test } from "vitest";
import { createRig, linkedRig, type Rig } from "./rig.js";
import { oneOfEach, tellsOf } from "./tells.js";

const read = (connection: Connection): ReturnType<typeof parseTrace> => parseTrace(JSON.stringify(connection.trace()));

/** The replay of a rig's trace, which must be its own run. */
function replayed(rig: Rig): Replay {
  const run = replay(read(rig.connection));
  expect(run.difference).toBeUndefined();
  return run;
}

function eventful(rig: Rig): void {
  rig.start({ renewable: true });
  rig.linkUp({ heartbeatMs: 10_000, tokenLifeMs: 600_000 });
  rig.answerProbes(80);
  rig.lifecycle.emit("online");
  rig.clock.advance(100);
  rig.lose({ code: 1006 });
  rig.dialled(5_000);
  rig.welcome();
  rig.protocol.last.host.throttle([{ feature: "typing", reason: "load", forMs: 3_000 }]);
  rig.clock.advance(8_000);
  rig.protocol.unacked = { since: rig.clock.now(), bytes: 4_000 };
  rig.protocol.last.host.outbox();
  rig.clock.sleep(90_000, "late");
  rig.clock.advance(200);
}

describe("a trace replays", () => {
  test("to the same state, by way of the same snapshots", () => {
    const rig = createRig({ chance: { seed: 7 } });
    eventful(rig);

    const run = replayed(rig);

    const seen = [run.start, ...run.steps.map(({ snapshot }) => snapshot)];
    expect(oneOfEach(seen.map(tellsOf))).toEqual(oneOfEach(rig.snapshots.map(tellsOf)));
    expect(statusesTold(run)).toEqual(rig.changes.map(({ current }) => current));
    expect(rig.changes.length).toBeGreaterThan(5);
  });

  test("with the answers that shouldRetry gave, though it gives others now", async () => {
    const answers: (RetryVerdict | undefined | "throws")[] = [
      { action: "retry", delayMs: 4_000 },
      undefined,
      "throws",
      { action: "refreshToken" },
      { action: "stop" },
    ];
    const rig = createRig({
      policy: {
        shouldRetry: () => {
          const answer = answers.shift();
          if (answer === "throws") throw new Error("a mistake of the app");
          return answer;
        },
      },
    });
    rig.start({ renewable: true });
    for (let n = 0; n < 5; n++) {
      while (rig.phase() !== "transport") {
        rig.clock.advance(100);
        await rig.settle();
      }
      rig.clock.advance(0);
      rig.lose({ code: 1006 });
    }
    expect(rig.phase()).toBe("failed");

    expect(replayed(rig).end.link.tag).toBe("failed");
    expect(read(rig.connection).inputs.flatMap(({ verdicts }) => verdicts)).toEqual([
      { action: "retry", delayMs: 4_000 },
      undefined,
      undefined,
      { action: "refreshToken" },
      { action: "stop" },
    ]);
  });

  test("with what the peer was heard last, which decides whether a probe has failed", () => {
    const rig = linkedRig();
    rig.lifecycle.emit("foreground");
    rig.clock.advance(1_000);
    rig.links.last.message("ping");
    rig.clock.advance(4_000);
    expect(rig.status()).toBe("connected");
    expect(replayed(rig).end.link).toMatchObject({ tag: "linked", probe: null });
  });

  test("under the policy that init() revised", () => {
    const rig = createRig({ policy: { spreadMs: 3_000 } });
    rig.connection.init({ auto: true, policy: { background: "keep", probeMs: 9_000 } });
    rig.start();
    rig.linkUp();
    rig.lifecycle.emit("background");

    const { policy, inputs } = read(rig.connection);
    expect([policy.spreadMs, policy.background]).toEqual([3_000, "disconnect"]);
    expect(inputs.map((input) => input.policy?.background)).toEqual(["keep", ...inputs.slice(1).map(() => undefined)]);
    expect(replayed(rig).steps.at(-1)?.snapshot).toMatchObject({ status: "connected", background: "keep" });
  });

  test("after dispose() too, as it was then", async () => {
    const rig = linkedRig();
    const before = rig.connection.trace();
    rig.connection.dispose();
    await rig.settle();
    expect(rig.connection.trace()).toEqual(before);
    expect(replayed(rig).end.link.tag).toBe("linked");
  });

  test("before anything has happened", () => {
    const run = replayed(createRig());
    expect([run.steps, run.end.reason]).toEqual([[], "notInitialized"]);
  });

  test("with numbers that JSON does not know", async () => {
    const rig = createRig();
    rig.start({ token: null, renewable: true });
    rig.getToken.answer = () => Promise.reject(Object.assign(new Error("never"), { terminal: true }));
    rig.clock.advance(300);
    await rig.settle();
    expect(rig.connection.state().session).toMatchObject({ refreshFrom: Number.POSITIVE_INFINITY });
    expect(read(rig.connection).policy.caps.at(-1)?.[0]).toBe(Number.POSITIVE_INFINITY);
    replayed(rig);
  });
});

describe("the ring", () => {
  test("an idle client adds nothing to it, hour after hour: a look that would find nothing is no step", () => {
    const rig = linkedRig({ welcome: { heartbeatMs: 10_000 } });
    const kept = read(rig.connection).inputs.length;
    rig.links.last.message("ping");
    for (let s = 0; s < 3_600; s++) {
      rig.clock.advance(1_000);
      rig.links.last.message("ping");
    }
    expect(read(rig.connection).inputs.length).toBeLessThanOrEqual(kept + 1);
    expect(kept).toBeLessThan(10);
    replayed(rig);
  });

  test("what changed nothing is not in it", () => {
    const rig = linkedRig();
    const kept = read(rig.connection).inputs.length;
    rig.lifecycle.emit("foreground");
    rig.lifecycle.emit("foreground");
    // The first foreground probes; the second falls into its window.
    expect(read(rig.connection).inputs.length).toBe(kept + 1);
  });

  test.each([1, 2, 7, 16])("of %i inputs begins with the state before its first, however much has gone by", (most) => {
    const rig = createRig({ chance: { seed: 3 }, policy: { traceInputs: most } });
    rig.start();
    for (let n = 0; n < 60; n++) {
      rig.clock.advance(20_000);
      if (rig.phase() === "transport") rig.lose({ code: 1006 });
      const { inputs } = read(rig.connection);
      expect(inputs.length).toBeLessThanOrEqual(Math.max(2, most + 1));
      replayed(rig);
    }
    const { state, inputs } = read(rig.connection);
    expect(state.session.tag).toBe("active");
    expect(inputs.length).toBeGreaterThanOrEqual(Math.floor(most / 2));
  });

  test("keeps nothing of what the platform threw", () => {
    const rig = createRig();
    rig.start();
    rig.clock.advance(300);
    const cause: { self?: unknown } = {};
    cause.self = cause;
    rig.lose({ code: 1006, cause });
    rig.connection.hint({ code: "ERR_TRANSPORT_BLOCKED", message: "m", phase: "transport", retryable: true, cause });
    expect(JSON.stringify(rig.connection.trace())).not.toContain("self");
    replayed(rig);
  });
});

describe("nothing in it is anybody's secret", () => {
  const secrets = {
    token: "eyJhbGciOi.secret-token.x",
    second: "second_token",
    user: "alice",
    session: "session9f",
    close: "kicked by bob@example.org",
    reject: "account of carol is suspended",
    feature: "typing_in_room_7",
    reason: "manual",
    thrown: "password hunter2 was wrong",
    detail: "mother's maiden name",
  };

  function told(): Rig {
    const rig = createRig({ policy: { shouldRetry: () => undefined } });
    const { user, token } = secrets;
    rig.start({ user, token, renewable: true });
    rig.linkUp({ user, session: secrets.session });
    rig.protocol.last.host.throttle([{ feature: secrets.feature, reason: secrets.reason, forMs: 100 }]);
    rig.lose({ code: 4401, reason: secrets.close });
    rig.getToken.answer = () => ({ token: secrets.second, lifeMs: null });
    rig.clock.advance(1_000);
    return rig;
  }

  test("no token, no user, no session, no text of a server or an app", async () => {
    const rig = told();
    await rig.settle();
    rig.protocol.last.host.reject({
      code: "ERR_SERVER_OVERLOADED",
      message: secrets.reject,
      retry: "reauth",
      minDelayMs: 0,
      spreadMs: 0,
    });
    const other = createRig();
    other.start({ user: secrets.user, token: null, renewable: true });
    const fault = { message: secrets.thrown, details: { hint: secrets.detail }, phase: "token" as const };
    const error = new ConnectionError({ code: "ERR_TOKEN_PROVIDER", retryable: true, ...fault });
    const thrown = Object.assign(error, { config: { password: secrets.detail, self: error } });
    other.getToken.answer = () => Promise.reject(thrown);
    other.clock.advance(300);
    await other.settle();
    expect(other.errors.map(({ message }) => message)).toEqual([secrets.thrown]);

    const json = JSON.stringify([rig.connection.trace(), other.connection.trace()]);
    for (const [what, secret] of Object.entries(secrets)) expect(json, what).not.toContain(secret);
    replayed(rig);
    replayed(other);
  });

  test("ids are pseudonyms, equal where they were equal and different where they were not", async () => {
    const rig = told();
    await rig.settle();
    const { inputs, end } = read(rig.connection);
    const login = inputs.map(({ input }) => input).find((input) => input.type === "login");
    const welcome = inputs.map(({ input }) => input).find((input) => input.type === "welcome");
    const token = inputs.map(({ input }) => input).find((input) => input.type === "token");
    const { session } = end;
    if (!login || !welcome || !token || session.tag !== "active") throw new Error("the run took another way");
    expect([welcome.info.user, session.user]).toEqual([login.user, login.user]);
    expect(session.burnt).toEqual([login.token]);
    expect(session.token?.value).toBe(token.value);
    expect(login.token).toMatch(/^t\d+$/);
    expect(login.user).toMatch(/^u\d+$/);
    expect(new Set([login.user, login.token, token.value, welcome.info.session]).size).toBe(4);
    replayed(rig);
  });

  test("a user by the name of a number or of a pseudonym is one too", () => {
    for (const user of ["Infinity", "u1", "__proto__", "on"]) {
      const rig = createRig();
      rig.start({ user });
      rig.linkUp({ user });
      expect(JSON.stringify(rig.connection.trace())).not.toContain(`"user":"${user === "u1" ? "" : user}"`);
      expect(replayed(rig).end.link.tag).toBe("linked");
    }
  });

  test("another user's welcome is still another user's", () => {
    const rig = createRig();
    rig.start({ user: "alice" });
    rig.dialled(1_000);
    rig.welcome({ user: "mallory" });
    expect(replayed(rig).steps.at(-1)?.snapshot).toMatchObject({
      phase: "failed",
      error: { code: "ERR_AUTH_REJECTED" },
    });
  });
});

test("the timeline says what came in and what came of it", () => {
  const rig = createRig();
  rig.start();
  rig.linkUp();
  rig.clock.advance(1_000);
  rig.lose({ code: 1006 });
  const lines = timeline(replayed(rig));
  expect(lines.map(({ input, from, status, reason }) => [input, from, status, reason])).toEqual([
    ["init (auto)", undefined, "disconnected", "loggedOut"],
    [expect.stringMatching(/^login \(u\d+\)$/), undefined, "disconnected", "starting"],
    ["due: retry", "disconnected", "connecting", "starting"],
    ["opened, link 1", undefined, "connecting", "starting"],
    ["welcome (new), link 1", "connecting", "connected", "welcome"],
    ["closed (1006), link 1", "connected", "disconnected", "linkLost"],
  ]);
  expect(lines.at(-1)).toMatchObject({ atMs: 1_000, errors: ["ERR_WEBSOCKET_ERROR"], why: "The connection was lost." });
});
