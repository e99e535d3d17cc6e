/**
 * What a wire protocol with all capabilities must do, for the port `Protocol`: run with cc.1 against the in-memory
 * gateway in virtual time, and against the real one over sockets.
 *
 * Law: the suite knows the port, the operator's side of the server and the network, and no frame. It says what an
 * application can rely on, so a second protocol that passes it can take the first one's place.
 */
import { isConnectionError } from "@cc/core";
import { describe, expect, it } from "vitest";
import { type ProtocolHarness, type SuiteClient, type SuiteClientOptions, suiteClient } from "./protocol-client.js";

type Make = (user: string, options?: SuiteClientOptions) => Promise<SuiteClient>;

/** The outcome of a promise, kept: a rejection never goes unhandled while time passes. */
interface Kept<T> {
  readonly done: () => boolean;
  readonly value: () => T | undefined;
  readonly error: () => unknown;
}

function keep<T>(promise: Promise<T>): Kept<T> {
  let done = false;
  let value: T | undefined;
  let error: unknown;
  promise.then(
    (result) => {
      done = true;
      value = result;
    },
    (reason: unknown) => {
      done = true;
      error = reason;
    },
  );
  return { done: () => done, value: () => value, error: () => error };
}

const numbers = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, n) => from + n);

/** Registers the suite. `harness` is asked for when each test runs; users and groups get names of their own in each test. */
export function protocolConformance(name: string, harness: () => ProtocolHarness): void {
  let tests = 0;
  describe(`protocol: ${name}`, () => {
    const test = (
      title: string,
      body: (make: Make, here: ProtocolHarness, id: (name: string) => string) => Promise<void>,
    ): void =>
      it(title, async () => {
        const here = harness();
        tests += 1;
        const number = tests;
        const clients: SuiteClient[] = [];
        const make: Make = async (user, options) => {
          const client = await suiteClient(here, user, options);
          clients.push(client);
          return client;
        };
        try {
          await body(make, here, (word) => `${word}${number}`);
        } finally {
          for (const { connection } of clients) connection.dispose();
          await here.refuse(false);
          await here.undrain();
          await here.throttle([]);
        }
      });

    describe("link", () => {
      test("[B1.1] [R6] is linked by the server's welcome, for the user who is logged in", async (make, _here, id) => {
        const ann = await make(id("ann"));
        const phases: string[] = [];
        ann.connection.subscribe(({ phase }) => void phases.push(phase));
        await ann.linked();
        expect(phases.indexOf("handshake")).toBeGreaterThan(-1);
        expect(phases.indexOf("handshake")).toBeLessThan(phases.indexOf("linked"));
        expect(ann.session.capabilities).toEqual({
          welcome: true,
          probe: true,
          positions: true,
          acknowledgements: true,
        });
      });

      test("[B6.1] a probe is answered, with its round trip", async (make, here, id) => {
        const ann = await make(id("ann"));
        await ann.linked();
        const check = keep(ann.connection.checkNow());
        await here.until("the probe is answered", check.done);
        expect(check.value()).toMatchObject({ linked: true });
        expect(check.value()?.rttMs).toBeGreaterThanOrEqual(0);
      });

      test("[B2.7] [R17] a refused token costs one refresh and no more; one that cannot be renewed ends in failed", async (make, here, id) => {
        const good = await make(id("ann"), { token: "worthless" });
        await good.linked();
        expect(good.asked).toEqual(["rejected"]);
        const bad = await make(id("bob"), { token: "worthless", getToken: null });
        await here.until("bob has failed", () => bad.connection.snapshot().phase === "failed");
        expect(bad.connection.snapshot().error?.code).toBe("ERR_AUTH_REJECTED");
        expect(bad.told).toEqual([]);
      });

      test("[B2.6] a token that ends soon is renewed in band: the link stays", async (make, here, id) => {
        const user = id("ann");
        const ann = await make(user, { token: await here.token(user, 40_000) });
        await ann.linked();
        const { link } = ann.connection.snapshot();
        await here.until("a token was asked for", () => ann.asked.length > 0, 45_000);
        await here.pass(500);
        expect([ann.asked, ann.connection.snapshot().link, ann.connection.status()]).toEqual([
          ["expiring"],
          link,
          "connected",
        ]);
      });

      test("[B2.7] a revoked login is told, and a new token brings it back", async (make, here, id) => {
        const user = id("ann");
        const ann = await make(user);
        await ann.linked();
        await here.revoke(user);
        await here.until("the revocation arrives", () => ann.errors.length > 0);
        expect(ann.errors[0]?.code).toBe("ERR_AUTH_REJECTED");
        await ann.linked();
        expect(ann.asked).toEqual(["rejected"]);
      });

      test("[B5.4] [R12] goaway: the link is left, its floor kept, and another taken; nothing is lost", async (make, here, id) => {
        const user = id("ann");
        const ann = await make(user);
        await ann.linked();
        const { link } = ann.connection.snapshot();
        const from = here.clock.now();
        await here.drain(400, 0);
        await here.publish(`user:${user}`, "message", 1);
        await here.until("the link is left", () => ann.connection.snapshot().link !== link);
        expect(here.clock.now() - from).toBeGreaterThanOrEqual(399);
        await here.undrain();
        await here.publish(`user:${user}`, "message", 2);
        await ann.linked(30_000);
        await here.until("both events", () => ann.data("durable").length === 2);
        expect(ann.data("durable")).toEqual([1, 2]);
      });

      test("[B1.1] [B8.1] throttled features are told as a whole set each time, and sending through one is refused", async (make, here, id) => {
        const ann = await make(id("ann"));
        await ann.linked();
        await here.throttle([{ feature: "typing", reason: "load", forMs: 60_000 }]);
        await here.until("throttled", () => ann.connection.status() === "featureThrottled");
        expect(ann.connection.snapshot().throttled).toMatchObject([{ feature: "typing", reason: "load" }]);
        const shed = keep(ann.send(`user:${id("bob")}`, "typing", true, { ephemeral: true }));
        await here.until("it is refused", shed.done);
        expect(isConnectionError(shed.error()) && shed.error()).toMatchObject({ code: "ERR_FEATURE_THROTTLED" });
        const late = await make(id("late"));
        await here.until("the welcome says so too", () => late.connection.status() === "featureThrottled");
        await here.throttle([]);
        await here.until("the end", () => ann.connection.status() === "connected");
      });
    });

    describe("durable events", () => {
      test("[B10.1] [B10.2] arrive in order, once, with positions that grow", async (make, here, id) => {
        const user = id("ann");
        const ann = await make(user);
        await ann.linked();
        for (const n of numbers(1, 50)) await here.publish(`user:${user}`, "message", n);
        await here.until("all of them", () => ann.data("durable").length >= 50);
        expect(ann.data("durable")).toEqual(numbers(1, 50));
        const places = ann.told.flatMap((one) =>
          one.type === "event" ? [one.event.position?.positions[0] ?? -1] : [],
        );
        expect(places).toEqual([...new Set(places)].sort((a, b) => a - b));
        expect(ann.session.position()).toEqual(
          ann.told.flatMap((one) => (one.type === "event" ? [one.event.position] : [])).at(-1),
        );
      });

      test("[B10.3] [B10.4] [R22] [R23] whatever the links do: each once, in order, none missing, and the recovery is told", async (make, here, id) => {
        const user = id("ann");
        const ann = await make(user);
        await ann.linked();
        let n = 0;
        for (let round = 0; round < 5; round += 1) {
          for (let each = 0; each < 4; each += 1) await here.publish(`user:${user}`, "message", ++n);
          if (round % 2 === 0) await here.pass(30);
          here.cut();
          for (let each = 0; each < 4; each += 1) await here.publish(`user:${user}`, "message", ++n);
          await here.until(
            "the loss is noticed",
            () => ann.sessions.length > round + 1 || !ann.connection.snapshot().linked,
          );
          await ann.linked(20_000);
          await here.until("all so far", () => ann.data("durable").length >= n);
          await here.pass(100);
        }
        expect(ann.data("durable")).toEqual(numbers(1, n));
        expect(ann.sessions.map(({ recovery }) => recovery)).toEqual(["new", ...new Array(5).fill("resumed")]);
        expect(ann.told.some(({ type }) => type === "gap")).toBe(false);
      });

      test("[B10.4] [R23] a session that has received nothing resumes too", async (make, here, id) => {
        const user = id("ann");
        const ann = await make(user);
        await ann.linked();
        await here.refuse(true);
        here.cut();
        await here.until("the loss is noticed", () => !ann.connection.snapshot().linked);
        await here.publish(`user:${user}`, "message", "while away");
        await here.refuse(false);
        await ann.linked(20_000);
        await here.until("the replay", () => ann.told.some(({ type }) => type === "caughtUp"));
        expect([ann.sessions.at(-1)?.recovery, ann.data("durable")]).toEqual(["resumed", ["while away"]]);
        expect(ann.told.at(-1)?.type, "caughtUp ends the replay").toBe("caughtUp");
      });

      test("[B10.3] [B10.4] the position of an earlier process resumes there: nothing before it, everything after", async (make, here, id) => {
        const user = id("ann");
        const before = await make(user);
        await before.linked();
        for (const n of numbers(1, 5)) await here.publish(`user:${user}`, "message", n);
        await here.until("five", () => before.data("durable").length === 5);
        const resume = before.session.position();
        before.connection.dispose();
        for (const n of numbers(6, 9)) await here.publish(`user:${user}`, "message", n);
        const after = await make(user, { resume });
        await here.until("four", () => after.data("durable").length >= 4);
        await here.pass(100);
        expect([after.sessions[0]?.recovery, after.data("durable")]).toEqual(["resumed", numbers(6, 9)]);
        const fresh = await make(user);
        await fresh.linked();
        await here.pass(100);
        expect([fresh.sessions[0]?.recovery, fresh.data("durable")]).toEqual(["new", []]);
      });

      test("[B10.4] what cannot be resumed is a gap, told before the first event that follows", async (make, here, id) => {
        const user = id("ann");
        const ann = await make(user);
        await ann.linked();
        await here.publish(`user:${user}`, "message", "received");
        await here.until("the first", () => ann.data("durable").length === 1);
        await here.refuse(true);
        here.cut();
        await here.until("the loss is noticed", () => !ann.connection.snapshot().linked);
        await here.publish(`user:${user}`, "message", "lost for ever");
        await here.loseLog();
        await here.refuse(false);
        await ann.linked(20_000);
        await here.publish(`user:${user}`, "message", "after");
        await here.until("what follows", () => ann.data("durable").length >= 2);
        expect([ann.sessions.at(-1)?.recovery, ann.data("durable")]).toEqual(["gap", ["received", "after"]]);
        const types = ann.told
          .map((one) => (one.type === "event" ? one.event.data : one.type))
          .filter((one) => one !== "caughtUp");
        expect(types).toEqual(["received", "gap", "after"]);
      });

      test("[B10.5] a member sees what was said between joining and leaving, nothing before or after, also in replay", async (make, here, id) => {
        const [user, group] = [id("ann"), `group:${id("team")}`];
        await here.member(group, id("founder"), "joined");
        const ann = await make(user);
        await ann.linked();
        await here.publish(group, "message", "before");
        await here.member(group, user, "joined");
        await here.publish(group, "message", "during");
        await here.until("the first", () => ann.data("durable").includes("during"));
        await here.refuse(true);
        here.cut();
        await here.until("the loss is noticed", () => !ann.connection.snapshot().linked);
        await here.publish(group, "message", "still during");
        await here.member(group, user, "left");
        await here.publish(group, "message", "after");
        await here.refuse(false);
        await ann.linked(20_000);
        await here.until("the replay", () => ann.data("durable").includes("still during"));
        await here.pass(200);
        expect(ann.data("durable").filter((data) => typeof data === "string")).toEqual(["during", "still during"]);
      });
    });

    describe("sends", () => {
      test("[B10.5] [B10.6] resolve with the acknowledgement; the other side receives, the sending instance has no echo", async (make, here, id) => {
        const ann = await make(id("ann"));
        const bob = await make(id("bob"));
        const other = await make(id("ann"));
        await Promise.all([ann.linked(), bob.linked(), other.linked()]);
        const ack = keep(ann.send(`user:${id("bob")}`, "message", { text: "hello" }));
        await here.until("acknowledged", ack.done);
        expect(ack.value()?.n).toBeGreaterThan(0);
        await here.until("received", () => bob.data("durable").length === 1 && other.data("durable").length === 1);
        await here.pass(100);
        expect([bob.data("durable"), ann.data("durable")]).toEqual([[{ text: "hello" }], []]);
        const [told] = bob.events("durable");
        expect([told?.from, told?.id]).toEqual([id("ann"), ack.value()?.id]);
      });

      test("[B10.6] retried under one id over lost links, in order, applied once", async (make, here, id) => {
        const ann = await make(id("ann"));
        const bob = await make(id("bob"));
        await Promise.all([ann.linked(), bob.linked()]);
        const sends: Kept<unknown>[] = [];
        for (let round = 0; round < 6; round += 1) {
          for (let each = 0; each < 5; each += 1)
            sends.push(keep(ann.send(`user:${id("bob")}`, "message", round * 5 + each)));
          // Sometimes before the server has read it, sometimes before its answer is read, sometimes after.
          if (round % 3 !== 0) await here.pass(round % 3);
          here.cut();
          await here.until("the loss is noticed", () => !ann.connection.snapshot().linked);
          await ann.linked(20_000);
        }
        await here.until("all acknowledged", () => sends.every(({ done }) => done()), 30_000);
        expect(sends.map(({ error }) => error())).toEqual(new Array(30).fill(undefined));
        await here.until("all received", () => bob.data("durable").length >= 30, 30_000);
        await here.pass(200);
        expect(bob.data("durable")).toEqual(numbers(0, 29));
      });

      test("[B10.7] [R24] not connected: rejected as not sent; a volatile one is dropped", async (make, here, id) => {
        const ann = await make(id("ann"));
        await ann.linked();
        await here.refuse(true);
        here.cut();
        await here.until("the loss is noticed", () => !ann.connection.snapshot().linked);
        const send = keep(ann.send(`user:${id("bob")}`, "message", 1));
        const volatile = keep(ann.send(`user:${id("bob")}`, "typing", 1, { volatile: true }));
        await here.until("both settle", () => send.done() && volatile.done());
        expect(send.error()).toMatchObject({ code: "ERR_WEBSOCKET_ERROR", details: { outcome: "notSent" } });
        expect([volatile.value(), volatile.error()]).toEqual([null, undefined]);
      });

      test("[B10.6] the end of the session rejects what is pending, and says what is known of it", async (make, here, id) => {
        const ann = await make(id("ann"));
        await ann.linked();
        const send = keep(ann.send(`user:${id("bob")}`, "message", 1));
        ann.session.end("ERR_LOGGED_OUT");
        await here.until("it is rejected", send.done);
        expect(send.error()).toMatchObject({ code: "ERR_LOGGED_OUT" });
        expect(["notSent", "unknown"]).toContain(
          (send.error() as { readonly details: { readonly outcome: string } }).details.outcome,
        );
      });

      test("[B10.1] ephemeral: at most once, without a position, never replayed", async (make, here, id) => {
        const ann = await make(id("ann"));
        const bob = await make(id("bob"));
        await Promise.all([ann.linked(), bob.linked()]);
        const ack = keep(ann.send(`user:${id("bob")}`, "typing", "now", { ephemeral: true }));
        await here.until("received", () => bob.data("ephemeral").length === 1);
        await here.until("acknowledged", ack.done);
        expect(bob.events("ephemeral")[0]?.position).toBeUndefined();
        here.cut();
        await here.until("the loss is noticed", () => !bob.connection.snapshot().linked);
        await bob.linked(20_000);
        await here.pass(200);
        expect(bob.data("ephemeral")).toEqual(["now"]);
      });
    });
  });
}
