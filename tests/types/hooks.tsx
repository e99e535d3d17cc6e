/** What the types of the hooks accept and refuse. Compiled, never run. */
import {
  ConnectionProvider,
  type Outage,
  useClient,
  useConnection,
  useConnectionStatus,
  useEvent,
  useOutage,
  useSend,
} from "@cc/react";
import { type Client, type ConnectionError, createClient, type SendAck, type Snapshot, type Status } from "@cc/sdk";
import type { ReactElement } from "react";

type Chat = { message: { readonly text: string } };
const client = createClient<Chat>();

export function App(): ReactElement {
  return (
    <ConnectionProvider client={client}>
      <Line />
    </ConnectionProvider>
  );
}

function Line(): ReactElement {
  const status: Status = useConnectionStatus();
  const snapshot: Snapshot = useConnection();
  const attempt: number = useConnection((one) => one.attempt);
  // @ts-expect-error: what was selected is a number
  const wrong: string = useConnection((one) => one.attempt);
  const own: Client<Chat> = useClient<Chat>();
  own.on("message", ({ data }) => data.text);
  const pair: { readonly user: string | null } = useConnection(
    (one) => ({ user: one.user }),
    (a, b) => a.user === b.user,
  );
  const outage: Outage | null = useOutage();
  const { send, pending, error } = useSend();
  const sent: Promise<SendAck | null> = send("user:bob", "message", { text: "hi" }, { ephemeral: true });
  const [isPending, failure]: [boolean, ConnectionError | null] = [pending, error];
  useEvent("status", ({ current }) => current satisfies Status);
  useEvent("gap", ({ from, to }) => [from.epoch, to.positions]);
  useEvent("message", ({ data }) => {
    // @ts-expect-error: without `Register` nobody knows what a kind carries
    data.text;
  });
  // @ts-expect-error: a handler is a function
  useEvent("message");
  // @ts-expect-error: a channel, a kind and data
  send("user:bob");
  // @ts-expect-error: no such field of the snapshot
  useConnection((one) => one.attempts);
  return (
    <p title={String(wrong)}>
      {status} {attempt} {snapshot.reason} {pair.user} {outage?.since} {String(sent)} {String(isPending)}{" "}
      {failure?.code}
    </p>
  );
}

export const made: ReactElement = (
  <ConnectionProvider create={() => createClient<Chat>()} start={(one) => one.init("app")}>
    <Line />
  </ConnectionProvider>
);
// @ts-expect-error: a client, or how to make one
export const none: ReactElement = <ConnectionProvider>text</ConnectionProvider>;
// @ts-expect-error: not both
export const both: ReactElement = <ConnectionProvider client={client} create={() => createClient()} />;

// @ts-expect-error: the client is a client
export const broken: ReactElement = <ConnectionProvider client={{}}>text</ConnectionProvider>;
