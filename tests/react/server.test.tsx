// biome-ignore-all lint/correctness/noComponentHookFactories: each test makes the component that writes into its own variables.
/** Server rendering: what a server says is what a page begins with, and rendering alone makes no connection. */

import { createGateway } from "@cc/gateway";
import { ConnectionProvider, useConnection, useConnectionStatus, useEvent, useOutage, useSend } from "@cc/react";
import { createClient, memoryStorage } from "@cc/sdk";
import type { ReactElement } from "react";
import { renderToString } from "react-dom/server";
import { describe, expect, it, onTestFinished, vi } from "vitest";

const Everything = (): ReactElement => {
  const status = useConnectionStatus();
  const user = useConnection((s) => s.user);
  const outage = useOutage();
  const { pending } = useSend();
  useEvent("message", () => {});
  return <p>{JSON.stringify([status, user, outage, pending])}</p>;
};
const html = "<p>[&quot;disconnected&quot;,null,null,false]</p>";

describe("@cc/react on a server", () => {
  it("[B1.2] says disconnected, also with a client that is linked there: a page could not begin with anything else", async () => {
    const gateway = await createGateway({
      appId: "demo",
      apiKey: "api-key-123",
      jwtSecret: "0123456789abcdef0123456789abcdef",
      authKey: "auth-key-1",
      users: [{ uid: "ann" }],
      throttling: false,
    });
    onTestFinished(() => gateway.close());
    const client = createClient({ url: gateway.url, storage: memoryStorage(), tabStorage: memoryStorage() });
    onTestFinished(() => client.dispose());
    await client.init("demo");
    await client.login("ann", "auth-key-1");
    await client.until("linked");
    expect(
      renderToString(
        <ConnectionProvider client={client}>
          <Everything />
        </ConnectionProvider>,
      ),
    ).toBe(html);
  });

  it("[R30] a provider that makes its client starts nothing, and React has nothing to warn of", async () => {
    const warned = vi.spyOn(console, "error");
    const start = vi.fn();
    let made = 0;
    const create = (): ReturnType<typeof createClient> => {
      made += 1;
      return createClient({ url: "http://127.0.0.1:9" });
    };
    expect(
      renderToString(
        <ConnectionProvider create={create} start={start}>
          <Everything />
        </ConnectionProvider>,
      ),
    ).toBe(html);
    await new Promise((resolve) => setTimeout(resolve));
    expect({ made, started: start.mock.calls.length, warned: warned.mock.calls }).toEqual({
      made: 1,
      started: 0,
      warned: [],
    });
  });
});
