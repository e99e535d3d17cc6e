/** Where the client is imported and may do nothing: server rendering, edge runtimes, a world without Node's globals (R30). */
import { join } from "node:path";
import { createContext, runInContext } from "node:vm";
import { build } from "esbuild";
import { run } from "../lib/run.js";
import { bring } from "./project.js";
import type { Trial, Verdict } from "./rows.js";

const program = async (project: string, args: readonly string[]): Promise<Verdict> => {
  const { code, stdout, stderr, timedOut } = await run(process.execPath, args, { cwd: project, limitMs: 60_000 });
  if (timedOut) return { problem: `did not end by itself\n${stdout}${stderr}` };
  return code === 0 ? { detail: stdout.trim() } : { problem: `exit code ${code}\n${stdout}${stderr}`.trim() };
};

/** What every runtime of the web has; no timer, no socket and no `fetch`, so that any use of them throws. */
const bareGlobals = (): Record<string, unknown> => ({
  AbortController,
  AbortSignal,
  URL,
  TextEncoder,
  TextDecoder,
  performance,
});

const bare = async (project: string): Promise<Verdict> => {
  const source = `
    import { createClient } from "@cc/sdk";
    import { CometChat } from "@cc/sdk/cometchat";
    const client = createClient({ url: "https://gateway.example.com" });
    globalThis.told = [client.getConnectionStatus(), CometChat.getConnectionStatus()].join();`;
  const { outputFiles } = await build({
    stdin: { contents: source, resolveDir: project },
    bundle: true,
    format: "iife",
    platform: "neutral",
    conditions: ["workerd"],
    mainFields: ["module", "main"],
    write: false,
    logLevel: "error",
  });
  const context = createContext(bareGlobals());
  runInContext(outputFiles[0]?.text ?? "", context);
  const told = String(context["told"]);
  return told === "disconnected,disconnected" ? { detail: "no timer, socket or fetch" } : { problem: told };
};

/** One trial for each place. */
export const runtimeTrials = (project: string): readonly Trial[] => {
  const render = bring(project, "render.mjs");
  const edge = bring(project, "edge.mjs");
  const trial = (name: string, tried: () => Promise<Verdict>): Trial => ({ part: "runtimes", name, try: tried });
  return [
    trial("server rendering", () => program(project, [render])),
    ...["browser", "worker", "workerd", "edge-light", "deno"].map((condition) =>
      trial(`condition ${condition}`, () => program(project, [`--conditions=${condition}`, edge])),
    ),
    trial("a world without Node's globals", () => bare(join(project))),
  ];
};
