/**
 * The world of the transcript: one gateway, one fault proxy for each user, and the witness that compares what the clients claim
 * with what the gateway counts. Law: whatever was opened here is closed by `close()`, in whatever state the run ended.
 */
import { randomBytes } from "node:crypto";
import { createGateway, type Gateway } from "@cc/gateway";
import type { GetToken } from "@cc/sdk";
import { createFaultProxy, type FaultProxy } from "@cc/testkit/node";
import type { Breakage } from "../flags.js";
import { type Actor, createActor } from "./actor.js";
import { brokenGateway } from "./breaks.js";
import type { Checks } from "./checks.js";
import { heartbeatMs } from "./numbers.js";
import type { Paper } from "./paper.js";
import { createWitness, type Witness } from "./witness.js";

export const appId = "demo";
export const secret = (): string => randomBytes(24).toString("hex");

/** What an app's own server would do for `getToken`. */
export interface TokenServer {
  /** Why it was asked, each time. */
  readonly asked: string[];
  /** Answered instead of a fresh token while it is set. */
  stale: string | undefined;
  readonly getToken: GetToken;
}

export interface World {
  readonly gateway: Gateway;
  readonly authKey: string;
  /** In auto mode. */
  readonly alice: Actor;
  /** In manual mode. */
  readonly bob: Actor;
  /** Bob's own token server. */
  readonly tokens: TokenServer;
  readonly checks: Checks;
  readonly paper: Paper;
  readonly witness: Witness;
  close(): Promise<void>;
}

export async function createWorld(paper: Paper, checks: Checks, broken: Breakage | undefined): Promise<World> {
  const authKey = secret();
  const opened: { close(): Promise<unknown> }[] = [];
  const close = async (): Promise<void> => {
    // Last opened, first closed: clients before proxies before the gateway.
    for (const one of opened.splice(0).reverse()) await one.close();
  };
  try {
    const real = await createGateway({
      appId,
      apiKey: secret(),
      jwtSecret: secret(),
      authKey,
      users: [
        { uid: "alice", name: "Alice" },
        { uid: "bob", name: "Bob" },
      ],
      heartbeatMs,
      // Features are shed by the scene about it; a busy machine would otherwise shed some in the middle of another.
      throttling: false,
    });
    opened.push(real);
    const gateway = brokenGateway(real, broken);
    const actor = async (uid: string): Promise<Actor> => {
      const proxy: FaultProxy = await createFaultProxy({ target: gateway.address });
      opened.push(proxy);
      const made = createActor({ uid, gateway, proxy, paper, broken });
      opened.push({ close: () => made.client.dispose() });
      return made;
    };
    const alice = await actor("alice");
    const bob = await actor("bob");
    const witness = createWitness([alice, bob], () => real.stats().linked);
    opened.push({ close: async () => witness.stop() });
    const tokens: TokenServer = {
      asked: [],
      stale: undefined,
      async getToken({ reason }) {
        tokens.asked.push(reason);
        return tokens.stale ?? (await real.mintToken("bob")).token;
      },
    };
    return { gateway, authKey, alice, bob, tokens, checks, paper, witness, close };
  } catch (error) {
    await close();
    throw error;
  }
}
