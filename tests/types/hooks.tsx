/** What the types of the hooks accept and refuse. Compiled, never run. */
import { ConnectionProvider, useClient, useConnection, useConnectionStatus } from "@cc/react";
import { type Client, createClient, type Snapshot, type Status } from "@cc/sdk";
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
  // @ts-expect-error: no such field of the snapshot
  useConnection((one) => one.attempts);
  return (
    <p title={String(wrong)}>
      {status} {attempt} {snapshot.reason}
    </p>
  );
}

// @ts-expect-error: the client is a client
export const broken: ReactElement = <ConnectionProvider client={{}}>text</ConnectionProvider>;
