/** What the storm and its gateway say to each other over the channel of the fork. */
import { fork } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

export const gatewayKeys = {
  appId: "fuzz",
  apiKey: "api-key-of-the-fuzz",
  authKey: "auth-key-of-the-fuzz",
  jwtSecret: "a secret of the fuzz, as long as it must be",
} as const;

export const evilUid = (index: number): string => `evil-${index}`;

export interface GatewayQuestion {
  readonly ask: "memory" | "stats" | "close";
}

export type GatewayAnswer =
  | {
      readonly told: "ready";
      readonly host: string;
      readonly port: number;
      readonly url: string;
      readonly tokens: readonly (readonly [uid: string, token: string])[];
    }
  | { readonly told: "memory"; readonly heapUsed: number; readonly external: number; readonly rss: number }
  | {
      readonly told: "stats";
      readonly connections: number;
      readonly linked: number;
      readonly faults: readonly string[];
    };

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
  const tsx = createRequire(import.meta.url).resolve("tsx");
  const child = fork(fileURLToPath(new URL("./programs/gateway.ts", import.meta.url)), [String(evil)], {
    execArgv: ["--conditions=@cc/source", "--import", tsx, "--expose-gc"],
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
