/**
 * What became of a send is what was said of it (10.6, 10.7, R24): acknowledged is in the log exactly once; `notSent` and refused
 * are not; `unknown` may be, once, and is never handed to a wire again. "Handed" is by the process to its socket: what was under
 * way before the promise was settled may still arrive.
 */
import { SEND } from "../codes.js";
import { markOf } from "./history.js";
import type { MakeLaw } from "./law.js";
import { arraysOf, type CallRecord } from "./truth.js";

/** `limits.dedupMs`: what a gateway that says nothing else announces. */
const dedupMs = 120_000;

export const sendLaw: MakeLaw = (truth, broken) => {
  const firstUp = new Map<string, number>();
  const lastOf = new Map<string, number>();
  const open = new Map<string, CallRecord>();
  const name = ({ call, client }: CallRecord): string =>
    call.name === "send" ? `client ${client}'s send ${call.mark}` : `client ${client}'s ${call.name}`;

  return {
    call({ client, process, id, call }) {
      const record = [
        ...(call.name === "send" ? [truth.sends.get(call.mark)] : [truth.calls.get(`${client}.${process}.${id}`)]),
      ][0];
      if (record && (call.name === "send" || call.name === "member" || call.name === "connect" || call.name === "ping"))
        open.set(`${client}.${process}.${id}`, record);
    },
    gone({ client, process, how }) {
      if (how === "killed")
        for (const key of [...open.keys()]) if (key.startsWith(`${client}.${process}.`)) open.delete(key);
    },
    up({ client, wire, frames, t }) {
      for (const send of arraysOf(frames, SEND)) {
        const mark = markOf(send[4]);
        const record = mark === undefined ? undefined : truth.sends.get(mark);
        if (record === undefined || mark === undefined) continue;
        if (record.settledAt !== undefined) {
          broken(
            "B10.6",
            `${name(record)} goes out on wire ${wire} after it was settled (${record.error?.outcome ?? record.error?.code ?? "acknowledged"})`,
          );
          continue;
        }
        const first = firstUp.get(mark);
        if (first === undefined) firstUp.set(mark, t);
        else {
          if (record.call.name === "send" && record.call.how !== "durable")
            broken("B10.1", `${name(record)} is ephemeral, and goes out again on wire ${wire}`);
          const set = truth.clients[client]?.wallSetAt ?? 0;
          if (t - first > dedupMs + 1_000 && set < first)
            broken(
              "B10.6",
              `${name(record)} goes out again after ${Math.round(t - first)} ms, when the server may have forgotten it`,
            );
        }
      }
    },
    settled({ client, process, id, ok, value, error }) {
      open.delete(`${client}.${process}.${id}`);
      const record = truth.calls.get(`${client}.${process}.${id}`);
      if (record?.call.name !== "send") return;
      const { mark, how } = record.call;
      const applied = truth.history.marked(mark);
      if (ok) {
        const n = (value as { readonly n?: number } | null)?.n;
        if (how === "durable" && applied.length !== 1)
          broken("B10.6", `${name(record)} was acknowledged and is in the log ${applied.length} times`);
        else if (how === "durable" && applied[0]?.n !== n)
          broken("B10.6", `${name(record)} was acknowledged as ${n} and is ${applied[0]?.n}`);
        else if (how === "volatile" && value !== null) broken("B10.7", `${name(record)} is volatile and was answered`);
        return;
      }
      const certain = error?.outcome !== "unknown";
      if (certain && applied.length > 0)
        broken(
          "B10.6",
          `${name(record)} was refused (${error?.code} ${error?.outcome ?? ""}) and is in the log: ${error?.text}`,
        );
      if (error?.outcome === "notSent" && firstUp.has(mark))
        broken("B10.6", `${name(record)} was told notSent and was on a wire`);
    },
    entry({ entry }) {
      const mark = markOf(entry.data);
      const record = mark === undefined ? undefined : truth.sends.get(mark);
      if (record === undefined || mark === undefined) return;
      if (truth.history.marked(mark).length > 1) broken("B10.6", `${name(record)} was applied twice`);
      if (record.settledAt !== undefined && !record.ok && record.error?.outcome !== "unknown")
        broken("B10.6", `${name(record)} is applied after it was told ${record.error?.outcome ?? record.error?.code}`);
      if (record.settledAt !== undefined) return;
      if (record.user !== entry.from) broken("B2.4", `${name(record)} of ${record.user} is applied as ${entry.from}`);
      const key = `${record.client}.${record.process}.${entry.channel}`;
      const before = lastOf.get(key) ?? 0;
      if (record.id < before) broken("B10.6", `${name(record)} is applied behind a later one of the same channel`);
      lastOf.set(key, Math.max(before, record.id));
    },
    tick(t) {
      for (const record of open.values()) {
        const client = truth.clients[record.client];
        const machine = truth.world.clients[record.client]?.o.machine;
        if (client === undefined || machine === undefined || machine.asleep || t - client.steadyAt < 2_000) continue;
        const { call } = record;
        const limit = call.name === "send" ? call.timeoutMs : call.name === "member" ? 20_000 : undefined;
        if (limit === undefined) continue;
        const late = client.timersEvery > 0 ? client.timersEvery + 1_000 : 1_000;
        if (machine.now() - record.mono > limit + late)
          broken(
            "B10.6",
            `${name(record)} is not settled ${Math.round(machine.now() - record.mono)} ms after it was asked for`,
          );
      }
    },
    over() {
      for (const record of open.values()) broken("R27", `${name(record)} is never settled, not even by dispose()`);
    },
  };
};
