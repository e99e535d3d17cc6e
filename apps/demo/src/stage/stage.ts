/**
 * The playground's world: a gateway with the contract's own times, another that is always overloaded, two seats behind a fault
 * proxy each, and the page with all of it on its one port. It shares
 * nothing with the transcript's, whose times are shortened. Law: what `openStage` opened, `close()` closes.
 */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { createGateway, type GatewayOptions } from "@cc/gateway";
import { createFaultProxy } from "@cc/testkit/node";
import { secret } from "../transcript/world.js";
import { createFaults, features, type Seat } from "./faults.js";
import { createSeatRoutes } from "./seats.js";
import { createPageServer, listenNear, type Page } from "./server.js";

/** The page has not been built. */
export class NoPageError extends Error {}

export interface StageOptions {
  readonly port: number;
  /** Folder of the built page. Default: that of @cc/playground. */
  readonly page?: string | undefined;
}

export interface Stage {
  readonly url: string;
  /** False where the wished port was taken. */
  readonly wished: boolean;
  readonly users: readonly { readonly uid: string; readonly name: string }[];
  readonly authKey: string;
  readonly gateway: string;
  close(): Promise<void>;
}

const users = [
  { uid: "alice", name: "Alice" },
  { uid: "bob", name: "Bob" },
  { uid: "carol", name: "Carol" },
];
const seatIds = ["left", "right"];

/** Opens it and resolves when the page can be loaded. Rejects `NoPageError`. */
export async function openStage(options: StageOptions): Promise<Stage> {
  const folder = options.page ?? builtPage();
  if (!existsSync(join(folder, "index.html"))) {
    throw new NoPageError(`no page in ${folder}: run \`pnpm build\` first`);
  }
  const opened: (() => Promise<unknown>)[] = [];
  const close = async (): Promise<void> => {
    for (const end of opened.splice(0).reverse()) await end();
  };
  try {
    let page: Page | undefined;
    const server = createPageServer(folder, () => page);
    const port = await listenNear(server, options.port);
    opened.push(
      () =>
        new Promise((resolve) => {
          server.close(resolve);
          server.closeAllConnections();
        }),
    );
    const authKey = secret();
    // A session that a page kept from an earlier run belongs to a gateway that is gone: another app id, other stored keys.
    const appId = `playground-${secret().slice(0, 8)}`;
    const origin = `http://127.0.0.1:${port}`;
    const settings: GatewayOptions = {
      appId,
      apiKey: secret(),
      jwtSecret: secret(),
      authKey,
      users,
      origins: [origin],
      // Features are shed by the page's switch, not by how busy this machine is.
      throttling: false,
    };
    const gateway = await createGateway(settings);
    opened.push(() => gateway.close());
    // Takes tokens of the same making, and nobody: it tells whoever comes to stay away for 6 to 8 s.
    const overloaded = await createGateway(settings);
    opened.push(() => overloaded.close());
    await overloaded.drain({ waitMs: 0, minDelayMs: 6_000, spreadMs: 2_000 });
    const seats: Seat[] = [];
    for (const id of seatIds) {
      const proxy = await createFaultProxy({ target: gateway.address });
      opened.push(() => proxy.close());
      seats.push({ id, proxy, overloaded: false });
    }
    const routes = createSeatRoutes(
      seats.map((seat) => ({
        id: seat.id,
        target: () => (seat.overloaded ? overloaded.address : { host: "127.0.0.1", port: seat.proxy.port }),
      })),
      origin,
    );
    opened.push(async () => routes.close());
    page = {
      gateway,
      faults: createFaults(gateway, seats, routes),
      routes,
      config: {
        appId,
        authKey,
        gateway: gateway.url,
        users,
        seats: seats.map(({ id }, i) => ({ id, url: `seats/${id}`, uid: users[i]?.uid ?? "" })),
        features,
      },
    };
    return {
      url: `http://127.0.0.1:${port}/`,
      wished: options.port === 0 || port === options.port,
      users,
      authKey,
      gateway: gateway.url,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

const builtPage = (): string =>
  join(dirname(fileURLToPath(import.meta.resolve("@cc/playground/package.json"))), "dist");
