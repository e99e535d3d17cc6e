/** Nothing of one user reaches the next, and no refused token is sent again (B2.4, B2.7, R16, R17). */
import { SEND } from "../codes.js";
import { markOf } from "./history.js";
import type { MakeLaw } from "./law.js";
import { arraysOf, type ClientRecord, objectsOf } from "./truth.js";

const ownerOf = (token: string): string => token.split("-token-")[0] ?? "";

export const identityLaw: MakeLaw = (truth, broken) => {
  /** Tokens that the server refused, by process. */
  const burnt = new Map<string, Set<string>>();
  /** Wires that the client gave up first: what comes on an old link changes nothing. */
  const left = new Set<number>();
  /** What the refusal that a client reads at this moment burnt, and when. */
  const reading = new Map<number, { readonly t: number; readonly token: string }>();
  const burn = (client: number, wire: number): string | undefined => {
    const record = truth.wires.get(wire);
    if (record?.token === undefined) return undefined;
    const key = `${client}.${record.process}`;
    const tokens = burnt.get(key) ?? new Set();
    burnt.set(key, tokens);
    if (tokens.has(record.token)) return undefined;
    tokens.add(record.token);
    return record.token;
  };
  return {
    up({ client: n, wire, frames }) {
      const client = truth.clients[n] as ClientRecord;
      const record = truth.wires.get(wire);
      if (record === undefined) return;
      for (const { token } of [...objectsOf(frames, "hello"), ...objectsOf(frames, "token")]) {
        const word = token as string;
        if (client.user !== null && ownerOf(word) !== client.user)
          broken("B2.4", `client ${n} is ${client.user} and sends a token of ${ownerOf(word)} on wire ${wire}`);
        if (burnt.get(`${n}.${record.process}`)?.has(word))
          broken("B2.7", `client ${n} sends a token again that the server has refused, on wire ${wire}`);
      }
      for (const send of arraysOf(frames, SEND)) {
        const call = truth.sends.get(markOf(send[4]) ?? "");
        if (call === undefined) continue;
        if (call.process !== record.process || call.client !== n)
          broken("B2.4", `client ${n} sends ${markOf(send[4])} of another process`);
        else if (record.token !== undefined && call.user !== ownerOf(record.token))
          broken("B2.4", `client ${n} sends ${markOf(send[4])} of ${call.user} on a wire of ${ownerOf(record.token)}`);
      }
    },
    got({ client, wire, frames, t }) {
      const record = truth.wires.get(wire);
      if (record === undefined || record.endedAt !== undefined) return;
      for (const { retry } of objectsOf(frames, "reject")) {
        const token = retry === "reauth" ? burn(client, wire) : undefined;
        if (token !== undefined) reading.set(client, { t, token });
      }
    },
    status({ client, process, change, t }) {
      const word = reading.get(client);
      reading.delete(client);
      // Its timers were late: what was due came before the message, and ended the link for a reason of its own. The refusal is an old link's then.
      if (word?.t === t && change.reason !== "rejected" && change.reason !== "failed")
        burnt.get(`${client}.${process}`)?.delete(word.token);
    },
    closing({ wire }) {
      left.add(wire);
    },
    closed({ client, wire, code }) {
      if (code === 4401 && !left.has(wire)) burn(client, wire);
    },
  };
};
