/**
 * A WebSocket over plain TCP that may break every rule of RFC 6455, and says exactly what came back.
 *
 * Law: nothing here is polite by itself but two things, for a link of a hostile client that is still well must stay so: it answers the
 * server's WebSocket pings, and its closing handshake.
 */
import { connect, type Socket } from "node:net";

export interface Seen {
  /** Text messages, in order. */
  readonly texts: readonly string[];
  /** Payloads of WebSocket pongs. */
  readonly pongs: readonly string[];
  /** Of the server's close frame; 1005 for an empty one, 1006 for none. */
  readonly code: number;
  readonly reason: string;
  /** What the server sent that no server may send; `undefined`: nothing. */
  readonly fault: string | undefined;
}

export interface Wire {
  /** As they are, whatever that is. */
  write(bytes: Buffer): void;
  /** Resolves when a text came that fits, or the link is over: then `undefined`. */
  text(fits: (text: string) => boolean): Promise<string | undefined>;
  /** A FIN. */
  finish(): void;
  /** A RST. */
  cut(): void;
  /** The TCP connection is over. */
  readonly ended: Promise<Seen>;
}

export interface WireOptions {
  readonly host: string;
  readonly port: number;
  readonly path?: string;
  /** Called for each text message. */
  readonly onText?: (text: string) => void;
}

const key = "dGhlIHNhbXBsZSBub25jZQ==";

/** One frame of a client. `length` and `mask` lie where they are given. */
export function frame(
  opcode: number,
  payload: Buffer | string,
  more: {
    readonly fin?: boolean;
    readonly rsv?: number;
    readonly masked?: boolean;
    readonly length?: number | bigint;
    /** Writes the length in this many bytes: 0, 2 or 8. Default: as few as it takes. */
    readonly lengthBytes?: number;
  } = {},
): Buffer {
  const body = Buffer.isBuffer(payload) ? Buffer.from(payload) : Buffer.from(payload);
  const { fin = true, rsv = 0, masked = true, length = body.length } = more;
  const lengthBytes = more.lengthBytes ?? (length < 126 ? 0 : length < 65_536 ? 2 : 8);
  const head = Buffer.alloc(2 + lengthBytes + (masked ? 4 : 0));
  head[0] = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
  head[1] = (masked ? 0x80 : 0) | (lengthBytes === 0 ? Number(length) : lengthBytes === 2 ? 126 : 127);
  if (lengthBytes === 2) head.writeUInt16BE(Number(length), 2);
  if (lengthBytes === 8) head.writeBigUInt64BE(BigInt(length), 2);
  if (masked) {
    const mask = [0x37, 0xfa, 0x21, 0x3d];
    head.set(mask, 2 + lengthBytes);
    for (let at = 0; at < body.length; at += 1) body[at] = (body[at] as number) ^ (mask[at & 3] as number);
  }
  return Buffer.concat([head, body]);
}

/** A close frame. */
export const closeFrame = (code: number, reason = ""): Buffer => {
  const payload = Buffer.alloc(2 + Buffer.byteLength(reason));
  payload.writeUInt16BE(code, 0);
  payload.write(reason, 2);
  return frame(8, payload);
};

/** Dials and upgrades. Rejects when the server does not switch protocols. */
export function openWire({ host, port, path = "/v1/connect", onText }: WireOptions): Promise<Wire> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect({ host, port, noDelay: true });
    const texts: string[] = [];
    const pongs: string[] = [];
    const waiting = new Set<() => void>();
    let code = 1006;
    let reason = "";
    let fault: string | undefined;
    let open = false;
    let over = false;
    let chunks: Buffer = Buffer.alloc(0);
    let settle: (seen: Seen) => void = () => {};
    const ended = new Promise<Seen>((done) => {
      settle = done;
    });
    const wake = (): void => {
      for (const look of [...waiting]) look();
    };

    const take = (opcode: number, fin: boolean, payload: Buffer): void => {
      if (!fin) fault ??= "the server fragments its messages";
      if (opcode === 1) {
        const text = payload.toString();
        texts.push(text);
        onText?.(text);
      } else if (opcode === 8) {
        code = payload.length >= 2 ? payload.readUInt16BE(0) : 1005;
        reason = payload.toString("utf8", 2);
        socket.end(frame(8, payload));
      } else if (opcode === 9) socket.write(frame(10, payload));
      else if (opcode === 10) pongs.push(payload.toString());
      else fault ??= `the server sent opcode ${opcode}`;
    };
    const parse = (): void => {
      for (;;) {
        if (chunks.length < 2) return;
        const first = chunks[0] as number;
        const second = chunks[1] as number;
        let length = second & 0x7f;
        let at = 2;
        if (length === 126) {
          if (chunks.length < 4) return;
          length = chunks.readUInt16BE(2);
          at = 4;
        } else if (length === 127) {
          if (chunks.length < 10) return;
          length = Number(chunks.readBigUInt64BE(2));
          at = 10;
        }
        if (second & 0x80) fault ??= "the server masks its frames";
        if (first & 0x70) fault ??= "the server sets reserved bits";
        if (chunks.length < at + length) return;
        take(first & 0x0f, (first & 0x80) !== 0, chunks.subarray(at, at + length));
        chunks = chunks.subarray(at + length);
      }
    };

    const wire: Wire = {
      write(bytes) {
        if (!over && socket.writable) socket.write(bytes);
      },
      text: (fits) =>
        new Promise((done) => {
          let seen = 0;
          const look = (): void => {
            for (; seen < texts.length; seen += 1) {
              const text = texts[seen] as string;
              if (!fits(text)) continue;
              waiting.delete(look);
              done(text);
              return;
            }
            if (over || code !== 1006) {
              waiting.delete(look);
              done(undefined);
            }
          };
          waiting.add(look);
          look();
        }),
      finish: () => void socket.end(),
      cut: () => void socket.resetAndDestroy(),
      ended,
    };
    socket.on("connect", () => {
      socket.write(
        `GET ${path} HTTP/1.1\r\nHost: ${host}:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
          `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\nSec-WebSocket-Protocol: cc.1\r\n\r\n`,
      );
    });
    socket.on("data", (data) => {
      chunks = chunks.length === 0 ? data : Buffer.concat([chunks, data]);
      if (!open) {
        const end = chunks.indexOf("\r\n\r\n");
        if (end < 0) return;
        const status = chunks.toString("latin1", 0, chunks.indexOf("\r\n"));
        if (!status.startsWith("HTTP/1.1 101")) {
          reject(new Error(`not upgraded: ${status}`));
          socket.destroy();
          return;
        }
        open = true;
        chunks = chunks.subarray(end + 4);
        resolve(wire);
      }
      parse();
      wake();
    });
    // A reset is an end like any other here.
    socket.on("error", () => {});
    socket.on("close", () => {
      over = true;
      reject(new Error("closed before the upgrade"));
      settle({ texts, pongs, code, reason, fault });
      wake();
    });
  });
}
