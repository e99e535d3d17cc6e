/**
 * Networks of our own: a router and places around it, each a network namespace, joined by veth pairs.
 *
 * Law: nothing outside these namespaces is touched. Both ends of each pair are born inside them, so a namespace takes all it has with
 * it when it goes; and all names of a run begin alike, so that whoever holds the name of a run can sweep it, also after a crash.
 */
import { execFile, execFileSync } from "node:child_process";
import { promisify } from "node:util";

const exec = promisify(execFile);

/** More places than this in one net are a mistake. */
const MAX_PLACES = 100;

/** Runs a command that must succeed; answers what it printed. */
export async function sh(file: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await exec(file, [...args], { timeout: 60_000 });
  return stdout;
}

/** One namespace with one interface, `eth0`, whose other end is the router's. */
export interface Place {
  readonly ns: string;
  readonly address: string;
  /** Runs a command inside; answers what it printed. */
  run(...command: readonly string[]): Promise<string>;
  /** Inserts the rule at the head of its chain; answers the way to take it back. */
  rule(chain: "INPUT" | "OUTPUT", ...rule: readonly string[]): Promise<() => Promise<void>>;
  /** The place's own end of the cable. */
  link(up: boolean): Promise<void>;
  /** The router's end: what the place sees is a cable without a signal. */
  carrier(up: boolean): Promise<void>;
  /** Takes the address away; answers the way to give it back. */
  addressGone(): Promise<() => Promise<void>>;
  /** Adds the n-th address of six; what is dialled from now on starts there. */
  addressNew(n: number): Promise<void>;
  /** Takes the first address away, another being there. */
  addressOld(): Promise<void>;
}

export interface Net {
  place(name: string): Promise<Place>;
  /** Ends every process in it, and then the net. */
  close(): void;
}

/** The router, with no places yet. `name` begins all names. */
export async function openNet(name: string): Promise<Net> {
  const router = `${name}-router`;
  let places = 0;
  await sh("ip", "netns", "add", router);
  await sh("ip", "-n", router, "link", "set", "lo", "up");
  await sh("ip", "netns", "exec", router, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward");

  return {
    async place(own) {
      places += 1;
      const k = places;
      if (k > MAX_PLACES) throw new Error(`more than ${MAX_PLACES} places in one net`);
      const ns = `${name}-${own}`;
      const port = `v${k}`;
      const at = (n: number): string => `10.77.${k}.${n}`;
      const ip = (...args: readonly string[]): Promise<string> => sh("ip", "-n", ns, ...args);
      const run: Place["run"] = (...command) => sh("ip", "netns", "exec", ns, ...command);
      const route = (from = at(2)): Promise<string> => ip("route", "replace", "default", "via", at(1), "src", from);
      await sh("ip", "netns", "add", ns);
      await sh("ip", "-n", router, "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", ns);
      await sh("ip", "-n", router, "addr", "add", `${at(1)}/29`, "dev", port);
      await sh("ip", "-n", router, "link", "set", port, "up");
      await ip("addr", "add", `${at(2)}/29`, "dev", "eth0");
      await ip("link", "set", "lo", "up");
      await ip("link", "set", "eth0", "up");
      await route();
      return {
        ns,
        address: at(2),
        run,
        async rule(chain, ...rule) {
          await run("iptables", "-w", "5", "-I", chain, "1", ...rule);
          return async () => void (await run("iptables", "-w", "5", "-D", chain, ...rule));
        },
        async link(up) {
          await ip("link", "set", "eth0", up ? "up" : "down");
          // The routes go with the link, and do not come back with it.
          if (up) await route();
        },
        carrier: async (up) => void (await sh("ip", "-n", router, "link", "set", port, up ? "up" : "down")),
        async addressGone() {
          await ip("addr", "flush", "dev", "eth0", "scope", "global");
          return async () => {
            await ip("addr", "add", `${at(2)}/29`, "dev", "eth0");
            await route();
          };
        },
        async addressNew(n) {
          // Of another prefix length: else it would be a secondary one, and go with the first.
          await ip("addr", "add", `${at(n)}/28`, "dev", "eth0");
          await route(at(n));
        },
        async addressOld() {
          await ip("addr", "del", `${at(2)}/29`, "dev", "eth0");
          await route(at(3));
        },
      };
    },
    close: () => void sweep(name),
  };
}

/** Those of this machine, by name. */
export const namespaces = (): readonly string[] =>
  execFileSync("ip", ["netns", "list"], { encoding: "utf8" })
    .split("\n")
    .map((line) => line.split(" ")[0] ?? "")
    .filter(Boolean);

/**
 * Ends all namespaces whose names begin with `name-`, and the processes in them, by id. Answers how many there were. Synchronous,
 * for a process that is about to end waits for nothing else.
 */
export function sweep(name: string): number {
  const ours = namespaces().filter((ns) => ns.startsWith(`${name}-`));
  for (const ns of ours) {
    try {
      const pids = execFileSync("ip", ["netns", "pids", ns], { encoding: "utf8", stdio: "pipe" });
      for (const pid of pids.split("\n").map(Number)) {
        try {
          if (pid) process.kill(pid, "SIGKILL");
        } catch {
          // It ended in the meantime.
        }
      }
      execFileSync("ip", ["netns", "del", ns], { stdio: "pipe" });
    } catch {
      // Somebody who ends the same run was faster.
    }
  }
  return ours.length;
}

/** Why no such network can be had here; `undefined` where it can. Leaves nothing behind. */
export async function whyNot(name: string): Promise<string | undefined> {
  if (process.platform !== "linux") return `network namespaces are Linux's, this is ${process.platform}`;
  if (process.getuid?.() !== 0) return "not root";
  for (const [tool, ...args] of [
    ["ip", "-V"],
    ["iptables", "--version"],
  ] as const) {
    try {
      await sh(tool, ...args);
    } catch {
      return `no ${tool} here`;
    }
  }
  try {
    const net = await openNet(`${name}-try`);
    const place = await net.place("a");
    const undo = await place.rule("OUTPUT", "-p", "tcp", "-j", "REJECT", "--reject-with", "tcp-reset");
    await undo();
    return undefined;
  } catch (error) {
    return `no namespace with a veth pair and iptables can be made: ${String((error as Error).message)
      .trim()
      .split("\n")
      .at(-1)}`;
  } finally {
    sweep(`${name}-try`);
  }
}
