/** cc.1 against a server that knows only docs/protocol.md: the Python one of packages/protocol/interop, in a process of its own. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { nodeClock } from "@cc/platform-node";
import { cc1 } from "@cc/sdk/portable";
import { type ProtocolHarness, protocolConformance } from "@cc/testkit/conformance";
import { createFaultProxy, type FaultProxy } from "@cc/testkit/node";
import { createWsTransport } from "@cc/transport-ws";
import { afterAll, beforeAll } from "vitest";

const program = fileURLToPath(new URL("../../packages/protocol/interop/server.py", import.meta.url));

interface Answer {
  readonly port?: number;
  readonly id?: number;
  readonly ok?: unknown;
  readonly error?: string;
}

interface Waiting {
  readonly resolve: (ok: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** The server's process, with a promise for each line that is written to it. */
class Python {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #waiting = new Map<number, Waiting>();
  readonly listening: Promise<number>;
  readonly ended: Promise<void>;
  #said = "";
  #asked = 0;

  constructor(python: string) {
    this.#child = spawn(python, ["-u", program], { stdio: "pipe" });
    this.#child.stderr.on("data", (chunk: Buffer) => {
      this.#said += chunk.toString();
      process.stderr.write(chunk);
    });
    let listening: Waiting;
    this.listening = new Promise((resolve, reject) => {
      listening = { resolve: resolve as Waiting["resolve"], reject };
    });
    createInterface({ input: this.#child.stdout }).on("line", (line) => {
      const { port, id, ok, error } = JSON.parse(line) as Answer;
      if (port !== undefined) listening.resolve(port);
      const one = this.#waiting.get(id ?? -1);
      this.#waiting.delete(id ?? -1);
      if (error === undefined) one?.resolve(ok);
      else one?.reject(new Error(`server.py: ${error}`));
    });
    this.ended = new Promise((resolve) => {
      const over = (): void => {
        const error = new Error(`server.py has ended\n${this.#said}`);
        listening.reject(error);
        for (const { reject } of this.#waiting.values()) reject(error);
        resolve();
      };
      this.#child.once("error", over);
      this.#child.once("exit", over);
    });
  }

  ask(what: string, more: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    const id = ++this.#asked;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#child.stdin.write(`${JSON.stringify({ id, do: what, ...more })}\n`);
    });
  }

  /** Ends it by the end of its input, and by force when that does nothing. */
  async stop(): Promise<void> {
    this.#child.stdin.end();
    const force = setTimeout(() => this.#child.kill("SIGKILL"), 3_000);
    await this.ended;
    clearTimeout(force);
  }
}

let python: Python;
let proxy: FaultProxy;
let harness: ProtocolHarness;

beforeAll(async () => {
  const { CC_PYTHON = "python3" } = process.env;
  python = new Python(CC_PYTHON);
  proxy = await createFaultProxy({ target: { host: "127.0.0.1", port: await python.listening } });
  const clock = nodeClock;
  const pass = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
  harness = {
    protocol: cc1(),
    clock,
    openLink: createWsTransport(),
    url: proxy.url(),
    // A token that is about to end is renewed at once here, not 30 s after the login.
    policy: { refreshSpacingMs: 200 },
    token: async (user, lifeMs) => (await python.ask("token", { user, lifeMs })) as string,
    revoke: async (user) => void (await python.ask("revoke", { user })),
    publish: async (channel, kind, data) => void (await python.ask("publish", { channel, kind, data })),
    member: async (group, user, change) => void (await python.ask("member", { group, user, change })),
    throttle: async (features) => void (await python.ask("throttle", { features })),
    drain: async (minDelayMs, spreadMs) => void (await python.ask("drain", { minDelayMs, spreadMs })),
    undrain: async () => void (await python.ask("undrain")),
    loseLog: async () => void (await python.ask("loseLog")),
    cut: () => proxy.cut(),
    refuse: (on) => proxy.refuse(on),
    async until(what, holds, ms = 10_000) {
      const end = clock.now() + ms;
      while (!holds()) {
        if (clock.now() > end) throw new Error(`not within ${ms} ms: ${what}`);
        await pass(5);
      }
    },
    pass,
  };
});

afterAll(async () => {
  await proxy?.close();
  await python?.stop();
});

protocolConformance("cc1, a Python server written from docs/protocol.md", () => harness);
