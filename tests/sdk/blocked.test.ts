/** When it is hinted that WebSockets are blocked, and when not (7.5). */
import { describe, expect, it } from "vitest";
import { app, createRig, type Rig, type RigOptions, settled } from "./rig.js";

/** A client whose attempts end as `fail` has it; `asked` holds when HTTPS was tried. */
async function failing(
  fail: (rig: Rig) => void,
  options: RigOptions = {},
): Promise<Rig & { readonly asked: number[] }> {
  const rig = createRig({ answers: false, ...options });
  const asked: number[] = [];
  rig.auth.reachable ??= async () => {
    asked.push(rig.client.snapshot().attempt);
    return true;
  };
  rig.links.onAttempt = () => void rig.clock.after(10, () => fail(rig), false);
  await settled(rig.client.init(app), rig.clock);
  await settled(rig.client.login("ann", "key"), rig.clock);
  return Object.assign(Object.create(rig) as Rig, { asked });
}

const refused = (rig: Rig): void => rig.links.last.close({ code: 1006 });
const hints = (rig: Rig): number => rig.errors.filter(({ code }) => code === "ERR_TRANSPORT_BLOCKED").length;

describe("WebSockets that never open", () => {
  it("[B7.5][R37] HTTPS is tried once an outage, after the third attempt; it is a hint and changes nothing else", async () => {
    const rig = await failing(refused);
    await rig.clock.advanceAsync(120_000);
    expect([rig.asked, hints(rig)]).toEqual([[3], 1]);
    expect(rig.client.snapshot()).toMatchObject({
      phase: "waiting",
      error: { code: "ERR_TRANSPORT_BLOCKED", retryable: true },
    });
    const { attempt } = rig.client.snapshot();
    await rig.clock.advanceAsync(120_000);
    expect(rig.client.snapshot().attempt).toBeGreaterThan(attempt);
    // Another outage, another try.
    void rig.client.disconnect();
    void rig.client.connect().catch(() => {});
    await rig.clock.advanceAsync(120_000);
    expect([rig.asked.length, hints(rig)]).toEqual([2, 2]);
  });

  it("[B7.5] no hint when HTTPS fails, answers no, or never answers", async () => {
    for (const answer of [
      () => Promise.reject(new Error("down")),
      async () => false,
      () => new Promise<boolean>(() => {}),
    ]) {
      const rig = createRig({ answers: false });
      rig.auth.reachable = answer;
      rig.links.onAttempt = () => void rig.clock.after(10, () => refused(rig), false);
      await settled(rig.client.init(app), rig.clock);
      await settled(rig.client.login("ann", "key"), rig.clock);
      await rig.clock.advanceAsync(60_000);
      expect([hints(rig), rig.client.snapshot().error?.code]).toEqual([0, "ERR_WEBSOCKET_ERROR"]);
      await rig.client.dispose();
      expect(rig.clock.held).toBe(0);
    }
  });

  it("[B7.5] not when an attempt opened, when the server says that it is busy, or when there has been a link", async () => {
    const opened = await failing((rig) => {
      rig.links.last.open();
      rig.clock.after(10, () => refused(rig), false);
    });
    const busy = await failing((rig) => rig.links.last.close({ code: 1006, httpStatus: 503 }));
    const rig = createRig();
    const asked: unknown[] = [];
    rig.auth.reachable = async () => asked.push(1) > 0;
    await rig.linked();
    rig.links.onAttempt = () => void rig.clock.after(10, () => refused(rig), false);
    refused(rig);
    for (const one of [opened, busy, rig]) await one.clock.advanceAsync(120_000);
    expect([opened.asked, busy.asked, asked]).toEqual([[], [], []]);
    expect([hints(opened), hints(busy), hints(rig)]).toEqual([0, 0, 0]);
  });

  it("[B7.5] an answer that comes when nothing is attempted any more is told to nobody", async () => {
    const rig = createRig({ answers: false });
    let answer = (_yes: boolean): void => {};
    rig.auth.reachable = () =>
      new Promise((resolve) => {
        answer = resolve;
      });
    rig.links.onAttempt = () => void rig.clock.after(10, () => refused(rig), false);
    await settled(rig.client.init(app), rig.clock);
    await settled(rig.client.login("ann", "key"), rig.clock);
    await rig.clock.advanceAsync(9_000);
    await rig.client.disconnect();
    answer(true);
    await rig.clock.advanceAsync(60_000);
    expect(hints(rig)).toBe(0);
  });

  it("[B7.5][R34] dispose() gives up the question: nothing is left that holds the process", async () => {
    let given: AbortSignal | undefined;
    const rig = await failing(refused);
    rig.auth.reachable = (signal) => {
      given = signal;
      return new Promise(() => {});
    };
    while (given === undefined && rig.clock.now() < 60_000) await rig.clock.advanceAsync(100);
    await rig.client.dispose();
    await rig.clock.advanceAsync(0);
    expect([given?.aborted, rig.clock.held]).toEqual([true, 0]);
  });

  it("[B7.5][B9.2] disconnect() gives it up too: a client that wants no link holds no process", async () => {
    const rig = await failing(refused);
    rig.auth.reachable = () => new Promise(() => {});
    const { client, clock } = rig;
    while (client.snapshot().attempt < 3 || client.snapshot().phase !== "waiting") await clock.advanceAsync(50);
    await client.disconnect();
    await clock.advanceAsync(0);
    expect(clock.held).toBe(0);
  });
});
