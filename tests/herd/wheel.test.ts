/** The wheel of a herd's clock, against what the port promises. */
import { expect, test } from "vitest";
import { createWheelClock } from "../../packages/testkit/src/herd/wheel.js";

test("timers fire in their millisecond, in the order of setting, however far away", async () => {
  const clock = createWheelClock();
  const fired: string[] = [];
  const set = (ms: number, name: string): (() => void) => clock.after(ms, () => fired.push(`${name}@${clock.now()}`));
  set(200_000, "far");
  set(65_536, "turn");
  set(3, "b");
  set(1.2, "a");
  const cancel = set(2, "cancelled");
  set(3, "c");
  cancel();
  cancel();
  await clock.runTo(10);
  set(65_526, "turn too");
  await clock.runTo(300_000);
  expect(fired).toEqual(["a@2", "b@3", "c@3", "turn@65536", "turn too@65536", "far@200000"]);
  expect([clock.now(), clock.wall() - 1_735_689_600_000]).toEqual([300_000, 300_000]);
});

test("what is set for the running millisecond comes last in it, and a timer of none is not lost", async () => {
  const clock = createWheelClock();
  const fired: string[] = [];
  clock.after(5, () => {
    clock.later(() => fired.push("later"));
    clock.after(0, () => fired.push("none"));
    fired.push("first");
  });
  clock.after(5, () => fired.push("second"));
  await clock.runTo(5);
  expect(fired).toEqual(["first", "second", "later", "none"]);
  clock.after(0, () => fired.push("after the run"));
  await clock.runTo(6);
  expect(fired.at(-1)).toBe("after the run");
});

test("promises settle while it runs", async () => {
  const clock = createWheelClock();
  let settled = 0;
  clock.after(1, () => void Promise.resolve().then(() => (settled = clock.now())));
  await clock.runTo(1_000);
  expect(settled).toBeGreaterThan(0);
  expect(settled).toBeLessThan(100);
});
