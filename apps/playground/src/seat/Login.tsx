/** Logging in: by the app's auth key, or by tokens from the app's own server, which also gets new ones when one is rejected. */
import { useClient } from "@cc/react";
import { type FormEvent, type ReactElement, useId, useState } from "react";
import { type Config, mintToken, type SeatConfig } from "../server.js";
import { errorText, type Log } from "./timeline.js";

interface Props {
  readonly config: Config;
  readonly seat: SeatConfig;
  readonly log: Log;
}

export function Login({ config, seat, log }: Props): ReactElement {
  const client = useClient();
  const id = useId();
  const [uid, setUid] = useState(seat.uid);
  const [how, setHow] = useState<"authKey" | "getToken">("authKey");
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();

  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setProblem(undefined);
    try {
      if (how === "authKey") {
        log("call", `login("${uid}", authKey)`, "");
        await client.login(uid, config.authKey);
      } else {
        log("call", `login({ uid: "${uid}", getToken })`, "");
        await client.login({ uid, getToken: () => mintToken(uid) });
      }
    } catch (error) {
      const { title, text } = errorText(error);
      log("error", title, text);
      setProblem(`${title}: ${text}`);
      setBusy(false);
    }
  };

  return (
    <form className="card login" onSubmit={(event) => void submit(event)}>
      <label htmlFor={`${id}-uid`}>User</label>
      <select id={`${id}-uid`} value={uid} onChange={(event) => setUid(event.target.value)}>
        {config.users.map((user) => (
          <option key={user.uid} value={user.uid}>
            {user.name} ({user.uid})
          </option>
        ))}
      </select>
      <label htmlFor={`${id}-how`}>Token from</label>
      <select
        id={`${id}-how`}
        value={how}
        onChange={(event) => setHow(event.target.value === "getToken" ? "getToken" : "authKey")}
      >
        <option value="authKey">the gateway, by auth key</option>
        <option value="getToken">your own server, by getToken</option>
      </select>
      <button type="submit" className="primary" disabled={busy}>
        {busy ? "Logging in…" : "Log in"}
      </button>
      {problem !== undefined && (
        <p className="failed" role="alert">
          {problem}
        </p>
      )}
    </form>
  );
}
