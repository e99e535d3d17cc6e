/** Who is logged in; by the app's auth key, or by tokens from the app's own server, which also gets new ones when one is rejected. */
import { useClient, useConnection } from "@cc/react";
import { type FormEvent, type ReactElement, useId, useState } from "react";
import { mintToken } from "../server.js";
import { Button } from "../ui.js";
import { useSeat } from "./context.js";

type How = "authKey" | "getToken" | "token";

export function Session({ disposed }: { readonly disposed: boolean }): ReactElement {
  const client = useClient();
  const user = useConnection((s) => s.user);
  const { config, seat, run } = useSeat();
  const id = useId();
  const [uid, setUid] = useState(seat.uid);
  const [how, setHow] = useState<How>("authKey");
  const [busy, setBusy] = useState(false);

  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    if (how === "authKey") {
      await run(`login("${uid}", "${config.authKey}")`, async () => (await client.login(uid, config.authKey)).uid);
    } else if (how === "getToken") {
      const getToken = (): ReturnType<typeof mintToken> => mintToken(uid, seat.id);
      await run(`login({ uid: "${uid}", getToken })`, async () => (await client.login({ uid, getToken })).uid);
    } else {
      const token = async (): Promise<string> => (await mintToken(uid, seat.id)).token;
      await run("login(authToken)", async () => (await client.login(await token())).uid);
    }
    setBusy(false);
  };
  const out = async (): Promise<string> =>
    (await client.logout()).revoked ? "the server forgot the token" : "locally; the server was not told";

  return (
    <form className="session" onSubmit={(event) => void submit(event)}>
      <label htmlFor={`${id}-uid`}>
        User
        <select
          id={`${id}-uid`}
          value={user ?? uid}
          disabled={user !== null}
          onChange={(event) => setUid(event.target.value)}
        >
          {config.users.map((one) => (
            <option key={one.uid} value={one.uid}>
              {one.name}
            </option>
          ))}
        </select>
      </label>
      <label htmlFor={`${id}-how`}>
        Token from
        <select
          id={`${id}-how`}
          value={how}
          disabled={user !== null}
          onChange={(event) => setHow(event.target.value as How)}
        >
          <option value="authKey">auth key</option>
          <option value="getToken">getToken</option>
          <option value="token">fixed token</option>
        </select>
      </label>
      {user === null ? (
        <button type="submit" className="primary" disabled={busy || disposed}>
          {busy ? "Logging in…" : "Log in"}
        </button>
      ) : (
        <Button disabled={disposed} onClick={() => void run("logout()", out)}>
          Log out
        </Button>
      )}
    </form>
  );
}
