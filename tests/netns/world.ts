/**
 * What the scenarios share: one net, gateways and clients in places of it, and what each said.
 *
 * Law: a line is looked for among all that was said, past or coming; whatever was started ends with its net, which is swept by name,
 * so nothing stays behind, however the run ends.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { bundle } from "../support/bundle.js";
import { type Net, openNet, type Place } from "./net.js";
import type { Line } from "./programs/line.js";
import { Untimely } from "./steady.js";

export const authKey = "auth-key-1";
export const port = 8_080;

/** The numbers of 6.3 in ms; and what a busy machine may add: less than as much again. */
export const deadlines = { idle: 13_000, pending: 5_000, woken: 2_500 } as const;
export const slackMs = 2_500;
/** The tick in which Node looks at its interfaces. */
export const watchMs = 1_000;
/** What has no time in the contract, start of a program among it, and only must come. */
export const patienceMs = 90_000;

/** One thing that talks in lines: a process, or a page. */
export interface Peer {
  readonly lines: readonly Line[];
  add(line: Line): void;
  /** The first line that fits, past or coming. Rejects after `ms`, saying what was heard instead. */
  line(what: string, fits: (line: Line) => boolean, ms: number): Promise<Line>;
  /** Nothing more will come; what is waited for is rejected. */
  end(why: string): void;
}

export function openPeer(): Peer {
  const lines: Line[] = [];
  const looks = new Set<() => void>();
  let over: string | undefined;
  const changed = (): void => {
    for (const look of [...looks]) look();
  };
  return {
    lines,
    add(line) {
      lines.push(line);
      changed();
    },
    line: (what, fits, ms) =>
      new Promise((resolve, reject) => {
        const fail = (why: string, Kind: new (why: string) => Error = Error): void => {
          settle();
          const heard = lines
            .slice(-40)
            .map(({ at, seat, what, value }) => `${at} ${seat} ${what} ${JSON.stringify(value)}`);
          reject(new Kind(`${what}: ${why}. Heard:\n${heard.join("\n")}`));
        };
        const late = setTimeout(() => fail(`not within ${ms} ms`, Untimely), ms);
        const settle = (): void => {
          clearTimeout(late);
          looks.delete(look);
        };
        const look = (): void => {
          const found = lines.find(fits);
          if (found !== undefined) {
            settle();
            resolve(found);
          } else if (over !== undefined) fail(over);
        };
        looks.add(look);
        look();
      }),
    end(why) {
      over ??= why;
      changed();
    },
  };
}

/** A program in a place. */
export interface Process extends Peer {
  readonly child: ChildProcess;
  tell(line: object): void;
}

export interface Gate extends Process {
  readonly place: Place;
}

export interface World {
  readonly net: Net;
  /** A gateway that listens at `place.address`. Users: all that `crews` name, and those of a second and third attempt. */
  gateway(place: Place, crews: readonly string[]): Promise<Gate>;
  /** Clients in `place`; resolves when each is linked. */
  crew(place: Place, gate: Gate, crew: string, names: readonly string[], more?: object): Promise<Process>;
  close(): void;
}

const seatNames = ["idle", "sending", "waking"] as const;
const attempts = [1, 2, 3] as const;
/** Each attempt has users and a place of its own. */
export const crewOf = (crew: string, attempt: number): string => (attempt === 1 ? crew : `${crew}${attempt}`);

export async function openWorld(tag: string): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), "cc-netns-"));
  const net = await openNet(`${runName()}-${tag}`);
  const bundled = new Map<string, Promise<string>>();
  /** The program as one file: a dozen of them start at once, and none should compile what another has. */
  const program = (url: URL): Promise<string> => {
    const known = bundled.get(url.href);
    if (known) return known;
    const made = (async () => {
      const file = join(folder, `${url.pathname.split("/").at(-1)}.mjs`);
      writeFileSync(file, await bundle(`import ${JSON.stringify(fileURLToPath(url))};`, { platform: "node" }));
      return file;
    })();
    bundled.set(url.href, made);
    return made;
  };
  const start = async (place: Place, url: URL, settings: object): Promise<Process> => {
    const file = await program(url);
    // `ip` becomes the program: its id is the program's.
    const child = spawn("ip", ["netns", "exec", place.ns, process.execPath, file, JSON.stringify(settings)], {
      stdio: ["pipe", "pipe", "pipe"],
    });
    const peer = openPeer();
    let stderr = "";
    child.stderr.on("data", (data: Buffer) => {
      stderr += data.toString();
    });
    // A program that was killed takes nothing more; that is found out by what it no longer says.
    child.stdin.on("error", () => {});
    createInterface({ input: child.stdout }).on("line", (line) => peer.add(JSON.parse(line) as Line));
    child.on("close", (code, signal) => peer.end(`the program ended (${code ?? signal}) ${stderr}`));
    return { ...peer, child, tell: (line) => void child.stdin.write(`${JSON.stringify(line)}\n`) };
  };

  return {
    net,
    async gateway(place, crews) {
      const users = crews
        .flatMap((crew) => attempts.map((attempt) => crewOf(crew, attempt)))
        .flatMap((crew) => [...seatNames, "up", "down"].map((name) => `${crew}-${name}`));
      const gate = await start(place, new URL("./programs/gateway.ts", import.meta.url), {
        host: place.address,
        port,
        users,
        authKey,
      });
      await gate.line("the gateway listens", ({ what }) => what === "listening", patienceMs);
      return { ...gate, place };
    },
    async crew(place, gate, crew, names, more = {}) {
      const clients = await start(place, new URL("./programs/client.ts", import.meta.url), {
        host: gate.place.address,
        port,
        names,
        crew,
        authKey,
        ...more,
      });
      for (const name of names)
        await clients.line(`${crew} linked`, ({ seat, what }) => seat === name && what === "linked", patienceMs);
      return clients;
    },
    close() {
      net.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The run's own; given by scripts/halfopen.ts, which sweeps it. */
export const runName = (): string => process.env["CC_HALFOPEN_RUN"] ?? `cch${process.pid}`;

export type { Line, Place };
