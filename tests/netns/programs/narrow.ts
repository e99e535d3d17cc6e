/**
 * A narrow path: so many bytes a second each way, and no more in its own pockets than it lets through in a tick.
 * Law: bytes leave in their order; what does not fit waits with the sender, as before a slow link.
 */
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

const TICK_MS = 50;

export interface NarrowOptions {
  readonly host: string;
  readonly port: number;
  readonly bytesPerSecond: number;
}

function carry(from: Socket, to: Socket, perTick: number): void {
  let held: Buffer = Buffer.alloc(0);
  from.on("data", (chunk: Buffer) => {
    held = Buffer.concat([held, chunk]);
    from.pause();
  });
  const timer = setInterval(() => {
    if (to.destroyed) return clearInterval(timer);
    if (held.length > 0) to.write(held.subarray(0, perTick));
    held = held.subarray(perTick);
    if (held.length > 0) return;
    if (from.readableEnded || from.destroyed) {
      clearInterval(timer);
      to.end();
    } else from.resume();
  }, TICK_MS);
}

/** Starts one on loopback; answers its port. It lives as long as the process. */
export async function openNarrowProxy({ host, port, bytesPerSecond }: NarrowOptions): Promise<number> {
  const perTick = Math.ceil((bytesPerSecond * TICK_MS) / 1_000);
  // Few bytes in the pockets of Node and of the kernel: the point is that they wait where the client counts them.
  const server = createServer({ highWaterMark: 4_096, allowHalfOpen: true, noDelay: true }, (client) => {
    const target = connect({ host, port, noDelay: true, allowHalfOpen: true });
    for (const socket of [client, target]) socket.on("error", () => [client, target].map((one) => one.destroy()));
    carry(client, target, perTick);
    carry(target, client, perTick);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}
