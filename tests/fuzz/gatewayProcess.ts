/** Starts the gateway under fire, and talks to it. */
import { fork } from "node:child_process";
import { builtProgram } from "../../scripts/lib/program.js";
import type { GatewayAnswer, GatewayQuestion } from "./gatewayTalk.js";

type Told<T extends GatewayAnswer["told"]> = Extract<GatewayAnswer, { readonly told: T }>;

/** A gateway in a process of its own. */
export interface GatewayProcess {
  readonly ready: Told<"ready">;
  memory(): Promise<Told<"memory">>;
  stats(): Promise<Told<"stats">>;
  /** It ended by itself: why, as far as it said. */
  readonly died: () => string | undefined;
  close(): Promise<void>;
}

/** Starts one with so many hostile users. */
export async function startGatewayProcess(evil: number): Promise<GatewayProcess> {
  const { file } = await builtProgram(new URL("./programs/gateway.ts", import.meta.url));
  const child = fork(file, [String(evil)], {
    execArgv: ["--expose-gc"],
    stdio: ["ignore", "inherit", "pipe", "ipc"],
  });
  let stderr = "";
  let ended: string | undefined;
  const waiting: {
    readonly told: string;
    readonly done: (answer: GatewayAnswer) => void;
    readonly failed: (error: Error) => void;
  }[] = [];
  child.stderr?.on("data", (chunk: Buffer) => {
    stderr = (stderr + String(chunk)).slice(-4_000);
  });
  child.on("message", (answer: GatewayAnswer) => {
    const at = waiting.findIndex(({ told }) => told === answer.told);
    if (at >= 0) waiting.splice(at, 1)[0]?.done(answer);
  });
  const exited = new Promise<void>((resolve) => {
    child.once("close", (code, signal) => {
      ended = `the gateway ended (${signal ?? code}): ${stderr}`;
      for (const { failed } of waiting.splice(0)) failed(new Error(ended));
      resolve();
    });
  });
  const wait = <T extends GatewayAnswer["told"]>(told: T): Promise<Told<T>> =>
    new Promise((resolve, reject) => {
      if (ended !== undefined) reject(new Error(ended));
      else waiting.push({ told, done: resolve as (answer: GatewayAnswer) => void, failed: reject });
    });
  const ask = <T extends "memory" | "stats">(what: T): Promise<Told<T>> => {
    const answer = wait(what);
    if (child.connected) child.send({ ask: what } satisfies GatewayQuestion);
    return answer;
  };
  const end = (): void => void child.kill("SIGKILL");
  process.on("exit", end);
  return {
    ready: await wait("ready"),
    memory: () => ask("memory"),
    stats: () => ask("stats"),
    died: () => ended,
    async close() {
      if (ended === undefined && child.connected) child.send({ ask: "close" } satisfies GatewayQuestion);
      const late = setTimeout(end, 5_000);
      await exited;
      clearTimeout(late);
      process.off("exit", end);
    },
  };
}
