/** What only a stubborn peer shows: a socket that takes nothing any more, on a scripted socket. */
import { EventEmitter } from "node:events";
import type { Hub, SessionHost } from "@cc/protocol/server";
import { pino } from "pino";
import { expect, it } from "vitest";
import type { WebSocket } from "ws";
import { createMeters } from "../src/meters.js";
import { attachLink } from "../src/socket/link.js";
import { createPlaces } from "../src/socket/places.js";
import { createWriter } from "../src/socket/writer.js";

class StuckSocket extends EventEmitter {
  bufferedAmount = 0;
  terminated = 0;
  readonly sent: string[] = [];
  send(data: Buffer): void {
    this.sent.push(String(data));
    this.bufferedAmount += data.length;
  }
  close(): void {}
  terminate(): void {
    this.terminated += 1;
    this.emit("close");
  }
}

it("a link whose socket takes nothing is cut at its bound, once, and is sent nothing more [B10.8]", () => {
  const socket = new StuckSocket();
  const hosts: SessionHost[] = [];
  let closed = 0;
  const connect: Hub["connect"] = (host) => {
    hosts.push(host);
    return {
      receive: () => {},
      closed: () => {
        closed += 1;
      },
    };
  };
  attachLink({
    // Only what a link uses of a socket and of a hub.
    socket: socket as unknown as WebSocket,
    hub: { connect } as Hub,
    write: createWriter(),
    place: createPlaces({ open: 9, shaking: 9 }).take("a") ?? expect.fail(),
    cutAtBytes: 1_000,
    logger: pino({ level: "silent" }),
    meters: createMeters(() => {
      throw new Error("not scraped");
    }),
  });
  const [host] = hosts;
  for (let n = 0; n < 20; n += 1) host?.send(`${n} `.padEnd(100, "x"));
  expect([socket.terminated, closed, socket.sent.length]).toEqual([1, 1, 11]);
  expect(host?.buffered?.()).toBe(1_100);
});

it("equal texts to many sockets are the same bytes, and different ones are not mixed up", () => {
  const write = createWriter();
  const sent: [string, Buffer][] = [];
  const socket = (name: string): WebSocket =>
    ({ send: (data: Buffer) => sent.push([name, data]) }) as unknown as WebSocket;
  write(socket("a"), "same");
  write(socket("b"), ["sa", "me"].join(""));
  write(socket("c"), "other ä");
  write(socket("d"), "same");
  write(socket("e"), "game");
  expect(sent.map(([name, data]) => `${name} ${data}`)).toEqual(["a same", "b same", "c other ä", "d same", "e game"]);
  expect(sent[1]?.[1]).toBe(sent[0]?.[1]);
});
