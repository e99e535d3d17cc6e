/** What is told is true: statuses against wires, and one wire at a time (B1.1, B1.3, B1.4, B1.7, B1.9, R6, R7, R20). */
import type { MakeLaw } from "./law.js";
import type { ClientRecord } from "./truth.js";

const next: Readonly<Record<string, readonly string[]>> = {
  disconnected: ["connecting"],
  connecting: ["disconnected", "connected"],
  connected: ["disconnected", "connecting", "featureThrottled"],
  featureThrottled: ["disconnected", "connecting", "connected"],
};

export const isLinked = ({ status }: Pick<ClientRecord, "status">): boolean =>
  status === "connected" || status === "featureThrottled";

export const statusLaw: MakeLaw = (truth, broken) => {
  /** Wires that the client gave up itself, and the one whose loss it heard last. */
  const left = new Set<number>();
  const heard = new Map<number, { readonly t: number; readonly wire: number }>();

  /**
   * Its timer was late: the throttling had run out before the loss was heard, and what is due is told before what comes next (B8.1).
   * In that turn only; whoever stays linked on a wire that has ended is found by the next look.
   */
  const owed = ({ n, wire }: ClientRecord, reason: string, t: number): boolean => {
    const loss = heard.get(n);
    return (
      reason === "throttleEnded" &&
      wire !== undefined &&
      loss?.wire === wire.wire &&
      loss.t === t &&
      wire.throttled.every(({ forMs }) => forMs !== null && wire.throttledAt + forMs <= t)
    );
  };

  function check(client: ClientRecord): void {
    const { status, open, n } = client;
    const [wire] = open;
    if (isLinked(client)) {
      if (open.size !== 1) broken("B1.1", `client ${n} is ${status} with ${open.size} sockets`);
      else if (wire?.welcomedAt === undefined)
        broken("R6", `client ${n} is ${status} on wire ${wire?.wire}, which was never welcomed`);
      else if (wire.welcome?.["user"] !== client.user && client.user !== null)
        broken("B2.4", `client ${n} is linked as ${String(wire.welcome?.["user"])}, logged in as ${client.user}`);
    } else if (status === "disconnected" && open.size > 0)
      broken("B1.1", `client ${n} is disconnected and holds wire ${wire?.wire}`);
    else if (status === "connecting" && wire?.welcomedAt !== undefined)
      broken("B1.1", `client ${n} is connecting on wire ${wire.wire}, which was welcomed`);
  }
  return {
    closing({ wire }) {
      left.add(wire);
    },
    closed({ client, wire, t }) {
      if (!left.has(wire)) heard.set(client, { t, wire });
    },
    status({ client, change, snapshot, status, t }) {
      const record = truth.clients[client];
      if (record === undefined) return;
      const { previous, current } = change;
      if (!next[previous]?.includes(current)) broken("B1.1", `client ${client} went from ${previous} to ${current}`);
      if (snapshot.status !== current || status !== current)
        broken("B1.3", `client ${client} tells ${current}; its snapshot says ${snapshot.status}, its status ${status}`);
      if (snapshot.linked !== isLinked({ status: current }))
        broken("B1.3", `client ${client}: linked is not as the status says`);
      if (current === "featureThrottled" && record.wire?.throttled.length === 0)
        broken("B8.1", `client ${client} is throttled, and the server said nothing of it`);
      if (!owed(record, change.reason, t)) check(record);
    },
    dial({ client, wire }) {
      const record = truth.clients[client];
      if (record && record.open.size > 1)
        broken(
          "R20",
          `client ${client} dials wire ${wire} while it holds ${[...record.open].map((w) => w.wire).join(" and ")}`,
        );
      if (record?.process === 0) broken("B1.9", `client ${client} dials after its end`);
    },
    thrown({ client, error }) {
      broken(
        "B1.5",
        `client ${client}: a listener of this run never throws, but onListenerError was called with ${String(error)}`,
      );
    },
    tick() {
      for (const client of truth.clients) if (client.process !== 0) check(client);
    },
  };
};

/** Each change follows from the one before: told separately, for it needs the status before this fact. */
export const pathLaw: MakeLaw = (_truth, broken) => {
  const last = new Map<string, string>();
  return {
    status({ client, process, change }) {
      const key = `${client}.${process}`;
      const before = last.get(key) ?? "disconnected";
      if (before !== change.previous)
        broken("B1.7", `client ${client} goes from ${change.previous}, but was told to be ${before}`);
      last.set(key, change.current);
    },
  };
};
