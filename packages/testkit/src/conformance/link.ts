/**
 * What every transport must do, for the port `OpenLink`: run by each adapter in its real environment against the
 * scripted server of `@cc/testkit/node` (`startLinkServer`).
 *
 * Law: the suite knows the port and the server's URL, nothing of the adapter. What platforms may do differently is
 * a field of the harness, never a test that is left out in silence.
 */
import { describe, expect, it } from "vitest";
import { type Attempt, attempt, closed, type Dial, type LinkHarness, opened } from "./attempt.js";
import { laterTask, poll } from "./until.js";

/** Registers the suite. `harness` is asked for when each test runs, so it may come from a hook. */
export function linkConformance(name: string, harness: () => LinkHarness): void {
  describe(`link: ${name}`, () => {
    // Whatever a test opened is ended with it, also when it failed.
    const test = (title: string, body: (dial: Dial, harness: LinkHarness) => Promise<void>): void =>
      it(title, async () => {
        const here = harness();
        const dialled: Attempt[] = [];
        const dial: Dial = (...args) => {
          const one = attempt(here, ...args);
          dialled.push(one);
          return one;
        };
        try {
          await body(dial, here);
          for (const { calls } of dialled) expect(calls).not.toContain("early");
        } finally {
          for (const { link } of dialled) link.close();
        }
      });

    describe("open", () => {
      test("[B9.1] opens, and says which subprotocol the server chose", async (dial) => {
        const chosen = dial("/echo", ["cc.1", "cc.0"]);
        const none = dial("/echo");
        await Promise.all([opened(chosen), opened(none)]);
        expect([chosen.calls, none.calls]).toEqual([["opened cc.1"], ["opened "]]);
      });

      test("text comes back as a string, binary as bytes, empty ones too", async (dial) => {
        const one = dial("/echo");
        await opened(one);
        const bytes = Uint8Array.from({ length: 300 }, (_, n) => n % 256);
        const part = bytes.subarray(10, 20);
        for (const data of ["grüß dich 🌊\u0000", bytes, part, "", new Uint8Array(0)]) one.link.send(data);
        await one.until("five messages", () => one.messages.length === 5);
        expect(one.messages.map((data) => (typeof data === "string" ? data : [...data]))).toEqual([
          "grüß dich 🌊\u0000",
          [...bytes],
          [...part],
          "",
          [],
        ]);
        for (const data of one.messages) {
          if (typeof data === "string") continue;
          expect(data).toBeInstanceOf(Uint8Array);
          // A subclass would behave otherwise where it matters: `slice` of a Buffer shares its bytes.
          expect(Object.getPrototypeOf(data)).toBe(Uint8Array.prototype);
        }
      });

      test("a message of a megabyte arrives whole", async (dial) => {
        const one = dial("/echo");
        await opened(one);
        const text = "0123456789abcdef".repeat(65_536);
        one.link.send(text);
        await one.until("the echo", () => one.messages.length === 1);
        expect(one.messages[0] === text).toBe(true);
      });

      test("what the server says together with its answer comes after `opened`, in order, all of it", async (dial) => {
        const one = dial("/greet?n=20");
        await one.until("20 messages", () => one.messages.length === 20);
        expect(one.calls[0]).toBe("opened ");
        expect(one.messages).toEqual(Array.from({ length: 20 }, (_, n) => String(n)));
      });

      test("[R35] `bufferedAmount` grows while the peer does not read, and falls when it does", async (dial) => {
        const one = dial("/mute");
        await opened(one);
        expect(one.link.bufferedAmount).toBe(0);
        const chunk = new Uint8Array(1 << 20);
        for (let n = 0; n < 32; n++) one.link.send(chunk);
        await laterTask();
        expect(one.link.bufferedAmount).toBeGreaterThan(1 << 20);
        await one.letRead();
        await poll("the buffer is empty", () => one.link.bufferedAmount === 0, 10_000);
      });
    });

    describe("closed by the other side", () => {
      test("tells code and reason, once, and nothing after", async (dial) => {
        const one = dial("/close?code=4001&reason=bye");
        await closed(one);
        await one.seen("ended");
        one.link.send("x");
        one.link.close();
        await laterTask();
        expect(one.calls).toEqual(["opened ", "closed 4001"]);
        expect(one.closes[0]?.reason).toBe("bye");
      });

      test("[R8] an empty close frame is 1005, an end without one is 1006", async (dial) => {
        const empty = dial("/close");
        const none = dial("/drop");
        await Promise.all([closed(empty), closed(none)]);
        expect([empty.closes[0], none.closes[0]]).toMatchObject([
          { code: 1005, reason: "" },
          { code: 1006, reason: "" },
        ]);
      });

      test("a refused port, a reset and a refused upgrade each end in one `closed` with 1006", async (dial, here) => {
        const attempts = [dial(here.server.refusedUrl), dial("/reset"), dial("/refuse?status=403")];
        await Promise.all(attempts.map(closed));
        await laterTask();
        for (const { calls } of attempts) expect(calls).toEqual(["closed 1006"]);
      });

      test("[R12] a refusal shows its status and `Retry-After` where the platform lets it", async (dial, here) => {
        const date = new Date(Date.now() + 60_000).toUTCString();
        const seconds = dial("/refuse?status=503&retryAfter=7");
        const until = dial(`/refuse?status=429&retryAfter=${encodeURIComponent(date)}`);
        const plain = dial("/refuse?status=401");
        await Promise.all([closed(seconds), closed(until), closed(plain)]);
        const shown = [seconds, until, plain].map(({ closes }) => closes[0]);
        expect(shown.map((close) => close?.httpStatus)).toEqual(
          here.showsRefusals ? [503, 429, 401] : [undefined, undefined, undefined],
        );
        expect(shown[0]?.retryAfterMs).toBe(here.showsRefusals ? 7000 : undefined);
        expect(shown[2]?.retryAfterMs).toBe(undefined);
        if (!here.showsRefusals) return;
        expect(shown[1]?.retryAfterMs).toBeGreaterThan(50_000);
        expect(shown[1]?.retryAfterMs).toBeLessThanOrEqual(60_000);
        for (const close of shown) expect(close?.cause).toBeInstanceOf(Error);
      });
    });

    describe("told to close", () => {
      test("code and reason reach the other side", async (dial) => {
        const one = dial("/echo");
        await opened(one);
        one.link.close(4321, "done");
        expect(await one.seen("ended")).toMatchObject({ code: 4321, reason: "done" });
      });

      test("codes and reasons that no close frame can carry close all the same", async (dial) => {
        for (const [code, reason] of [
          [1005],
          [1006],
          [999],
          [70_000],
          [-1],
          [Number.NaN],
          [4000, "x".repeat(124)],
        ] as const) {
          const one = dial("/echo");
          await opened(one);
          expect(() => one.link.close(code, reason)).not.toThrow();
          await one.seen("ended");
        }
      });

      test("[R20] from then on nothing is told: not what is on its way, not the late close", async (dial) => {
        const one = dial("/greet?n=50", [], { message: (link) => link.close() });
        await one.until("a message", () => one.messages.length > 0);
        await one.seen("ended");
        await laterTask();
        expect(one.calls).toEqual(["opened ", "message"]);
      });

      test("[R20] inside `opened` it silences the greeting", async (dial) => {
        const one = dial("/greet?n=3", [], { opened: (link) => link.close() });
        await opened(one);
        await one.seen("ended");
        await laterTask();
        expect(one.calls).toEqual(["opened "]);
      });

      test("[R9] while connecting it gives the attempt up, without a late error or a late call", async (dial, here) => {
        const one = dial("/hang");
        await one.seen("begun");
        one.link.close();
        if (here.endsHandshakes ?? true) await one.seen("ended");
        // A link that was opened afterwards and has come all the way back is later than anything of that one.
        const after = dial("/greet?n=1");
        await after.until("a message", () => after.messages.length === 1);
        await laterTask();
        expect(one.calls).toEqual([]);
      });

      test("[R9][R29] in the same turn as the attempt nothing comes of it", async (dial, here) => {
        const attempts = [dial("/echo"), dial(here.server.refusedUrl), dial("ws://["), dial("/refuse?status=503")];
        for (const { link } of attempts) link.close(1000, "changed my mind");
        // A link that was opened afterwards and has come all the way back is later than anything of those.
        const after = dial("/greet?n=1");
        await after.until("a message", () => after.messages.length === 1);
        await laterTask();
        for (const { calls } of attempts) expect(calls).toEqual([]);
      });

      test("[R9] once the refusal is on its way the late error is nobody's", async (dial) => {
        const one = dial("/refuse?status=503");
        await one.seen("ended");
        one.link.close();
        await laterTask();
        expect(["", "closed 1006"]).toContain(one.calls.join());
      });

      test("twice, and after the end, changes nothing", async (dial) => {
        const one = dial("/close?code=4002");
        await closed(one);
        one.link.close(4000, "again");
        one.link.close();
        one.link.send("nobody");
        await laterTask();
        expect(one.calls).toEqual(["opened ", "closed 4002"]);
      });
    });

    describe("misuse", () => {
      test("[R30] a bad URL and a bad subprotocol are told by `closed` with a cause, later, and never thrown", async (dial, here) => {
        const bad = [
          dial("ws://["),
          dial("ftp://127.0.0.1/"),
          dial(`${here.server.url}/echo`, ["not a token"]),
          dial(`${here.server.url}/echo`, ["twice", "twice"]),
        ];
        for (const { calls } of bad) expect(calls).toEqual([]);
        await Promise.all(bad.map(closed));
        for (const { closes, link } of bad) {
          expect(closes[0]).toMatchObject({ code: 1006, reason: "" });
          expect(closes[0]?.cause).toBeInstanceOf(Error);
          link.send("x");
          link.close();
          expect(link.bufferedAmount).toBe(0);
        }
        await laterTask();
        for (const { closes } of bad) expect(closes).toHaveLength(1);
      });

      test("sending before `opened` and after the end does nothing", async (dial) => {
        const one = dial("/echo");
        expect(() => one.link.send("early")).not.toThrow();
        await opened(one);
        one.link.send("in time");
        await one.until("the echo", () => one.messages.length === 1);
        one.link.close();
        expect(() => one.link.send("late")).not.toThrow();
        expect(await one.seen("ended")).toMatchObject({ messages: 1 });
        expect(one.messages).toEqual(["in time"]);
      });
    });
  });
}
