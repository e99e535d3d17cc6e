/** Links that die in silence, in real networks: noticed in the times of 6.3, told, and healed with nothing lost. */
import { closeCodes } from "@cc/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { figure } from "./figures.js";
import { type Expected, inSilence, type SeatName, suffer } from "./scenario.js";
import { steadily, Untimely } from "./steady.js";
import {
  crewOf,
  deadlines,
  type Gate,
  type Line,
  openWorld,
  type Place,
  type Process,
  patienceMs,
  port,
  slackMs,
  type World,
  watchMs,
} from "./world.js";

let world: World;
let main: Gate;
let far: Gate;
let doomed: Gate;

const crews = [
  "both",
  "toserver",
  "toclient",
  "linkdown",
  "carrier",
  "address",
  "roam",
  "reset",
  "sskill",
  "killed",
] as const;

beforeAll(async () => {
  world = await openWorld("h");
  const places: Place[] = [];
  for (const name of ["main", "far", "doomed"]) places.push(await world.net.place(`${name}-gateway`));
  [main, far, doomed] = (await Promise.all([
    world.gateway(places[0] as Place, crews),
    world.gateway(places[1] as Place, ["far"]),
    world.gateway(places[2] as Place, ["doomed"]),
  ])) as [Gate, Gate, Gate];
  // One after another, and all before the first fault: starting is what takes the processor.
  for (const { crew, gate } of [...scenes, { crew: "killed", gate: () => main }, { crew: "sskill", gate: () => main }])
    ready.set(crew, await seated(crew, gate()));
}, 400_000);
afterAll(() => world?.close());

/** Clients in their place, linked. */
interface Seated {
  readonly place: Place;
  readonly peer: Process;
}
const ready = new Map<string, Seated>();

async function seated(crew: string, gate: Gate): Promise<Seated> {
  const place = await world.net.place(crew);
  return { place, peer: await world.crew(place, gate, crew, names) };
}

/** Those that were started with the others, or, for a measuring that was void, new ones. */
const seatedFor = async (crew: string, attempt: number, gate: Gate): Promise<Seated> =>
  (attempt === 1 ? ready.get(crew) : undefined) ?? seated(crewOf(crew, attempt), gate);

const heartbeatMs = 10_000;
const names: readonly SeatName[] = ["idle", "sending", "waking"];

interface Scene {
  readonly fault: string;
  readonly crew: string;
  gate(): Gate;
  /** Lays it in the clients' place; answers the way to end it, which tells of a gateway that is new. */
  lay(place: Place): Promise<() => Promise<Gate | undefined>>;
  readonly expected?: Readonly<Record<SeatName, Expected>>;
  readonly recovery?: "resumed" | "gap";
  readonly heals?: "by itself" | "after its end";
}

/** Lays rules of iptables. */
async function rules(place: Place, ...each: readonly (readonly ["INPUT" | "OUTPUT", ...string[]])[]) {
  const undo: (() => Promise<void>)[] = [];
  for (const rule of each) undo.push(await place.rule(...rule));
  return async (): Promise<undefined> => {
    for (const one of undo) await one();
  };
}
const drop = ["-j", "DROP"] as const;
/** What a kernel says in the name of a process that is gone. */
const lastWords = (["RST", "FIN"] as const).map(
  (flag) => ["OUTPUT", "-p", "tcp", "--tcp-flags", flag, flag, ...drop] as const,
);
/** One end of a cable. */
async function down(end: (up: boolean) => Promise<void>): Promise<() => Promise<undefined>> {
  await end(false);
  return async () => void (await end(true));
}

/** A dead link whose interface Node sees change: its watcher looks once a second, and the change is a wake signal. */
const seen: Readonly<Record<SeatName, Expected>> = {
  idle: { ...inSilence.waking, signalMs: watchMs },
  sending: { ...inSilence.waking, signalMs: watchMs },
  waking: inSilence.waking,
};
/** The network said it; nobody has to find it out (1.4). */
const atOnceMs = 1_000;
/** As long as the client still hears, it takes the link for alive: a ping that gets through begins its time anew. */
const afterAPing = (expected: Expected): Expected => ({ ...expected, extraMs: heartbeatMs });

