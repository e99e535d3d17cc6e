/**
 * What is done a thousand times, in Node and in a page: a reconnect, a login and logout, a client from its making to its end.
 *
 * Law: a deed is over when all that it began is; it uses whatever an application could leave behind (listeners under an id, with a
 * signal, once; iterators; promises that end with the client).
 */
import type { Client, ClientOptions } from "@cc/sdk";
import type { DeedName } from "../judge.js";

export interface Means {
  readonly url: string;
  readonly uids: readonly string[];
  createClient(options: ClientOptions): Client;
  /** Lives as long as the process. */
  readonly signal: AbortSignal;
  /** Resets all sockets of the clients from outside; absent where nobody can. */
  cut?(): void;
}

/** Quick: attempts follow one another at once, and what ends is over at once. */
const policy: NonNullable<ClientOptions["policy"]> = {
  minSpreadMs: 1,
  maxSpreadMs: 2,
  wakeJitterMs: 1,
  stableMs: 1,
  caps: [[Number.POSITIVE_INFINITY, 4]],
};

const authKey = "auth-key-1";
const nothing = (): void => {};

/** Prepares it; what it returns does the deed for the n-th time. */
export async function deed(name: DeedName, means: Means): Promise<(n: number) => Promise<void>> {
  const { url, uids, createClient, signal, cut } = means;
  const [ann = "", bob = ""] = uids;

  if (name === "clients")
    return async () => {
      const client = createClient({ url, policy });
      client.addConnectionListener("app", { onConnected: nothing });
      client.addLoginListener("app", { loginSuccess: nothing });
      client.subscribe(nothing, { signal });
      client.on("*", nothing, { signal });
      const status = client.events("status", { signal });
      void status.next();
      await client.init("demo");
      await client.login(ann, authKey);
      await client.until("linked", { signal, timeoutMs: 20_000 });
      await client.send(`user:${bob}`, "poke", 1, { ephemeral: true, signal });
      const never = client.until("featureThrottled", { signal }).catch(nothing);
      await client.dispose();
      await never;
    };

  const client = createClient({ url, policy });
  await client.init("demo");
  if (name === "logins")
    return async (n) => {
      const uid = n % 2 ? ann : bob;
      await client.login(uid, authKey);
      await client.until("linked", { signal, timeoutMs: 20_000 });
      const { revoked } = await client.logout();
      if (!revoked) throw new Error("the gateway was not told of the logout");
    };

  await client.login(ann, authKey);
  await client.until("linked", { timeoutMs: 20_000 });
  return async (n) => {
    const linked = new Promise<void>((resolve) => client.on("session", () => resolve(), { once: true, signal }));
    // By itself, and by what happens to it.
    if (cut !== undefined && n % 2) cut();
    else await client.reconnect({ signal });
    await linked;
    await client.send(`user:${bob}`, "poke", n, { ephemeral: true, signal });
  };
}
