/**
 * A process that owes somebody an answer, or has let go of it. argv: what to do, where the gateway is, `unref`, `early` or `ref`.
 * `alive` is said by a timer that holds nothing: it comes only if something else does. Then everything is disposed of.
 */
import { type AuthApi, createClient } from "@cc/sdk";

const [what = "", at = "", letGo = ""] = process.argv.slice(2);
const say = (line: string): void => console.log(line);
const never = (): Promise<never> => new Promise(() => {});

// Without I/O: what holds is the client itself.
const auth: AuthApi = {
  login: what === "login" ? never : async () => ({ user: { uid: "ann" }, token: "t", expiresInMs: null }),
  me: never,
  refresh: never,
  revoke: never,
};
const client = createClient({ url: at, ...(/login|logout|dial/.test(what) && { auth }) });

/** Brings about what is owed. */
async function owe(): Promise<() => Promise<unknown>> {
  await client.init("demo", { autoEstablishSocketConnection: false });
  switch (what) {
    case "iterating":
      return () => client.events("status").next();
    case "until":
      return () => client.until("featureThrottled");
    case "login":
    case "rest":
      return () => client.login("ann", "auth-key-1");
    case "token":
      await client.login({
        uid: "ann",
        getToken: ({ reason }) => (reason === "login" ? { token: "t", expiresInMs: 1 } : never()),
      });
      return () => client.connect();
  }
  await client.login("ann", "auth-key-1");
  if (what === "logout") return () => client.logout();
  if (what === "dial") return () => client.connect();
  await client.connect();
  if (what === "linked") return never;
  // From then on the far end says nothing more.
  say("ready");
  await new Promise((resolve) => process.stdin.once("data", resolve));
  process.stdin.pause();
  const abort = new AbortController();
  const sent = client.send("user:bob", "message", 1, {
    signal: abort.signal,
    ...(what === "sendForEver" && { timeoutMs: Number.POSITIVE_INFINITY }),
  });
  sent.catch(() => {});
  say("sent");
  // Cut by the test: a close of our own would hold the process for its 2 s while the far end is silent.
  await client.until("disconnected");
  await client.disconnect();
  if (what === "aborted") abort.abort();
  return () => sent;
}

if (letGo === "early") client.unref();
const owed = await owe();
if (letGo !== "") client.unref();
if (letGo === "ref") client.ref();
say("begun");
owed().then(
  (value) => say(`resolved ${JSON.stringify(value)}`),
  (error: { code: string }) => say(`rejected ${error.code}`),
);
setTimeout(() => {
  say("alive");
  void client.dispose();
}, 500).unref();
