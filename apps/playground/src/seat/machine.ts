/**
 * The link machine as a table: what the diagram is drawn from, and what it says in words.
 *
 * Law: a node is lit by the snapshot alone (and `probing` by the probe that is open), an edge by the two last nodes; nothing here
 * knows why. Coordinates are those of a drawing 346 wide and 246 high.
 */
import type { Snapshot } from "@cc/sdk";

type Place = "idle" | "waiting" | "failed" | "dialing" | "linked";
export type NodeId =
  | "idle"
  | "waiting"
  | "failed"
  | "token"
  | "transport"
  | "handshake"
  | "connected"
  | "probing"
  | "throttled";

export interface MachineNode {
  readonly id: NodeId;
  readonly place: Place;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  /** What it means, in a sentence. */
  readonly means: string;
}

export const HEIGHT = 28;

export const nodes: readonly MachineNode[] = [
  { id: "idle", place: "idle", x: 12, y: 14, width: 84, means: "No link is wanted." },
  { id: "waiting", place: "waiting", x: 134, y: 14, width: 84, means: "The next attempt has its time." },
  {
    id: "failed",
    place: "failed",
    x: 246,
    y: 14,
    width: 84,
    means: "Refused for good; connect() or a login leads out.",
  },
  { id: "token", place: "dialing", x: 22, y: 108, width: 86, means: "A token is being fetched." },
  { id: "transport", place: "dialing", x: 127, y: 108, width: 86, means: "The socket is being opened." },
  { id: "handshake", place: "dialing", x: 232, y: 108, width: 86, means: "The server's welcome is awaited." },
  { id: "connected", place: "linked", x: 22, y: 208, width: 86, means: "The server has welcomed this client." },
  { id: "probing", place: "linked", x: 127, y: 208, width: 86, means: "The server is asked for a sign of life." },
  { id: "throttled", place: "linked", x: 232, y: 208, width: 86, means: "Some features are throttled." },
];

export interface MachineGroup {
  readonly id: Place;
  readonly y: number;
}

/** Boxes around the nodes of one place. */
export const groups: readonly MachineGroup[] = [
  { id: "dialing", y: 88 },
  { id: "linked", y: 188 },
];

export interface Edge {
  readonly from: Place;
  readonly to: Place;
  readonly path: string;
  /** Why it is taken. */
  readonly label: string;
  readonly at: readonly [x: number, y: number, anchor: "start" | "middle" | "end"];
}

export const edges: readonly Edge[] = [
  { from: "idle", to: "waiting", path: "M96 22H131", label: "wanted", at: [114, 11, "middle"] },
  { from: "waiting", to: "idle", path: "M134 34H99", label: "off", at: [116, 47, "middle"] },
  { from: "idle", to: "dialing", path: "M70 42V85", label: "connect", at: [75, 68, "start"] },
  { from: "dialing", to: "idle", path: "M36 88V45", label: "off", at: [31, 68, "end"] },
  { from: "waiting", to: "dialing", path: "M156 42V85", label: "due", at: [151, 68, "end"] },
  { from: "dialing", to: "waiting", path: "M178 88V45", label: "failed", at: [183, 68, "start"] },
  { from: "failed", to: "dialing", path: "M276 42V85", label: "connect", at: [271, 68, "end"] },
  { from: "dialing", to: "failed", path: "M294 88V45", label: "refused", at: [298, 68, "start"] },
  { from: "dialing", to: "linked", path: "M178 144V185", label: "welcome", at: [183, 168, "start"] },
  { from: "linked", to: "dialing", path: "M70 188V147", label: "replaced", at: [75, 168, "start"] },
  { from: "linked", to: "waiting", path: "M328 222H341V4H176V11", label: "lost", at: [336, 168, "end"] },
  { from: "linked", to: "idle", path: "M12 222H4V28H9", label: "off", at: [10, 168, "start"] },
];

const ofPhase: Readonly<Record<Snapshot["phase"], NodeId>> = {
  idle: "idle",
  waiting: "waiting",
  failed: "failed",
  token: "token",
  transport: "transport",
  handshake: "handshake",
  linked: "connected",
};

/** The nodes that are lit, the one that counts first. */
export function litBy(snapshot: Pick<Snapshot, "phase" | "status">, probing: boolean): readonly NodeId[] {
  if (snapshot.phase !== "linked") return [ofPhase[snapshot.phase]];
  const main: NodeId = snapshot.status === "featureThrottled" ? "throttled" : "connected";
  return probing ? [main, "probing"] : [main];
}

export const nodeOf = (id: NodeId): MachineNode => nodes.find((node) => node.id === id) as MachineNode;

export const edgeBetween = (from: NodeId, to: NodeId): Edge | undefined =>
  edges.find((edge) => edge.from === nodeOf(from).place && edge.to === nodeOf(to).place);

/** The diagram in words. */
export function inWords(lit: readonly NodeId[], before: NodeId | undefined): string {
  const current = lit[0] ?? "idle";
  const also = lit.slice(1);
  const { place, means } = nodeOf(current);
  const inside = place === current ? current : `${place}, ${[current, ...also].join(" and ")}`;
  const edge = before === undefined ? undefined : edgeBetween(before, current);
  const came = edge === undefined ? "" : ` It came from ${edge.from}: ${edge.label}.`;
  const leads = edges.filter(({ from }) => from === place).map(({ to, label }) => `${to} (${label})`);
  return `State: ${inside}. ${means}${came} From here it can go to ${leads.join(", ")}.`;
}
