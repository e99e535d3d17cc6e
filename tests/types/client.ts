/** What the types of a client accept and refuse. Compiled, never run: by `pnpm types` here, by `pnpm matrix` against the tarballs. */
import {
  type AppEvent,
  type Cc1Send,
  type Client,
  ConnectionError,
  createClient,
  type ErrorCode,
  isConnectionError,
  rawProtocol,
  type SendAck,
  type Snapshot,
  type Status,
  type User,
} from "@cc/sdk";
import { type Explanation, explain } from "@cc/sdk/explain";
import { remediation } from "@cc/sdk/remediation";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_equal: Equal<A, B>): void => {};

type Chat = {
  message: { readonly text: string };
  typing: { readonly on: boolean };
};

const client = createClient<Chat>({ url: "https://gateway.example.com", background: { graceMs: 5_000 } });

// ---- events ----
client.on("message", (event) => {
  same<typeof event, AppEvent<{ readonly text: string }>>(true);
  const text: string = event.data.text;
  // @ts-expect-error: what one kind carries, another does not
  event.data.on;
  return text;
});
client.on("typing", ({ data: { on } }: AppEvent<{ readonly on: boolean }>) => on);
client.on("*", ({ data }) => same<typeof data, unknown>(true));
client.on("status", ({ previous, current }) => same<typeof previous | typeof current, Status>(true));
client.on("session", ({ recovery }) => same<typeof recovery, "resumed" | "gap" | "new">(true));
client.on("user", (user) => same<typeof user, User | null>(true));
// @ts-expect-error: no such kind
client.on("mesage", () => {});
// @ts-expect-error: a listener for another kind's data
client.on("message", ({ data }: AppEvent<{ readonly on: boolean }>) => data.on);
// @ts-expect-error: an event is for a listener, not for a string
client.on("message", "hello");
// @ts-expect-error: there is no such option
client.on("message", () => {}, { onnce: true });
const off = client.on("message", () => {}, { once: true, signal: new AbortController().signal });
off();

export const iterate = async (): Promise<void> => {
  for await (const event of client.events("message")) same<typeof event.data, { readonly text: string }>(true);
};

// ---- calls ----
export const calls = async (): Promise<void> => {
  await client.init("app");
  await client.init("app", { autoEstablishSocketConnection: false, background: "keep" });
  // @ts-expect-error: an app has a name
  await client.init();
  // @ts-expect-error: there are "disconnect", "keep" and { graceMs }
  await client.init("app", { background: "never" });
  // @ts-expect-error: how long?
  await client.init("app", { background: {} });

  const user = await client.login("alice", "key");
  same<typeof user, User>(true);
  await client.login("a-token");
  await client.login({ uid: "alice", getToken: ({ reason, signal }) => `${reason}${signal.aborted}` });
  await client.login({ uid: "alice", getToken: async () => ({ token: "t", expiresInMs: 1_000 }) });
  // @ts-expect-error: nobody gets the token
  await client.login({ uid: "alice" });
  // @ts-expect-error: a token is a string
  await client.login({ uid: "alice", getToken: () => 42 });

  const ack = await client.send("user:bob", "message", { text: "hello" }, { ephemeral: true });
  same<typeof ack, SendAck | null>(true);
  // @ts-expect-error: to whom, and what?
  await client.send("user:bob");
  // @ts-expect-error: there is no such option
  await client.send("user:bob", "message", {}, { retries: 3 });

  await client.until("linked", { timeoutMs: 5_000 });
  await client.until((snapshot) => snapshot.online);
  // @ts-expect-error: "open" is no status
  await client.until("open");
  const { alreadyConnected } = await client.connect({ signal: AbortSignal.timeout(1_000) });
  same<typeof alreadyConnected, boolean>(true);
  const { rttMs } = await client.ping();
  // @ts-expect-error: a protocol without a probe has no round trip
  rttMs.toFixed();
  // @ts-expect-error: a snapshot is read, not written
  client.snapshot().status = "connected";
  client.addConnectionListener("id", {
    onConnected: () => {},
    onConnectionError: ({ code }) => code satisfies ErrorCode,
  });
  // @ts-expect-error: a listener has a name
  client.addConnectionListener({ onConnected: () => {} });
  // @ts-expect-error: no such callback
  client.addConnectionListener("id", { onConected: () => {} });
  client.addLoginListener("id", { loginSuccess: ({ uid }) => uid.length });
};

// ---- options ----
createClient();
// @ts-expect-error: no such option
createClient({ uri: "https://gateway.example.com" });
// @ts-expect-error: a URL is text
createClient({ url: new URL("https://gateway.example.com") });
// @ts-expect-error: no such verdict
createClient({ shouldRetry: () => "again" });
createClient({ policy: { leaseSlackMs: 0 }, logger: { debug() {}, info() {}, warn() {}, error() {} } });

// ---- another protocol has another `send` ----
const raw = createClient({ url: "wss://echo.example.com", protocol: rawProtocol() });
raw.send("text").then((nothing) => same<typeof nothing, void>(true));
raw.send(new Uint8Array(2));
// @ts-expect-error: bytes or text, no channels
raw.send("user:bob", "message", {});
// @ts-expect-error: one client is not the other
same<typeof raw, Client>(true);
same<(typeof client)["send"], Cc1Send>(true);

// ---- errors, snapshot ----
export const told = (thrown: unknown): string => {
  // @ts-expect-error: not known yet to be one of ours
  thrown.code;
  if (!isConnectionError(thrown)) return "not ours";
  same<typeof thrown, ConnectionError>(true);
  // @ts-expect-error: codes are a closed set
  if (thrown.code === "ERR_WEB_SOCKET") return "misspelt";
  return remediation(thrown);
};
export const codes: readonly ErrorCode[] = ["ERROR_WEBSOCKETS_ALLREADY_IN_CONNECTED_STATE", "ERR_REPLACED"];
export const shown = (snapshot: Snapshot): Explanation => explain(snapshot);
// @ts-expect-error: an error has a code
new ConnectionError({ message: "no code" });
