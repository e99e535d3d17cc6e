/**
 * A client of cc.1 that does nothing by itself but what it is told: a raw `ws` socket and the frames that arrived on it. So a test
 * sees what is on the wire, and can be silent, greedy or wrong on purpose.
 */
import { decode, SUBPROTOCOL } from "@cc/protocol";
import { WebSocket } from "ws";

/** A frame as it stood on the wire. */
export type Frame = readonly unknown[] | Readonly<Record<string, unknown>>;

export interface LinkOptions {
  /** Sends `hello` with this token as soon as the socket is open. */
  readonly token?: string;
  /** Fields of `hello` that differ from: app `app`, a fresh instance, linkNo 1. */
  readonly hello?: Readonly<Record<string, unknown>>;
  readonly protocols?: string | string[];
  readonly headers?: Readonly<Record<string, string>>;
  /** Answers pings and acknowledges events at once. Default true. */
  readonly alive?: boolean;
}

export interface TestLink {
  readonly socket: WebSocket;
  /** Every frame so far, in order, batches taken apart. */
  readonly frames: readonly Frame[];
  /** Every message so far. */
  readonly messages: readonly string[];
  /** The first frame, past or to come, that fits. Rejects when the socket closes without one. */
  frame(fits: (frame: Frame) => boolean): Promise<Frame>;
  /** The first object frame with this `t`. */
  named(t: string): Promise<Readonly<Record<string, unknown>>>;
  /** Data of the durable events so far. */
  readonly data: readonly unknown[];
  send(...frames: unknown[]): void;
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
}

let instances = 0;

/** Dials; the socket is ended by `endAll`. */
export const openLink = (url: string, options: LinkOptions = {}): TestLink => {
  const { token, hello = {}, protocols = SUBPROTOCOL, headers = {}, alive = true } = options;
  const socket = new WebSocket(url, protocols, { headers: { ...headers }, perMessageDeflate: false });
  open.add(socket);
  const frames: Frame[] = [];
  const messages: string[] = [];
  const waiting = new Set<() => void>();
  const wake = (): void => {
    for (const look of [...waiting]) look();
  };
  instances += 1;
  const instance = `instance-${instances}`;

  socket.on("open", () => {
    if (token !== undefined) send({ t: "hello", token, app: "app", instance, linkNo: 1, ...hello });
  });
  socket.on("message", (data) => {
    const text = String(data);
    messages.push(text);
    for (const frame of decode(text) ?? []) {
      frames.push(frame as Frame);
      if (alive) answer(frame as Frame);
    }
    wake();
  });
  let ended = false;
  const closed = new Promise<{ readonly code: number; readonly reason: string }>((resolve) => {
    socket.on("close", (code, reason) => {
      ended = true;
      open.delete(socket);
      resolve({ code, reason: String(reason) });
      wake();
    });
  });
  socket.on("error", () => {});

  const send = (...list: unknown[]): void => {
    for (const frame of list) socket.send(JSON.stringify(frame));
  };
  const answer = (frame: Frame): void => {
    if (!Array.isArray(frame) || socket.readyState !== WebSocket.OPEN) return;
    if (frame[0] === 0) send([0]);
    if (frame[0] === 1) send([5, frame[1]]);
  };
  const frame: TestLink["frame"] = (fits) =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const found = frames.find(fits);
        if (found !== undefined) {
          waiting.delete(look);
          resolve(found);
        } else if (ended) {
          waiting.delete(look);
          reject(new Error(`closed without it; arrived: ${messages.join(" ")}`));
        }
      };
      waiting.add(look);
      look();
    });

  return {
    socket,
    frames,
    messages,
    frame,
    named: async (t) =>
      (await frame((each) => !Array.isArray(each) && (each as Record<string, unknown>)["t"] === t)) as Readonly<
        Record<string, unknown>
      >,
    get data() {
      return frames
        .filter((each): each is readonly unknown[] => Array.isArray(each) && each[0] === 1)
        .map((each) => each[6]);
    },
    send,
    closed,
  };
};

const open = new Set<WebSocket>();

/** Ends every socket that a test left open. */
export const endLinks = (): void => {
  for (const socket of open) socket.terminate();
  open.clear();
};
