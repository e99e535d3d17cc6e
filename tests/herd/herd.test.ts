/**
 * A small herd of real clients before real server halves. Two thousand scatter more than a hundred thousand, so the bounds here
 * are those of `pnpm herd` and three standard deviations; what each must catch is planted in `tests/planted/herd.ts`.
 */
import { gatesOf, herdPlan, runHerd, runSim, type SimIo } from "@cc/testkit/sim";
import { beforeAll, describe, expect, test } from "vitest";

type Run = Awaited<ReturnType<typeof runHerd>>;

const clients = 2_000;
/** Three standard deviations of a share of p. */
const scatter = (p: number): number => 3 * Math.sqrt((p * (1 - p)) / clients);

describe("a refusing outage of 30 s, S = 1 s", () => {
  let run: Run;
  beforeAll(async () => {
    run = await runHerd(herdPlan({ clients, gateways: 1, seed: 1 }));
  }, 120_000);

  test("[B5.1] everybody is back", () => {
    expect([run.figures.lost, run.figures.back]).toEqual([clients, clients]);
  });

  test("[B5.2] [R10] the loss of all links at once is no herd: the first retries lie evenly within S", () => {
    const share = 0.105 / (run.plan.spreadMs / 1000);
    expect(run.figures.peakDown).toBeLessThanOrEqual(share + 0.005 + scatter(share));
    expect(run.figures.peakDown).toBeGreaterThan(0.08);
  });

  test("[B5.3] [R10] nor is the return: there is jitter on every step, those at the cap included", () => {
    expect(run.figures.peakAfter).toBeLessThanOrEqual(0.03 + scatter(0.03));
    expect(run.figures.p50).toBeLessThanOrEqual(2_000 + 150);
    expect(run.figures.max).toBeLessThanOrEqual(5_300);
    expect(run.figures.attempts).toBeLessThanOrEqual(11);
  });
});

describe("more come back than the gateway admits", () => {
  test("[B5.4] [R12] who is told a moment keeps it: the admission rate holds and nobody knocks in vain for long", async () => {
    const run = await runHerd(herdPlan({ clients: 600, gateways: 1, seed: 1, rate: 20, burst: 1 }));
    const { admitted, figures } = run;
    expect(figures.lost).toBeGreaterThan(590);
    expect(figures.back).toBe(figures.lost);
    expect(admitted.mostPerSecond).toBeLessThanOrEqual(21);
    expect(admitted.mostPerTenSeconds).toBeLessThanOrEqual(20.1);
    // It is nearly full all the time, so the rate is what they were let in at.
    expect(admitted.mostPerTenSeconds).toBeGreaterThan(10);
    expect(admitted.refused / 600).toBeLessThan(3);
  }, 120_000);

  test("[B5.2] after the crash of one gateway of ten the others stay below what they state, by the spread alone", async () => {
    const run = await runHerd(herdPlan({ clients: 1_000, kind: "crash", outageSeconds: 5, seed: 1 }));
    expect(run.figures.lost).toBeGreaterThan(70);
    expect(run.figures.back).toBe(run.figures.lost);
    expect(run.admitted.mostPerSecond).toBeLessThanOrEqual(run.admitted.rate);
    expect(run.admitted.refused).toBe(0);
    expect(gatesOf(run).filter(({ held }) => !held)).toEqual([]);
  }, 120_000);
});

test.each(["blackhole", "drain", "restart"] as const)(
  "everybody comes back from: %s",
  async (kind) => {
    const run = await runHerd(herdPlan({ clients: 300, gateways: 3, kind, outageSeconds: 5, seed: 2 }));
    expect(run.figures.lost).toBeGreaterThanOrEqual(kind === "drain" ? 60 : 300);
    expect(run.figures.back).toBe(run.figures.lost);
  },
  120_000,
);

test("[B5.2] a fleet that is struck as soon as the gateways have filled up is told of S too early: the onset shows it", async () => {
  const run = await runHerd(herdPlan({ clients: 1_000, gateways: 1, seed: 1, fresh: true, outageSeconds: 2 }));
  expect(run.figures.peakDown).toBeGreaterThan(0.2);
}, 120_000);

test("a seed decides a run, and another one another", async () => {
  const digest = async (seed: number): Promise<string> =>
    (await runHerd(herdPlan({ clients: 200, gateways: 2, outageSeconds: 3, seed }))).digest;
  const [first, again, other] = [await digest(7), await digest(7), await digest(8)];
  expect(again).toBe(first);
  expect(other).not.toBe(first);
}, 120_000);

