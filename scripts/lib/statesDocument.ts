/**
 * docs/states.md and its two pictures, out of the machine: the table of desire asked of `desire()` itself, the rest from an
 * enumeration. Law: no line of it is written by hand about a state or an arrow; the same sources give the same bytes.
 */
import { Graphviz } from "@hpcc-js/wasm-graphviz";
import { desire, type Facts } from "../../packages/core/src/desire.js";
import {
  type Arrow,
  machine,
  type Outline,
  type OutlinePhase,
  outline,
  phases,
} from "../../packages/testkit/src/model/index.js";

export interface Theme {
  readonly ink: string;
  readonly line: string;
  readonly quiet: string;
  readonly fill: Readonly<Record<OutlinePhase, string>>;
}

const light: Theme = {
  ink: "#1f2328",
  line: "#57606a",
  quiet: "#6e7781",
  fill: {
    idle: "#eaeef2",
    waiting: "#fff3c4",
    token: "#d8ecff",
    transport: "#d8ecff",
    handshake: "#d8ecff",
    linked: "#cdf3d5",
    failed: "#ffdcd7",
  },
};
const dark: Theme = {
  ink: "#e6edf3",
  line: "#8b949e",
  quiet: "#9da7b3",
  fill: {
    idle: "#30363d",
    waiting: "#4d3d05",
    token: "#0c3666",
    transport: "#0c3666",
    handshake: "#0c3666",
    linked: "#10432a",
    failed: "#5c1a17",
  },
};

export interface StatesFiles {
  readonly "states.md": string;
  readonly "states-light.svg": string;
  readonly "states-dark.svg": string;
}

/** All three, generated. */
export async function statesDocument(found: Outline = outline(machine)): Promise<StatesFiles> {
  const graphviz = await Graphviz.load();
  const draw = (theme: Theme): string => tidy(graphviz.layout(dot(found, theme), "svg", "dot"));
  return { "states.md": text(found), "states-light.svg": draw(light), "states-dark.svg": draw(dark) };
}

/** Without the comments that name the tool's build, and with a title of its own for whoever cannot see it. */
const tidy = (svg: string): string =>
  `${svg
    .slice(svg.indexOf("<svg"))
    .replace(/<!--[\s\S]*?-->\n?/g, "")
    .replace(/(<svg[^>]*>)/, "$1\n<title>The phases of a connection</title>")
    .trim()}\n`;

// ---- the picture -----------------------------------------------------------------------------------------------

/** The boxes: the three stages of an attempt are one. */
const boxes = ["idle", "waiting", "attempt", "linked", "failed"] as const;
type Box = (typeof boxes)[number];

const boxOf = (phase: OutlinePhase): Box =>
  phase === "token" || phase === "transport" || phase === "handshake" ? "attempt" : phase;

function labels(arrows: readonly Arrow[], from: Box, to: Box): readonly string[] {
  const words = arrows.filter((a) => boxOf(a.from) === from && boxOf(a.to) === to).map(({ event }) => event);
  return [...new Set(words)].map((word) => word.replace("tick: ", "due: ")).sort();
}

function wrap(words: readonly string[], perLine: number): string {
  const lines: string[] = [];
  for (let i = 0; i < words.length; i += perLine) lines.push(`  ${words.slice(i, i + perLine).join(", ")}  `);
  return lines.join("\\n");
}

const living = ["waiting", "attempt", "linked"] as const;

function dot({ arrows }: Outline, theme: Theme): string {
  // What leads to idle from every phase that is alive is said once, in idle's own box.
  const toIdle = living.map((from) => labels(arrows, from, "idle"));
  const common = (toIdle[0] ?? []).filter((word) => toIdle.every((words) => words.includes(word)));
  const lines: string[] = [];
  for (const from of boxes) {
    for (const to of boxes) {
      const all = from === to ? [] : labels(arrows, from, to);
      const words = to === "idle" && from !== "failed" ? all.filter((word) => !common.includes(word)) : all;
      if (words.length === 0) continue;
      const ends = to === "idle" || to === "failed";
      const back = boxes.indexOf(to) < boxes.indexOf(from);
      const ink = ends ? `, color="${theme.quiet}", style=dashed` : "";
      lines.push(
        back
          ? `${to} -> ${from} [dir=back, label="${wrap(words, 2)}"${ink}];`
          : `${from} -> ${to} [label="${wrap(words, 2)}"${ink}];`,
      );
    }
  }
  const node = (box: Box, label: string, fill: string): string => `${box} [label=<${label}>, fillcolor="${fill}"];`;
  const small = (words: string): string => `<font point-size="11" color="${theme.quiet}">${words}</font>`;
  return `digraph machine {
  graph [bgcolor="transparent", rankdir=TB, nodesep=0.5, ranksep=0.6, pad=0.15];
  node [shape=box, style="rounded,filled", color="${theme.line}", fontcolor="${theme.ink}", fontname="Helvetica", fontsize=16, margin="0.25,0.12"];
  edge [color="${theme.line}", fontcolor="${theme.ink}", fontname="Helvetica", fontsize=11, arrowsize=0.8];
  ${node("idle", `idle<br/>${small(`from waiting, an attempt and linked:<br/>${common.join(", ")}`)}`, theme.fill.idle)}
  ${node("waiting", `waiting<br/>${small("a dial is due")}`, theme.fill.waiting)}
  ${node("attempt", `an attempt<br/>${small("token → transport → handshake")}`, theme.fill.transport)}
  ${node("linked", "linked", theme.fill.linked)}
  ${node("failed", `failed<br/>${small("only a call leads out")}`, theme.fill.failed)}
  ${lines.join("\n  ")}
}`;
}

