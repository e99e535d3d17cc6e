/** What the transcript is written on. Law: one line, one thing; every line that something happened in carries its time. */
import type { StatusChange } from "@cc/sdk";
import pc from "picocolors";

type Paint = (text: string) => string;

export interface Paper {
  /** Milliseconds since the transcript began. */
  now(): number;
  /** A heading. */
  scene(title: string): void;
  /** Something that the reader should know and that did not happen just now. */
  note(text: string): void;
  /** Something that happened to, or was done by, `who`. */
  line(who: string, text: string): void;
  /** A change of status, with what the client says about it. */
  status(who: string, change: StatusChange, why: string): void;
  passed(name: string, evidence: string): void;
  failed(name: string, evidence: string): void;
}

const colours: Readonly<Record<StatusChange["current"], Paint>> = {
  connected: pc.green,
  connecting: pc.yellow,
  disconnected: pc.red,
  featureThrottled: pc.magenta,
};

export function createPaper(write: (line: string) => void): Paper {
  const start = performance.now();
  const now = (): number => performance.now() - start;
  const stamped = (who: string, text: string): void =>
    write(`${pc.dim(`${(now() / 1000).toFixed(3).padStart(7)} s`)}  ${pc.bold(who.padEnd(7))}  ${text}`);
  return {
    now,
    scene: (title) => write(`\n${pc.bold(pc.cyan(title))}`),
    note: (text) => write(pc.dim(`           ${text}`)),
    line: stamped,
    status: (who, { current, reason }, why) =>
      stamped(who, `${colours[current](`● ${current.padEnd(16)}`)} ${why} ${pc.dim(`(${reason})`)}`),
    passed: (name, evidence) => write(`           ${pc.green("✓")} ${name} ${pc.dim(`— ${evidence}`)}`),
    failed: (name, evidence) => write(`           ${pc.red("✗")} ${pc.bold(name)} — ${evidence}`),
  };
}
