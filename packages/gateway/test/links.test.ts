/** A living link on a real socket: events, resume, credit, tokens, throttling. */
import { describe, expect, it } from "vitest";
import { type Gateway, memoryBroker } from "../src/index.js";
import type { Frame, TestLink } from "./support/link.js";
import { manualClock } from "./support/manualClock.js";
import { linked, start } from "./support/start.js";

const isEvent = (data: unknown) => (frame: Frame) => Array.isArray(frame) && frame[0] === 1 && frame[6] === data;
const isAck = (id: string) => (frame: Frame) => Array.isArray(frame) && frame[0] === 3 && frame[1] === id;
const publish = (gateway: Gateway, data: unknown, channel = "user:bob") =>
  gateway.publish({ channel, kind: "text", data });
/** Cuts a link as a network does and waits until the gateway knows. */
const cut = async (gateway: Gateway, link: TestLink): Promise<void> => {
  const before = gateway.stats().connections;
  link.socket.terminate();
  await expect.poll(() => gateway.stats().connections).toBe(before - 1);
};
const positionOf = (gateway: Gateway, link: TestLink) => {
  const last = link.frames
    .filter((frame): frame is readonly unknown[] => Array.isArray(frame) && frame[0] === 1)
    .at(-1);
  return { epoch: gateway.stats().epoch, positions: [Number(last?.[1])] };
};

describe("sending [B10.6]", () => {
  it("a send is acknowledged with its position, reaches the others, and is not echoed to its instance [B10.5]", async () => {
    const gateway = await start();
    const [alice, bob] = [await linked(gateway, "alice"), await linked(gateway, "bob")];
    const sibling = await linked(gateway, "alice");
    alice.send([6, "s-1", "group:team", "text", { text: "hi" }, 0]);
    const ack = (await alice.frame(isAck("s-1"))) as readonly unknown[];
    expect(ack[2]).toBeGreaterThan(0);
    for (const link of [bob, sibling]) {
      expect(await link.frame((frame) => Array.isArray(frame) && frame[0] === 1)).toMatchObject([
        1,
        ack[2],
        expect.any(Number),
        "text",
        "alice",
        expect.any(Number),
        { text: "hi" },
        "s-1",
      ]);
    }
    await gateway.publish({ channel: "group:team", kind: "text", data: "end" });
    await alice.frame(isEvent("end"));
    expect(alice.data).toEqual(["end"]);
  });

  it("repeated under its id, on another link too, it is applied once [B10.6]", async () => {
    const gateway = await start();
    const bob = await linked(gateway, "bob");
    const first = await linked(gateway, "alice", { hello: { instance: "tab", linkNo: 1 } });
    first.send([6, "s-1", "user:bob", "text", "once", 0]);
    const ack = await first.frame(isAck("s-1"));
    await cut(gateway, first);
    const second = await linked(gateway, "alice", { hello: { instance: "tab", linkNo: 2 } });
    second.send([6, "s-1", "user:bob", "text", "once", 0]);
    expect(await second.frame(isAck("s-1"))).toEqual(ack);
    await publish(gateway, "end");
    await bob.frame(isEvent("end"));
    expect(bob.data).toEqual(["once", "end"]);
  });

  it("to a group that one is no member of, or to nobody, it is refused and not applied", async () => {
    const gateway = await start();
    const eve = await linked(gateway, "eve");
    eve.send([6, "s-1", "group:team", "text", 1, 0], [6, "s-2", "user:nobody", "text", 1, 0]);
    for (const id of ["s-1", "s-2"]) {
      expect(
        await eve.frame((frame) => !Array.isArray(frame) && (frame as Record<string, unknown>)["id"] === id),
      ).toMatchObject({ t: "nack", id });
    }
  });

  it("an event above the limit is refused as too large, and the link lives [B10.8]", async () => {
    const gateway = await start({ limits: { eventBytes: 1_000 } });
    const alice = await linked(gateway, "alice");
    alice.send([6, "s-1", "user:bob", "text", "x".repeat(1_500), 0], [6, "s-2", "user:bob", "text", "y", 0]);
    expect(await alice.named("nack")).toMatchObject({ id: "s-1", code: "ERR_MESSAGE_TOO_LARGE" });
    await alice.frame(isAck("s-2"));
  });

  it("joining by frame gives what is said from then on, in existing groups only [B10.5]", async () => {
    const gateway = await start();
    const eve = await linked(gateway, "eve");
    await publish(gateway, "before", "group:team");
    eve.send({ t: "join", channel: "group:team", id: "j-1" }, { t: "join", channel: "group:nowhere", id: "j-2" });
    await eve.frame(isAck("j-1"));
    expect(await eve.named("nack")).toMatchObject({ id: "j-2" });
    await publish(gateway, "after", "group:team");
    await eve.frame(isEvent("after"));
    expect(eve.data).not.toContain("before");
    expect(gateway.membersOf("team")).toContain("eve");
  });
});

