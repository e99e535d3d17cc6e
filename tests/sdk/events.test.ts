/** Events that are checked by schemas (9.1), with zod. */
import { type AppEvent, createClient, type EventsOf } from "@cc/sdk";
import type { ConnectionError, EventSchema } from "@cc/sdk/portable";
import { describe, expect, expectTypeOf, it, onTestFinished } from "vitest";
import { z } from "zod";
import { createWorld, type Seat, type World } from "./gateway-rig.js";

const message = z.object({ text: z.string(), at: z.coerce.date().optional() });
const secret = "payload-91c2";

interface Heard {
  readonly world: World;
  readonly ann: Seat;
  /** What listeners of the kind, of its class and of `*` heard. */
  readonly kind: AppEvent[];
  readonly class: AppEvent[];
  readonly errors: ConnectionError[];
}

async function checkedBy(events: Readonly<Record<string, EventSchema>>): Promise<Heard> {
  const world = createWorld();
  const ann = await world.seat({ events });
  const heard: Heard = { world, ann, kind: [], class: [], errors: [] };
  ann.client.on("message", (event) => void heard.kind.push(event));
  ann.client.on("event", (event) => void heard.class.push(event));
  ann.client.on("ephemeral", (event) => void heard.class.push(event));
  ann.client.on("error", (error) => void heard.errors.push(error));
  return heard;
}

describe("events with schemas", () => {
  it("[B9.1] what fits is told with what the schema makes of it; kinds without a schema as they come", async () => {
    const { world, kind, class: all, errors } = await checkedBy({ message });
    await world.publish("user:ann", { text: "hi", at: "2026-01-01T00:00:00Z", more: 1 });
    await world.gateway.hub.publish({ channel: "user:ann", kind: "toString", from: "system", data: 7 });
    await world.clock.advanceAsync(1);
    const told = { text: "hi", at: new Date("2026-01-01T00:00:00Z") };
    expect(kind.map(({ data }) => data)).toEqual([told]);
    expect(all.map(({ data }) => data)).toEqual([told, 7]);
    expect(errors).toEqual([]);
  });

  it("[B9.1] what does not fit is ERR_INVALID_EVENT without its payload, no listener of events is called, and its position advances", async () => {
    const { world, ann, kind, class: all, errors } = await checkedBy({ message });
    const told: string[] = [];
    ann.client.addConnectionListener("connection", { onConnectionError: ({ code }) => void told.push(code) });
    await world.publish("user:ann", { text: { secret } });
    await world.publish("user:ann", { text: "good" });
    expect([kind.length, all.length, ann.events.length]).toEqual([1, 1, 1]);
    const [error] = errors;
    expect(error).toMatchObject({
      name: "ConnectionError",
      code: "ERR_INVALID_EVENT",
      phase: "event",
      retryable: false,
      details: {
        kind: "message",
        channel: "user:ann",
        position: { epoch: expect.any(String), positions: [1] },
        issues: [{ message: expect.any(String), path: ["text"] }],
      },
    });
    expect(JSON.stringify([error, error?.message, error?.details])).not.toContain(secret);
    // It is no error of the connection.
    expect([told, ann.client.snapshot().error]).toEqual([[], null]);
    await world.clock.advanceAsync(5_000);
    expect(JSON.parse(ann.tab.records.get("cc:demo:position") ?? "")).toMatchObject({ positions: [2] });
    world.gateway.cut();
    await world.clock.advanceAsync(10_000);
    expect([errors.filter(({ code }) => code === "ERR_INVALID_EVENT").length, kind.length]).toEqual([1, 1]);
  });

  it("[B9.1] an ephemeral event is checked too, and has no position to name", async () => {
    const { world, class: all, errors } = await checkedBy({ typing: z.literal("on") });
    for (const data of ["off", "on"])
      world.gateway.hub.cast({ channel: "user:ann", kind: "typing", from: "bob", data });
    await world.clock.advanceAsync(10);
    expect([all.map(({ data }) => data), errors.map(({ code }) => code)]).toEqual([["on"], ["ERR_INVALID_EVENT"]]);
    expect(errors[0]?.details["position"]).toBeUndefined();
  });

  it("[B9.1][B7.1] an asynchronous schema, or one that throws, fits nothing, says so, and breaks nothing", async () => {
    const mine = new Error("mine");
    const throws: EventSchema = {
      "~standard": {
        version: 1,
        vendor: "mine",
        validate: () => {
          throw mine;
        },
      },
    };
    const rejects: EventSchema = { "~standard": { version: 1, vendor: "mine", validate: () => Promise.reject(mine) } };
    const asynchronous = message.refine(async () => true);
    for (const [schema, wanted] of [
      [throws, { cause: mine }],
      [rejects, { message: expect.stringContaining("asynchronous") }],
      [asynchronous, { message: expect.stringContaining("asynchronous") }],
    ] as const) {
      const { world, ann, kind, errors } = await checkedBy({ message: schema });
      await world.publish("user:ann", { text: "hi" });
      expect(errors).toMatchObject([{ code: "ERR_INVALID_EVENT", ...wanted }]);
      expect([kind, ann.client.getConnectionStatus()]).toEqual([[], "connected"]);
    }
  });

  it("[B9.1] what is sent is not checked: the contract is about what comes in", async () => {
    const { world, ann } = await checkedBy({ message });
    const sent = world.watch(ann.client.send("user:bob", "message", 7));
    await world.clock.advanceAsync(10);
    expect(sent.state).toBe("resolved");
  });

  it("[B9.1][R40] the event map is what comes out of the schemas", () => {
    const client = createClient({
      url: "http://gateway.test",
      events: { message, count: z.string().transform(Number) },
    });
    onTestFinished(() => client.dispose());
    client.on("message", ({ data }) => expectTypeOf(data).toEqualTypeOf<{ text: string; at?: Date | undefined }>());
    client.on("count", ({ data }) => expectTypeOf(data).toEqualTypeOf<number>());
    client.on("event", ({ data }) => expectTypeOf(data).toEqualTypeOf<unknown>());
    // @ts-expect-error: no schema, so no such kind
    client.on("massage", () => {});
    // @ts-expect-error: what comes out is a number
    client.on("count", ({ data }) => data.length);
    // @ts-expect-error: no schema
    createClient({ events: { message: 7 } });
    // @ts-expect-error: what comes in is not what listeners get
    expectTypeOf<EventsOf<{ count: EventSchema<number> }>>().toEqualTypeOf<{ count: string }>();
    // A map without schemas, and neither.
    const mapped = createClient<{ message: number }>({});
    mapped.on("message", ({ data }) => expectTypeOf(data).toEqualTypeOf<number>());
    createClient().on("anything", ({ data }) => expectTypeOf(data).toEqualTypeOf<unknown>());
    expect(client.getConnectionStatus()).toBe("disconnected");
  });
});
