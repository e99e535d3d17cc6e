/**
 * The playground's world: a gateway with the contract's own times, two seats behind a fault proxy each, and the page. It shares
 * nothing with the transcript's, whose times are shortened. Law: what `openStage` opened, `close()` closes.
 */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { createGateway } from "@cc/gateway";
import { createFaultProxy } from "@cc/testkit/node";
import { secret } from "../transcript/world.js";
import { createFaults, type Seat } from "./faults.js";
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
    const gateway = await createGateway({
      appId,
      apiKey: secret(),
      jwtSecret: secret(),
      authKey,
      users,
      origins: [`http://127.0.0.1:${port}`, `http://localhost:${port}`],
    });
    opened.push(() => gateway.close());
    const seats: Seat[] = [];
    for (const id of seatIds) {
      const proxy = await createFaultProxy({ target: gateway.address });
      opened.push(() => proxy.close());
      seats.push({ id, proxy });
    }
    page = {
      gateway,
      faults: createFaults(gateway, seats),
      config: {
        appId,
        authKey,
        gateway: gateway.url,
        users,
        seats: seats.map(({ id, proxy }, i) => ({ id, url: proxy.url("http"), uid: users[i]?.uid ?? "" })),
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