describe("coming back [B10.4]", () => {
  it("a client that returns gets exactly what it missed, then caughtUp [R23]", async () => {
    const gateway = await start();
    const first = await linked(gateway, "bob");
    await publish(gateway, 1);
    await first.frame(isEvent(1));
    await cut(gateway, first);
    for (const data of [2, 3, 4]) await publish(gateway, data);
    const second = await linked(gateway, "bob", { hello: { resume: positionOf(gateway, first) } });
    expect(await second.named("welcome")).toMatchObject({ recovery: "resumed" });
    await second.named("caughtUp");
    expect(second.data).toEqual([2, 3, 4]);
  });

  it("a session that had received nothing resumes too [B10.4] [R23]", async () => {
    const gateway = await start();
    const first = await linked(gateway, "bob");
    const { epoch, positions } = await first.named("welcome");
    await cut(gateway, first);
    await publish(gateway, "missed");
    const second = await linked(gateway, "bob", { hello: { resume: { epoch, positions } } });
    expect(await second.named("welcome")).toMatchObject({ recovery: "resumed" });
    await second.named("caughtUp");
    expect(second.data).toEqual(["missed"]);
  });

  it("what the bounded log no longer holds is a gap, told before the first event that follows [B10.4]", async () => {
    const gateway = await start({ broker: memoryBroker({ maxCount: 2 }), replay: { maxCount: 2 } });
    const first = await linked(gateway, "bob");
    await publish(gateway, 1);
    await first.frame(isEvent(1));
    await cut(gateway, first);
    for (let data = 2; data <= 10; data += 1) await publish(gateway, data);
    const second = await linked(gateway, "bob", { hello: { resume: positionOf(gateway, first) } });
    expect(await second.named("welcome")).toMatchObject({ recovery: "gap" });
    await second.named("caughtUp");
    const order = second.frames.map((frame) =>
      Array.isArray(frame) ? frame[0] : (frame as Record<string, unknown>)["t"],
    );
    expect(order.indexOf("gap")).toBeGreaterThan(order.indexOf("welcome"));
    if (order.includes(1)) expect(order.indexOf("gap")).toBeLessThan(order.indexOf(1));
  });

  it("a position of another life of the log is a gap, never a silent start [B10.2] [B10.4]", async () => {
    const gateway = await start();
    const link = await linked(gateway, "bob", { hello: { resume: { epoch: "before the restart", positions: [7] } } });
    expect(await link.named("welcome")).toMatchObject({ recovery: "gap" });
    await link.named("gap");
  });
});

