/**
 * `watch`: one client, from login to logout. Law: however it ends, the client is disposed, and a login that this program made is
 * undone; a token that was handed in belongs to somebody else and stays good.
 */
import { type Client, createClient, isConnectionError } from "@cc/sdk";
import type { WatchOptions } from "./options.js";
import type { Output } from "./output.js";

/** Runs until `signal` or a refusal for good; resolves with the exit code. */
export async function watch(options: WatchOptions, output: Output, signal: AbortSignal): Promise<number> {
  const client = createClient({ url: options.url, background: options.background });
  try {
    const refused = tell(client, output);
    const ended = await Promise.race([enter(client, options, output).then(() => refused), aborted(signal)]);
    if (ended === "refused") {
      output.end("failed");
      return 1;
    }
    await leave(client, options, output);
    return 0;
  } catch (error) {
    if (!isConnectionError(error)) throw error;
    output.error(error);
    output.end("failed");
    return 1;
  } finally {
    await client.dispose();
  }
}

/** Prints what the client tells; resolves when it has been refused for good. */
function tell(client: Client, output: Output): Promise<"refused"> {
  client.on("status", (change) => output.status(change, client.snapshot()));
  client.on("session", output.session);
  client.on("gap", output.gap);
  client.on("error", output.error);
  client.on("*", output.event);
  return new Promise((resolve) => {
    client.on("snapshot", ({ phase }) => {
      if (phase === "failed") resolve("refused");
    });
  });
}

async function enter(client: Client, { app, manual, credentials }: WatchOptions, output: Output): Promise<void> {
  await client.init(app, { autoEstablishSocketConnection: !manual });
  const user =
    credentials.how === "token"
      ? await client.login(credentials.token)
      : await client.login(credentials.uid, credentials.authKey);
  output.user(user);
  if (!manual) return;
  // Attempts go on after a timeout, and a refusal is told by its own event: neither ends the watch here.
  client.connect().catch((error: unknown) => {
    if (isConnectionError(error) && error.code === "ERR_CONNECT_TIMEOUT") output.error(error);
  });
}

async function leave(client: Client, { credentials }: WatchOptions, output: Output): Promise<void> {
  if (credentials.how === "token") {
    if (client.getLoggedInUser() !== null) await client.disconnect();
    output.end("disconnected");
    return;
  }
  const { error } = await client.logout();
  if (error !== undefined) output.error(error);
  output.end("loggedOut");
}

const aborted = (signal: AbortSignal): Promise<"aborted"> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve("aborted");
    signal.addEventListener("abort", () => resolve("aborted"), { once: true });
  });
