/** The report for people. Law: a line for each step as it ends; under a fault what it means and what to do; text of others paints nothing. */
import type pc from "picocolors";
import { plain } from "../output.js";
import type { Report, Step } from "./report.js";

type Colours = ReturnType<typeof pc.createColors>;

const nameWidth = 12;
const statusWidth = 8;
const timeWidth = 9;

export function stepPrinter(
  write: (line: string) => void,
  { dim, red, green, yellow, bold }: Colours,
): (step: Step) => void {
  const paint = { ok: green, warning: yellow, failed: red, skipped: dim } as const;
  return (step) => {
    const head = `${bold(step.name.padEnd(nameWidth))}${paint[step.status](step.status.padEnd(statusWidth))}`;
    if (step.status === "skipped") {
      write(`${head}${" ".repeat(timeWidth)}  ${dim(step.reason)}`);
      return;
    }
    write(`${head}${`${step.ms} ms`.padStart(timeWidth)}  ${plain(step.detail)}`);
    if (step.meaning === undefined) return;
    const indent = " ".repeat(nameWidth);
    write(`${indent}${dim(`what it means [${step.code}]:`)} ${plain(step.meaning)}`);
    write(`${indent}${dim("what to do:")} ${plain(step.remedy ?? "")}`);
  };
}

/** The last line. */
export function summary({ steps }: Report): string {
  const failed = steps.find(({ status }) => status === "failed");
  if (failed !== undefined) return `Fault at ${failed.name}.`;
  const warned = steps.filter(({ status }) => status === "warning").map(({ name }) => name);
  // tls alone may be skipped and leave nothing open: the URL asked for none.
  const open = steps.filter(({ name, status }) => status === "skipped" && name !== "tls").map(({ name }) => name);
  const notes = [
    ...(warned.length > 0 ? [`warnings at ${warned.join(", ")}`] : []),
    ...(open.length > 0 ? [`not tried: ${open.join(", ")}`] : []),
  ];
  return `No fault found${notes.length > 0 ? `; ${notes.join("; ")}` : ""}.`;
}