describe("zones", () => {
  const options = { clients: 200, gateways: 4, outageSeconds: 3, seed: 7 };
  const ioWith = (more: Partial<SimIo>): SimIo => ({
    write: () => {},
    readFile: async () => "",
    writeFile: async () => {},
    cores: 2,
    program: "sim",
    now: () => 0,
    wall: () => 0,
    ...more,
  });

  test("all clients of all zones are counted, and no two zones are the same", async () => {
    const run = await runHerd(herdPlan({ ...options, zones: 2 }));
    expect([run.figures.lost, run.figures.back]).toEqual([200, 200]);
    expect(run.tally.dials.reduce((sum, n) => sum + n, 0)).toBeGreaterThan(
      run.tally.attempts.reduce((sum, n) => sum + n, 0),
    );
    expect(run.tally.attempts.subarray(0, 100)).not.toEqual(run.tally.attempts.subarray(100));
    expect(run.admitted.mostPerSecond).toBeGreaterThan(0);
  }, 120_000);

  test("run in programs of their own they come to the same as one after another", async () => {
    const lines: string[] = [];
    const io = ioWith({
      write: (line) => void lines.push(line),
      writeFile: async (_, text) => void lines.push(text),
      usage: () => ({ cpuSeconds: 1, maxBytes: 1024 ** 2 }),
    });
    const again: SimIo["again"] = async (args, line) => {
      const values: Record<string, string | boolean> = {};
      for (let at = 0; at < args.length; at += 2) values[String(args[at]).slice(2)] = String(args[at + 1]);
      return runSim(values, { ...io, write: line });
    };
    const values = { clients: "200", gateways: "4", outage: "3", seed: "7", zones: "4", out: "file" };
    const codes = [await runSim(values, { ...io, again }), await runSim(values, io)];
    expect(codes).toEqual([0, 0]);
    const [beside, after] = lines.filter((line) => line.startsWith("{")).map((text) => JSON.parse(text).ours);
    expect(beside).toEqual(after);
    // The parts' own: two programs of a second and a megabyte.
    expect(lines.filter((line) => line.includes("2.0 s of CPU, 2 MiB"))).toHaveLength(1);
    const { clients, digest } = await runHerd(herdPlan({ ...options, zones: 4 })).then((run) => ({
      ...run.plan,
      ...run,
    }));
    expect(after).toMatchObject({ plan: { clients }, digest });
  }, 120_000);

  test.each([
    ["5", "refuse", 2, { lasting: 900, young: 512, oneCore: true }],
    ["10", "crash", 1, { lasting: 3300, young: 64, oneCore: false }],
  ])("a program is given what its zones need: of %s gateways, %s", async (gateways, kind, programs, needs) => {
    const given: unknown[] = [];
    const io = ioWith({
      again: async (_args, _line, of) => {
        given.push(of);
        return 134;
      },
    });
    await expect(runSim({ clients: "100000", gateways, kind }, io), "a program died").rejects.toThrow(
      /^zone 0 was not/,
    );
    expect(given).toEqual(Array.from({ length: programs }, () => needs));
  });

  test.each([
    [{ clients: 201, zones: 2 }, "zones must divide 201 clients"],
    [{ clients: 200, gateways: 3, zones: 2 }, "3 gateways evenly"],
    [{ kind: "crash", zones: 2 }, "of crash there is one"],
    [{ gateways: 4, zones: 5 }, "zones must be a whole number from 1 to 4"],
  ] as const)("%o is refused by name", (wrong, why) => expect(() => herdPlan(wrong)).toThrow(why));

  test("a large herd has zones of 10,000 or more where every gateway is struck, a small one or a crash one", () => {
    const zones = (more: Parameters<typeof herdPlan>[0]): number => herdPlan(more).zones;
    expect([zones({}), zones({ kind: "drain" }), zones({ gateways: 5 }), zones({ gateways: 7 })]).toEqual([
      10, 1, 5, 1,
    ]);
    expect([10_000, 19_998, 20_000, 30_000, 50_000, 1_000_000].map((clients) => zones({ clients }))).toEqual([
      1, 1, 2, 2, 5, 10,
    ]);
  });

  test.each(["4", "0,4", "x", "-1", "", "0,"])("zones %j that there are not are refused by name", async (zone) => {
    const lines: string[] = [];
    const io = ioWith({ write: (line) => void lines.push(line) });
    const values = { clients: "200", gateways: "4", outage: "3", zones: "4", zone };
    expect(await runSim(values, io)).toBe(2);
    expect(lines).toEqual([expect.stringContaining("--zone ")]);
  });
});