describe("credit and batches [B10.8]", () => {
  it("at most a window of events is unacknowledged; an acknowledgement lets the next ones go", async () => {
    const gateway = await start({ limits: { window: 4 } });
    const bob = await linked(gateway, "bob", { alive: false });
    for (let data = 1; data <= 10; data += 1) await publish(gateway, data);
    await bob.frame(isEvent(4));
    // A probe is answered after whatever was ready before it.
    bob.send([4, 1]);
    await bob.frame((frame) => Array.isArray(frame) && frame[0] === 4);
    expect(bob.data).toEqual([1, 2, 3, 4]);
    const fourth = bob.frames.find(isEvent(4)) as readonly unknown[];
    bob.send([5, fourth[1]]);
    await bob.frame(isEvent(8));
    expect(bob.data).toHaveLength(8);
  });

  it("events of one turn share messages, none of them above the batch limit", async () => {
    const gateway = await start();
    const bob = await linked(gateway, "bob");
    await Promise.all(Array.from({ length: 200 }, (_, data) => publish(gateway, `${data} ${"x".repeat(200)}`)));
    await expect.poll(() => bob.data.length).toBe(200);
    const batches = bob.messages.filter((text) => text.startsWith("[[") || text.startsWith("[{"));
    expect(batches.length).toBeLessThan(50);
    expect(Math.max(...batches.map((text) => Buffer.byteLength(text)))).toBeLessThanOrEqual(16_384);
  });
});

describe("tokens on a living link [B2.6]", () => {
  it("a renewed token is accepted in band", async () => {
    const gateway = await start();
    const link = await linked(gateway, "alice");
    link.send({ t: "token", token: (await gateway.mintToken("alice")).token });
    expect(await link.named("tokenOk")).toMatchObject({ expiresInMs: expect.any(Number) });
  });

  it("another user's token is not, and ends the link [B2.4]", async () => {
    const gateway = await start();
    const link = await linked(gateway, "alice");
    link.send({ t: "token", token: (await gateway.mintToken("bob")).token });
    expect(await link.named("reject")).toMatchObject({ code: "ERR_AUTH_REJECTED" });
    await link.closed;
  });

  it("a token that ends is announced a minute before, and without a new one ends its link with 4401", async () => {
    const clock = manualClock(Date.now());
    const gateway = await start({ clock, heartbeatMs: 100_000 });
    const { token } = await gateway.mintToken("alice", { ttlMs: 120_000 });
    const link = await linked(gateway, "alice", { token });
    clock.advance(59_000);
    // The answer to a probe comes after whatever was said before it.
    link.send([4, 1]);
    await link.frame((frame) => Array.isArray(frame) && frame[0] === 4);
    expect(link.messages.join()).not.toContain("expiring");
    clock.advance(2_000);
    expect(await link.named("expiring")).toMatchObject({ inMs: expect.any(Number) });
    expect(gateway.stats().linked).toBe(1);
    clock.advance(59_000);
    expect(await link.named("reject")).toMatchObject({ code: "ERR_AUTH_REJECTED", retry: "reauth" });
    expect((await link.closed).code).toBe(4401);
  });

  it("a kicked user may come back with the same token", async () => {
    const gateway = await start();
    const { token } = await gateway.mintToken("alice");
    const link = await linked(gateway, "alice", { token });
    expect(gateway.kick("alice")).toBe(1);
    expect((await link.closed).code).toBe(4401);
    await linked(gateway, "alice", { token });
  });
});

describe("throttling on command [B8.1]", () => {
  it("every link is told the whole set, newcomers in welcome; the end tells the empty set [B8.2]", async () => {
    const gateway = await start();
    const link = await linked(gateway, "alice");
    gateway.throttle([{ feature: "typing", reason: "operator", forMs: 60_000 }]);
    expect(await link.named("throttle")).toMatchObject({
      features: [{ feature: "typing", reason: "operator", forMs: expect.any(Number) }],
    });
    const late = await linked(gateway, "bob");
    expect(await late.named("welcome")).toMatchObject({ throttled: [{ feature: "typing" }] });
    link.send([6, "t-1", "user:bob", "typing", {}, 1]);
    expect(await link.named("nack")).toMatchObject({
      id: "t-1",
      code: "ERR_FEATURE_THROTTLED",
      retryAfterMs: expect.any(Number),
    });
    expect(gateway.stats().throttled).toMatchObject([{ feature: "typing" }]);
    gateway.throttle([]);
    await link.frame((frame) => !Array.isArray(frame) && JSON.stringify(frame) === '{"t":"throttle","features":[]}');
    expect(gateway.stats().throttled).toEqual([]);
  });
});
