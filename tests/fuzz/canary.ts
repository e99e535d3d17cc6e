/**
 * Two honest clients of `@cc/sdk` in the middle of the storm: each sends to the other and to a group of theirs, all the while.
 *
 * Law: what was acknowledged arrives once and in order, nothing else arrives, and the link is never lost: what hostile links do is no matter of theirs.
 */
import { type AppEvent, type Client, createClient } from "@cc/sdk";
import { createScriptedLifecycle } from "@cc/testkit";
import { gatewayKeys } from "./gatewayTalk.js";

export interface Canary {
  readonly links: number;
  readonly sent: number;
  readonly received: number;
  /** Ends the sending, waits for what is under way, and says what was wrong. Disposes. */
  finish(): Promise<readonly string[]>;
  dispose(): Promise<void>;
}

/** Between two rounds of sends, in milliseconds. */
const everyMs = 15;
const patienceMs = 20_000;
const channels = ["user:canary", "user:friend", "group:den"] as const;

interface Bird {
  readonly uid: string;
  readonly client: Client;
  /** Numbers received, by channel and sender. */
  readonly heard: Map<string, number>;
}

export async function startCanary(url: string, tokenOf: (uid: string) => string): Promise<Canary> {
  const faults: string[] = [];
  const birds: Bird[] = [];
  let sent = 0;
  let acknowledged = 0;
  let received = 0;
  let wanted = 0;
  let going = true;
  const run = Date.now().toString(36);
  const counts = new Map<string, number>();

  const hear = (bird: Bird, { channel, from, kind, data }: AppEvent): void => {
    if (kind === "member") return;
    const { n, of } = (data ?? {}) as { readonly n?: unknown; readonly of?: unknown };
    // Whoever may send may send: what an evil user says in the open is no fault, and no business of this count.
    if (from !== "canary" && from !== "friend") {
      if (JSON.stringify(data).includes("ghost"))
        faults.push(`the canary was told what must reach nobody: ${JSON.stringify(data).slice(0, 200)}`);
      return;
    }
    // An earlier pair's, replayed.
    if (of !== run) return;
    const key = `${channel} ${from}`;
    const last = bird.heard.get(key) ?? 0;
    if (n !== last + 1) faults.push(`${bird.uid} heard ${String(n)} after ${last} on ${key}`);
    bird.heard.set(key, Number(n));
    received += 1;
  };

  for (const uid of ["canary", "friend"]) {
    // A machine with other work may keep either process from running for seconds; half a minute is no matter of the machine.
    const policy = { probeMs: 30_000, ackProbeMs: 10_000 };
    const client = createClient({ url, lifecycle: createScriptedLifecycle(), policy });
    const bird: Bird = { uid, client, heard: new Map() };
    client.on("event", (event) => hear(bird, event));
    client.on("gap", () => faults.push(`${uid} was told a gap`));
    await client.init(gatewayKeys.appId);
    await client.login(tokenOf(uid));
    await client.until("linked", { timeoutMs: patienceMs });
    client.on("status", ({ current, reason }) => {
      if (going && current !== "connected" && current !== "featureThrottled")
        faults.push(`${uid} lost its link: ${reason}`);
    });
    birds.push(bird);
  }

  const send = async ({ uid, client }: Bird, channel: string): Promise<void> => {
    const key = `${channel} ${uid}`;
    const n = (counts.get(key) ?? 0) + 1;
    counts.set(key, n);
    sent += 1;
    // To a user's own channel: his other instances and nobody else; to the group: the other of the two.
    if (channel !== `user:${uid}`) wanted += 1;
    try {
      await client.send(channel, "message", { n, of: run });
      acknowledged += 1;
    } catch (error) {
      faults.push(`${uid} could not send: ${String(error)}`);
    }
  };
  const sending = (async () => {
    while (going && faults.length === 0) {
      await Promise.all(birds.flatMap((bird) => channels.map((channel) => send(bird, channel))));
      await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
  })();
  const dispose = async (): Promise<void> => {
    going = false;
    await Promise.all(birds.map(({ client }) => client.dispose()));
  };

  return {
    links: birds.length,
    get sent() {
      return sent;
    },
    get received() {
      return received;
    },
    async finish() {
      going = false;
      await sending;
      const late = performance.now() + patienceMs;
      while (received < wanted && performance.now() < late) await new Promise((resolve) => setTimeout(resolve, 10));
      if (received !== wanted) faults.push(`${wanted} events were owed to the canaries, ${received} arrived`);
      if (acknowledged !== sent) faults.push(`${sent} sends of the canaries, ${acknowledged} acknowledged`);
      await dispose();
      return faults;
    },
    dispose,
  };
}
