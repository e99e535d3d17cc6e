/** What is made of a herd: gates, peers, flags, plots. */
import {
  gatesOf,
  type HerdRun,
  herdPlan,
  herdPlot,
  type PeerRun,
  peerSummaryOf,
  peers,
  runPeer,
  runSim,
  type SimIo,
  type SimValues,
} from "@cc/testkit/sim";
import { describe, expect, test } from "vitest";

const figures: HerdRun["figures"] = {
  lost: 100_000,
  back: 100_000,
  attempts: 10.1,
  attemptsDown: 9.1,
  peakDown: 0.106,
  peakAfter: 0.028,
  p50: 1_960,
  p99: 4_700,
  max: 5_150,
};
const admitted: HerdRun["admitted"] = {
  rate: 10_000,
  burst: 20_000,
  spreadMs: 1_000,
  mostPerSecond: 3_000,
  mostPerTenSeconds: 1_000,
  refused: 0,
};
const run = { plan: herdPlan(), figures, admitted };
const broken = (other: Partial<typeof run>): readonly string[] =>
  gatesOf({ ...run, ...other })
    .filter(({ held }) => !held)
    .map(({ what }) => what);

describe("gates", () => {
  test("hold for a herd within them", () => expect(broken({})).toEqual([]));

  test.each([
    ["clients that did not come back", { back: 99_999 }],
    ["largest share in 100 ms of the outage", { peakDown: 0.1101 }],
    ["largest share in 100 ms after the return", { peakAfter: 0.0301 }],
    ["recovery, p50", { p50: 2_001 }],
    ["recovery, max", { max: 5_301 }],
    ["attempts per client", { attempts: 11.01 }],
  ])("%s is one", (what, worse) => expect(broken({ figures: { ...figures, ...worse } })).toEqual([what]));

  test("S of 5 s has its own", () => {
    const five = herdPlan({ spreadSeconds: 5 });
    const good = { ...figures, peakDown: 0.0259, peakAfter: 0.02, p50: 4_000, max: 10_300, attempts: 6 };
    expect(broken({ plan: five, figures: good })).toEqual([]);
    expect(broken({ plan: five, figures })).toHaveLength(3);
  });

  test("the admission is a rate and its burst; the spread alone must keep it after a crash", () => {
    expect(broken({ admitted: { ...admitted, mostPerSecond: 30_001 } })).toEqual(["admitted in any second"]);
    const crash = { plan: herdPlan({ kind: "crash" }), figures: { ...figures, lost: 10_000, back: 10_000 } };
    expect(broken({ ...crash, admitted: { ...admitted, mostPerSecond: 10_001 } })).toEqual([
      "admitted in any second, burst apart",
    ]);
  });
});

test.each([
  [{ clients: 0 }, /clients must be a whole number/],
  [{ kind: "fire" as never }, /kind must be one of/],
  [{ kind: "crash" as const, gateways: 1 }, /gateways must be a whole number from 2/],
  [{ spreadSeconds: 11 }, /spread must be a number from 0.1 to 10/],
  [{ spreadSeconds: 1, rate: 500 }, /give one of them/],
  [{ outageSeconds: 0 }, /outage must be/],
])("a herd that cannot be is refused by name: %o", (options, message) => {
  expect(() => herdPlan(options)).toThrow(message);
});