const scenes: readonly Scene[] = [
  {
    fault: "DROP, both ways",
    crew: "both",
    gate: () => main,
    lay: (place) => rules(place, ["OUTPUT", ...drop], ["INPUT", ...drop]),
  },
  {
    fault: "DROP, to the client",
    crew: "toclient",
    gate: () => main,
    lay: (place) => rules(place, ["INPUT", ...drop]),
  },
  {
    // The server's TCP gets no acknowledgements either and soon falls silent itself.
    fault: "DROP, to the server",
    crew: "toserver",
    gate: () => main,
    lay: (place) => rules(place, ["OUTPUT", ...drop]),
    expected: {
      idle: afterAPing(inSilence.idle),
      sending: afterAPing(inSilence.sending),
      // The server's own data or a ping may answer in the place of the probe; then it is as idle as the other.
      waking: afterAPing(inSilence.idle),
    },
  },
  {
    fault: "link down, client's side",
    crew: "linkdown",
    gate: () => main,
    lay: (place) => down(place.link),
    expected: seen,
  },
  {
    fault: "no carrier, client's cable",
    crew: "carrier",
    gate: () => main,
    lay: (place) => down(place.carrier),
    expected: seen,
  },
  {
    fault: "link down, server's side",
    crew: "far",
    gate: () => far,
    lay: () => down(far.place.link),
  },
  {
    fault: "address gone",
    crew: "address",
    gate: () => main,
    async lay(place) {
      const giveBack = await place.addressGone();
      return async () => void (await giveBack());
    },
    expected: seen,
  },
  {
    fault: "another address",
    crew: "roam",
    gate: () => main,
    async lay(place) {
      await place.addressGone();
      await place.addressNew(3);
      return async () => undefined;
    },
    expected: seen,
    heals: "by itself",
  },
  {
    fault: "gateway killed, FIN and RST dropped",
    crew: "doomed",
    gate: () => doomed,
    async lay() {
      const lift = await rules(doomed.place, ...lastWords);
      doomed.child.kill("SIGKILL");
      return async () => {
        await lift();
        doomed = await world.gateway(doomed.place, ["doomed"]);
        return doomed;
      };
    },
    recovery: "gap",
  },
  {
    // The contrast: the network says no. An idle client says nothing, so it hears that with the next ping.
    fault: "REJECT with tcp-reset",
    crew: "reset",
    gate: () => main,
    // To the server only: the resets that the rule makes go to the client, by the same chain.
    lay: (place) =>
      rules(place, ["OUTPUT", "-p", "tcp", "-d", main.place.address, "-j", "REJECT", "--reject-with", "tcp-reset"]),
    expected: {
      idle: { contractMs: deadlines.idle, reasons: ["linkLost"] },
      sending: { contractMs: atOnceMs, reasons: ["linkLost"] },
      waking: { contractMs: atOnceMs, reasons: ["linkLost"] },
    },
  },
];

describe.concurrent("a link that dies in silence", () => {
  for (const { fault, crew: name, gate, lay, expected = inSilence, recovery, heals } of scenes) {
    it(`[B6.3][B1.4][B10.3][R7] ${fault}: noticed in time, told, and back with nothing lost`, () =>
      steadily(fault, async (attempt, watch) => {
        const crew = crewOf(name, attempt);
        const { place, peer } = await seatedFor(name, attempt, gate());
        watch(peer);
        watch(gate());
        await suffer({
          fault,
          crew,
          peer,
          act: peer.tell,
          gate: gate(),
          lay: () => lay(place),
          expected,
          ...(recovery && { recovery }),
          ...(heals && { heals }),
        });
        const signals = peer.lines.filter(({ seat, what }) => seat === "idle" && what === "signal");
        // A real change of a real interface, seen by the watcher of @cc/platform-node (5.5); and none where there is none to see.
        expect(signals.some(({ value }) => value === "networkChange")).toBe(expected === seen);
      }));
  }

  it("[B6.3] a client killed without a FIN or RST is cut by the server after three heartbeats", () =>
    steadily("client killed", async (attempt, watch) => {
      const crew = crewOf("killed", attempt);
      const { place, peer } = await seatedFor("killed", attempt, main);
      watch(main);
      await rules(place, ...lastWords);
      const from = Date.now();
      peer.child.kill("SIGKILL");
      for (const name of names) {
        const cut = await main.line(
          `${name} cut`,
          ({ seat, what, at }) => seat === `${crew}-${name}` && what === "cut" && at >= from,
          patienceMs,
        );
        const toldMs = cut.at - from;
        figure({
          fault: "client killed, FIN and RST dropped",
          seat: `server, of ${name}`,
          toldMs,
          signalMs: null,
          contractMs: 30_000,
          reason: String(cut.value),
          healedMs: null,
        });
        expect(cut.value).toBe(closeCodes.silent);
        // Three heartbeats from the last sound, which was one heartbeat before at the earliest.
        expect(toldMs).toBeGreaterThan(18_000);
        if (toldMs >= 30_000 + slackMs) throw new Untimely(`${name} was cut after ${toldMs} ms`);
      }
    }));

  it("[B1.4] a socket destroyed by the kernel (`ss -K`) is told at once", () =>
    steadily("ss -K", async (attempt, watch) => {
      const crew = crewOf("sskill", attempt);
      const { place, peer } = await seatedFor("sskill", attempt, main);
      watch(peer);
      watch(main);
      const seats = { idle: { contractMs: atOnceMs, reasons: ["linkLost"] } } as const;
      const filter = ["dst", main.place.address, "dport", "=", `:${port}`];
      const from = Date.now();
      const closed = await place.run("ss", "-H", "-t", "-K", ...filter).catch(() => "");
      const standing = await place.run("ss", "-H", "-t", "state", "established", ...filter).catch(() => "?");
      if (closed.trim() === "" && standing.trim() !== "") {
        const note = "skipped: this kernel destroys no sockets (INET_DIAG_DESTROY), or there is no ss";
        figure({
          fault: "ss -K",
          seat: "idle",
          toldMs: null,
          signalMs: null,
          contractMs: null,
          reason: "",
          healedMs: null,
          note,
        });
        return;
      }
      // That one only showed that it can be done; it took all three.
      for (const name of names) {
        const since = (status: boolean) => (line: Line) =>
          line.seat === name && line.what === "status" && line.at >= from && (line.value === "connected") === status;
        await peer.line(`${name} is told`, since(false), patienceMs);
        await peer.line(`${name} is back`, since(true), patienceMs);
      }
      await suffer({
        fault: "ss -K",
        crew,
        peer,
        act: peer.tell,
        gate: main,
        lay: async () => {
          await place.run("ss", "-H", "-t", "-K", ...filter);
          return async () => undefined;
        },
        expected: seats,
        heals: "by itself",
      });
    }));
});