// ---- the text --------------------------------------------------------------------------------------------------

const code = (words: readonly string[]): string => words.map((word) => `\`${word}\``).join(", ");

function row(name: string, facts: Facts, background: Parameters<typeof desire>[1]["background"]): string {
  const want = desire(facts, { background });
  return `| ${name} | ${want.tag}${want.tag === "link" ? `: ${want.urgency}` : ""} | ${want.tag === "link" ? "" : `\`${want.reason}\``} |`;
}

function desires(): readonly string[] {
  const at = { now: 0, wall: 0 };
  const facts: Facts = {
    session: {
      tag: "active",
      user: "ann",
      token: null,
      renewable: true,
      job: null,
      burnt: [],
      rejections: 0,
      refreshFrom: 0,
    },
    mode: { auto: true, wish: "on" },
    app: { tag: "foreground" },
    page: "shown",
  };
  const away: Facts["app"] = { tag: "background", since: at, hold: null };
  const held: Facts["app"] = { tag: "background", since: at, hold: { why: "grace", from: at, ms: 1 } };
  return [
    row("not initialised", { ...facts, session: { tag: "uninitialized" } }, "disconnect"),
    row("logged out", { ...facts, session: { tag: "loggedOut" } }, "disconnect"),
    ...(["manual", "disconnectCalled", "leaseExpired", "lostInBackground"] as const).map((wish) =>
      row(`the wish is \`${wish}\``, { ...facts, mode: { auto: false, wish } }, "disconnect"),
    ),
    row("page hidden", { ...facts, page: "hidden" }, "disconnect"),
    row("foreground", facts, "disconnect"),
    row("background, `keep`", { ...facts, app: away }, "keep"),
    row(
      "background, manual mode, the lease stands",
      { ...facts, app: held, mode: { auto: false, wish: "on" } },
      "disconnect",
    ),
    row(
      "background, auto mode, a grace or unacknowledged sends hold the link",
      { ...facts, app: held },
      { graceMs: 1 },
    ),
    row("background, auto mode", { ...facts, app: away }, "disconnect"),
  ];
}

const meaning: Readonly<Record<string, string>> = {
  hold: "a lease, a grace or a wait for acknowledgements ends: the wish goes, or the link",
  retry: "dials",
  attempt: "the attempt has failed; a timer that was late is forgiven once",
  probe: "nothing arrived since the probe: the link is dead; a timer that was late is forgiven twice",
  look: "looks whether the peer is quiet or an acknowledgement late, and probes",
  stable: "the ladder, the rejections and the last error are forgotten",
  leave: "a `goaway`'s time: the link is replaced",
  renew: "fetches a token, to renew in band",
  throttle: "a throttling has ended",
  notable: "the outage becomes notable",
};

function text({ arrows, deadlines, effects, states }: Outline): string {
  const events = [...new Set(arrows.map(({ event }) => event))].sort();
  const cell = (from: OutlinePhase, event: string): string =>
    arrows
      .filter((a) => a.from === from && a.event === event)
      .map(({ to, reasons }) => `**${to}** ${reasons.join(" ")}`)
      .join("; ");
  return `# The states of a connection

Generated by \`pnpm states\` out of the machine: an enumeration of ${states} states (\`pnpm model\` has the larger ones), each under every input. CI fails when
this page or its pictures are stale.

<picture>
  <source media="(prefers-color-scheme: dark)" srcset="states-dark.svg">
  <img alt="The phases of a connection and what leads from one to another; the table below has the same in words." src="states-light.svg">
</picture>

\`due: retry\` is the deadline \`retry\` that has passed (in the table \`tick: retry\`); dashed: to \`idle\` and to \`failed\`; what leads to \`idle\` from every living phase stands in its box. \`token\`, \`transport\` and \`handshake\` are the stages of one attempt: status \`connecting\`.
\`linked\` is \`connected\`, or \`featureThrottled\`. All else is \`disconnected\`.

## What the facts want

Read from top to bottom, the first row that applies wins. \`none\`: no link until a call changes that; \`hold\`: none until the surroundings change; \`link: dial\`:
have one, and make one; \`link: keep\`: keep what there is.

| when | wants | reason |
|---|---|---|
${desires().join("\n")}

## From phase to phase

What leads from one phase to another, with the reasons that the snapshot then gives. An empty cell: this input leads to no other phase from there. A link that
is replaced in the same step stays within its phase, or begins a new attempt.

| input | ${phases.join(" | ")} |
|---|${phases.map(() => "---|").join("")}
${events.map((event) => `| ${event} | ${phases.map((phase) => cell(phase, event)).join(" | ")} |`).join("\n")}

## Deadlines

One physical timer serves the earliest. All are derived from the state; none is set or cleared.

| deadline | stands in | when it has passed |
|---|---|---|
${Object.entries(deadlines)
  .map(([kind, where]) => `| ${kind} | ${code(where)} | ${meaning[kind] ?? ""} |`)
  .join("\n")}

## Effects

Acts of one moment; what exists over a span of time (sockets, token jobs, timers) is derived.

| effect | comes of |
|---|---|
${Object.entries(effects)
  .map(([type, by]) => `| ${type} | ${code(by)} |`)
  .join("\n")}
`;
}
