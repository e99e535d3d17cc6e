/** The same in a real Chromium whose whole network is a namespace: what dies in silence, and what `navigator.onLine` really does. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openTab, type Tab } from "./browser.js";
import { type Expected, inSilence, type SeatName, suffer } from "./scenario.js";
import { steadily } from "./steady.js";
import { crewOf, type Gate, openWorld, type Place, type World } from "./world.js";

const names: readonly SeatName[] = ["idle", "sending", "waking"];

let world: World;
let gate: Gate;

beforeAll(async () => {
  world = await openWorld("c");
  gate = await world.gateway(await world.net.place("gateway"), ["drop", "down", "roam"]);
  for (const { crew } of scenes) ready.set(crew, await shown(crew));
}, 400_000);
afterAll(async () => {
  await Promise.all(tabs.map((tab) => tab.close()));
  world?.close();
});

/** A page in its place, its clients linked. */
interface Shown {
  readonly place: Place;
  readonly tab: Tab;
}
const ready = new Map<string, Shown>();
const tabs: Tab[] = [];

async function shown(crew: string): Promise<Shown> {
  const place = await world.net.place(crew);
  const tab = await openTab(place, gate, crew, names);
  tabs.push(tab);
  return { place, tab };
}

interface Scene {
  readonly fault: string;
  readonly crew: string;
  lay(place: Place): Promise<() => Promise<undefined>>;
  readonly expected: Readonly<Record<SeatName, Expected>>;
  readonly heals?: "by itself";
  /** What `navigator.onLine` says, from the page's start to its end. */
  readonly onLine: readonly boolean[];
}

/** Chromium watches the interfaces of its machine, and tells at once. */
const seen: Expected = { ...inSilence.waking, signalMs: 1_000 };

const scenes: readonly Scene[] = [
  {
    fault: "Chromium: DROP, both ways",
    crew: "drop",
    async lay(place) {
      const undo = [await place.rule("OUTPUT", "-j", "DROP"), await place.rule("INPUT", "-j", "DROP")];
      return async () => {
        for (const one of undo) await one();
        return undefined;
      };
    },
    expected: inSilence,
    onLine: [true],
  },
  {
    fault: "Chromium: link down, client's side",
    crew: "down",
    async lay(place) {
      await place.link(false);
      return async () => {
        await place.link(true);
        return undefined;
      };
    },
    expected: { ...inSilence, idle: seen, sending: seen },
    onLine: [true, false, true],
  },
  {
    // One address after another, without a moment between: no event of a page, so the heartbeat finds it out.
    fault: "Chromium: another address",
    crew: "roam",
    async lay(place) {
      await place.addressNew(3);
      await place.addressOld();
      return async () => undefined;
    },
    expected: inSilence,
    heals: "by itself",
    onLine: [true],
  },
];

describe.concurrent("a page whose network dies", () => {
  for (const { fault, crew: name, lay, expected, heals, onLine } of scenes) {
    it(`[B6.3][B5.6][B1.4][B10.3] ${fault}: noticed in time, told, and back with nothing lost`, () =>
      steadily(fault, async (attempt, watch) => {
        const crew = crewOf(name, attempt);
        const { place, tab } = (attempt === 1 ? ready.get(name) : undefined) ?? (await shown(crew));
        watch(tab);
        watch(gate);
        await suffer({
          fault,
          crew,
          peer: tab,
          act: tab.tell,
          gate,
          lay: () => lay(place),
          expected,
          ...(heals && { heals }),
        });
        const { lines } = tab;
        const page = (what: string): unknown[] => lines.filter((line) => line.what === what).map(({ value }) => value);
        expect(page("onLine")).toEqual(onLine);
        expect(page("uncaught")).toEqual([]);
        // `offline` is a hint: it is the probe's failure that was told, and by the name that fits (5.6).
        const errors = lines.filter(({ seat, what }) => seat === "idle" && what === "error").map(({ value }) => value);
        expect(errors[0]).toBe(onLine.includes(false) ? "ERR_NO_INTERNET" : "ERR_HEARTBEAT_TIMEOUT");
      }));
  }
});