describe("peers, against what was measured of them over a refusing outage of 30 s", () => {
  const measured = (name: string): PeerRun => {
    const peer = peers.find((one) => one.name === name);
    if (peer === undefined) throw new Error(`no peer ${name}`);
    return runPeer(peer, { clients: 3_000, outageMs: 30_000, seed: 1, kind: "refuse" });
  };
  // Failed attempts, largest share in 100 ms in %, recovery p50 and max in s.
  test.each([
    ["phoenix", 14, 200, 4.3, 4.3],
    ["partysocket", 5, 100, 7.2, 7.2],
    ["liveblocks", 7, 100, 5.8, 5.8],
    ["socket.io", 7.1, 20, 2.4, 4.9],
  ])("%s", (name, failed, peak, p50, max) => {
    const { figures: f } = measured(name);
    expect(Math.abs(f.attempts - 1 - failed)).toBeLessThan(0.6);
    expect(100 * f.peakDown).toBeGreaterThan(peak / 2);
    expect(Math.abs((f.p50 ?? 0) / 1000 - p50)).toBeLessThan(0.8);
    expect(Math.abs((f.max ?? 0) / 1000 - max)).toBeLessThan(1.2);
  });

  test("graphql-ws and nats give up; signalr does in ten minutes", () => {
    expect([measured("graphql-ws").gaveUp, measured("nats").gaveUp]).toEqual([3_000, 3_000]);
    const signalr = peers.find(({ name }) => name === "signalr") as (typeof peers)[number];
    const long = runPeer(signalr, { clients: 100, outageMs: 600_000, seed: 1, kind: "refuse" });
    expect([long.gaveUp, long.figures.back]).toEqual([100, 0]);
  });

  test("in a black hole a peer must notice first, and one that never does never comes back", () => {
    const outage = { clients: 200, outageMs: 30_000, seed: 1, kind: "blackhole" } as const;
    const named = (name: string): PeerRun => runPeer(peers.find((one) => one.name === name) as never, outage);
    expect(named("partysocket").gaveUp).toBe(200);
    const { lostAt, backAt } = named("ably").tally;
    expect(lostAt.every((at) => at >= 5_000 + 12_500 && at <= 5_000 + 25_000)).toBe(true);
    expect(backAt.every((at) => at > 35_000)).toBe(true);
  });
});

test("a plot is the same for the same figures, in both themes, and has no hole in it", () => {
  const outage = { clients: 500, outageMs: 30_000, seed: 1, kind: "refuse" } as const;
  const summaries = peers.map((peer) => peerSummaryOf(runPeer(peer, outage), outage));
  const light = herdPlot([], summaries, "light");
  expect(herdPlot([], summaries, "light")).toBe(light);
  expect(herdPlot([], summaries, "dark")).not.toBe(light);
  expect(light).not.toMatch(/NaN|Infinity|undefined|null/);
  for (const { name } of peers) expect(light).toContain(name);
});

describe("the command", () => {
  const sim = async (values: SimValues): Promise<{ code: number; lines: string[]; files: Record<string, string> }> => {
    const lines: string[] = [];
    const files: Record<string, string> = {};
    const io: SimIo = {
      write: (line) => void lines.push(line),
      readFile: async () => "",
      writeFile: async (path, text) => {
        files[path] = text;
      },
      cores: 1,
      program: "sim",
      now: () => 0,
      wall: () => 0,
      usage: () => ({ cpuSeconds: 1, maxBytes: 2 ** 20 }),
    };
    return { code: await runSim(values, io), lines, files };
  };

  test.each([
    [{ clients: "many" }, "--clients must be a whole number"],
    [{ clients: "10", outage: "soon" }, "--outage must be a number"],
    [{ clients: "10", policy: "best" }, "--policy knows ours, all, ably"],
    [{ clients: "10", kind: "fire" }, "kind must be one of"],
    [{ clients: "10", kind: "crash", policy: "all" }, "formulas know only refuse and blackhole"],
  ])("refuses %o with 2", async (values, words) => {
    const { code, lines } = await sim(values);
    expect(code).toBe(2);
    expect(lines.join()).toContain(words);
  });

  test("prints, writes figures and a plot, and fails by its gates only when asked", async () => {
    // Ten clients are no fleet: one of them is a tenth.
    const values = { clients: "10", gateways: "1", outage: "2", out: "o.json", svg: "p.svg", policy: "ours,mqtt.js" };
    const { code, lines, files } = await sim(values);
    expect(code).toBe(0);
    expect(lines.join("\n")).toMatch(/10 clients, 1 gateways, refuse, 2 s, S 1 s, seed 1[\s\S]*BROKEN[\s\S]*mqtt\.js/);
    const told = JSON.parse(files["o.json"] ?? "") as { ours: { digest: string }; peers: unknown[] };
    expect(told.ours.digest).toMatch(/^[0-9a-f]{8}$/);
    expect(told.peers).toHaveLength(1);
    expect(files["p.svg"]).toMatch(/^<svg /);
    expect((await sim({ ...values, gates: true })).code).toBe(1);
  });
});
