/** The command of the simulator: what it prints, how it ends, and that a failing plan is made small and can be repeated. */
import { expect, it } from "vitest";
import { type Action, type Plan, planOf, runSim, type SimIo, type SimValues, simFlags } from "../src/sim/index.js";

interface Ran {
  readonly code: number;
  readonly lines: readonly string[];
  readonly files: ReadonlyMap<string, string>;
}

async function sim(values: SimValues, given: Readonly<Record<string, string>> = {}): Promise<Ran> {
  const lines: string[] = [];
  const files = new Map(Object.entries(given));
  const io: SimIo = {
    write: (line) => void lines.push(line),
    readFile: async (path) => {
      const text = files.get(path);
      if (text === undefined) throw new Error("ENOENT");
      return text;
    },
    writeFile: async (path, text) => void files.set(path, text),
    cores: 1,
    program: "pnpm sim",
    now: () => 0,
    wall: () => 1_700_000_000_000,
  };
  return { code: await runSim(values, io), lines, files };
}

/** A fault that lasts beyond the beginning of the quiet end: whoever is behind it cannot be linked, and the oracle must say so. */
const hopeless: Plan = {
  ...planOf(1),
  ms: 180_000,
  gateways: 2,
  clients: [{ user: "ann", auto: true, background: "keep", by: "key", tokenLifeMs: null, wallMs: 0, besides: null }],
  actions: [
    ...Array.from(
      { length: 6 },
      (_, n): Action => ({ at: 5_000 * n, do: "publish", gateway: 0, channel: "user:ann", count: 1 }),
    ),
    { at: 60_000, do: "reset", client: null, gateway: null, side: "both" },
    { at: 90_000, do: "blackhole", client: null, gateway: null, direction: "both", ms: 200_000 },
    { at: 95_000, do: "cast", gateway: 1, channel: "user:ann" },
  ],
};

it("one seed says in one line that no law was broken, with its digest", async () => {
  const { code, lines } = await sim({ seed: "3", minutes: "3" });
  expect([code, lines.length]).toEqual([0, 1]);
  expect(lines[0]).toMatch(
    /^sim: seed 3, \d clients, \d gateways, \d+ actions: no law broken in \d+ virtual s, \d+ facts, digest [0-9a-f]{16}$/,
  );
});

it("a series counts its seeds, and writes them with --out", async () => {
  const { code, lines, files } = await sim({ seed: "5", seeds: "2", minutes: "3", out: "out.json" });
  expect(code).toBe(0);
  expect(lines.at(-1)).toMatch(/^sim: 2 seeds, .*, 0 broke a law, in \d+ s$/);
  expect(JSON.parse(files.get("out.json") ?? "")).toMatchObject({ first: 5, seeds: 2, minutes: 3, failed: [] });
});

it("--print prints the plan that the seed runs", async () => {
  const { code, lines } = await sim({ seed: "9", print: true });
  expect(code).toBe(0);
  expect(JSON.parse(lines.join("\n"))).toEqual(planOf(9));
});

it("[R38][B3.1] a broken law is told with the command that repeats it, and the plan is shrunk to what breaks it", async () => {
  const { code, lines, files } = await sim(
    { plan: "p.json", out: "small.json" },
    { "p.json": JSON.stringify(hopeless) },
  );
  const text = lines.join("\n");
  expect(code).toBe(1);
  expect(text).toContain(`seed ${hopeless.seed} breaks B3.1 at 180.000 s: client 0 is`);
  expect(text).toContain("repeat it: pnpm sim --plan p.json");
  expect(text).toContain("repeat it: pnpm sim --plan small.json");
  const small = JSON.parse(files.get("small.json") ?? "") as Plan;
  expect(small.actions.map((action) => action.do)).toEqual(["blackhole"]);
  const again = await sim({ plan: "small.json" }, { "small.json": JSON.stringify(small) });
  expect(again.code).toBe(1);
});

it("wrong arguments end with 2 and one line", async () => {
  const wrong: readonly (readonly [SimValues, string])[] = [
    [{ seed: "x" }, "sim: --seed must be a whole number from 0 to 4294967295, not x"],
    [{ seed: "1", minutes: "1" }, "sim: --minutes must be a whole number from 3 to 1440, not 1"],
    [{ plan: "gone.json" }, "sim: gone.json cannot be read: Error: ENOENT"],
    [{ plan: "p.json", seed: "1" }, "sim: --plan goes without --seed and --seeds"],
    [{ plan: "bad.json" }, "sim: bad.json: the plan is none of version 1"],
  ];
  for (const [values, line] of wrong) {
    const { code, lines } = await sim(values, { "bad.json": "{}", "p.json": "{}" });
    expect([code, lines]).toEqual([2, [line]]);
  }
});

it("each flag is named once, and says what it does", () => {
  expect(new Set(simFlags.map(({ name }) => name)).size).toBe(simFlags.length);
  for (const { help } of simFlags) expect(help).not.toBe("");
});
