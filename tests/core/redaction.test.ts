/** What a trace holds of an input, and what it never does. */
import { describe, expect, test } from "vitest";
import { createRig, linkedRig } from "./rig.js";

type Told = Readonly<Record<string, unknown>> & { readonly input: Readonly<Record<string, unknown>> };
const inputs = (trace: { readonly inputs: readonly unknown[] }): readonly Told[] => trace.inputs as readonly Told[];

describe("a trace's input", () => {
  test("says what is unacknowledged only where something is, and carries no field of another kind", () => {
    const rig = linkedRig();
    const plain = inputs(rig.connection.trace());
    expect(plain.length).toBeGreaterThan(3);
    expect([plain.filter((told) => "unacked" in told), plain.filter(({ input }) => "fault" in input)]).toEqual([
      [],
      [],
    ]);
    rig.protocol.unacked = { since: rig.clock.now(), bytes: 7 };
    rig.lifecycle.emit("thawed");
    expect(inputs(rig.connection.trace()).at(-1)).toMatchObject({ unacked: [rig.clock.now(), 7] });
  });

  test("is JSON, whatever the policy is made of", () => {
    const rig = createRig({ policy: { shouldRetry: () => undefined } });
    rig.start();
    rig.linkUp();
    const trace = rig.connection.trace();
    expect(JSON.parse(JSON.stringify(trace))).toStrictEqual(JSON.parse(JSON.stringify(structuredClone(trace))));
  });

  test("has no text of a close, not even one word that could be the machine's", () => {
    const rig = linkedRig();
    rig.lose({ code: 1001, reason: "welcome" });
    const text = JSON.stringify(inputs(rig.connection.trace()).at(-1));
    expect(text).toContain("closed");
    expect(text).not.toContain("welcome");
  });

  test("has no code that a server made up, not even one that begins with a word", () => {
    const rig = linkedRig();
    rig.protocol.last.host.reject({
      code: "ERR_SERVER_OVERLOADED for alice and bob" as "ERR_SERVER_OVERLOADED",
      message: "later",
      retry: "later",
      minDelayMs: 1_000,
      spreadMs: 1_000,
    });
    const trace = rig.connection.trace();
    expect(JSON.stringify(trace)).toContain('"reject"');
    expect(JSON.stringify(trace)).not.toContain("alice and");
  });
});
