/** The hooks in a real page: what a component shows is what the client says, and mounting twice opens nothing twice. */
import { ConnectionProvider, useClient, useConnection, useConnectionStatus } from "@cc/react";
import { type AuthApi, type Client, createClient, memoryStorage } from "@cc/sdk";
import { createScriptedLifecycle, createScriptedLinks, type ScriptedLinks } from "@cc/testkit";
import { act, type ReactElement, StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { renderToString } from "react-dom/server";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";

const auth: AuthApi = {
  login: async (uid) => ({ user: { uid }, token: "token", expiresInMs: null }),
  me: async (token) => ({ user: { uid: "alice" }, token, expiresInMs: null }),
  refresh: async (token) => ({ user: { uid: "alice" }, token, expiresInMs: null }),
  revoke: async () => {},
};

function rig(): { client: Client; links: ScriptedLinks } {
  const links = createScriptedLinks();
  const client = createClient({
    url: "http://gateway.example",
    openLink: links.open,
    lifecycle: createScriptedLifecycle(),
    storage: memoryStorage(),
    tabStorage: memoryStorage(),
    auth,
  });
  onTestFinished(() => client.dispose());
  return { client, links };
}

function render(tree: ReactElement): HTMLElement {
  const place = document.body.appendChild(document.createElement("div"));
  const root = createRoot(place);
  act(() => root.render(<StrictMode>{tree}</StrictMode>));
  onTestFinished(() => {
    act(() => root.unmount());
    place.remove();
  });
  return place;
}

beforeEach(() => {
  // React's own switch: updates outside act() would be reported.
  Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true });
});

let renders = 0;
const UserText = (): ReactElement => {
  renders += 1;
  return <span>{useConnection((s) => s.user) ?? "nobody"}</span>;
};
const Lost = (): ReactElement => <>{useClient().getConnectionStatus()}</>;
const StatusText = (): ReactElement => <span>{useConnectionStatus()}</span>;

describe("@cc/react", () => {
  it("[B1.2] useConnectionStatus follows the client from before init to an attempt and its failure", async () => {
    const { client, links } = rig();
    const place = render(
      <ConnectionProvider client={client}>
        <StatusText />
      </ConnectionProvider>,
    );
    expect(place.textContent).toBe("disconnected");
    await act(async () => {
      await client.init("app");
      await client.login("alice", "key");
      await client.until("connecting");
    });
    expect(place.textContent).toBe("connecting");
    await expect.poll(() => links.all.length).toBe(1);
    await act(async () => {
      links.last.refuse();
      await client.until("disconnected");
    });
    expect(place.textContent).toBe("disconnected");
    expect(links.all.length, "StrictMode mounts twice; there is one client and one socket").toBe(1);
  });

  it("[B1.6] a selector renders its component only when what it selects changes", async () => {
    const { client } = rig();
    const place = render(
      <ConnectionProvider client={client}>
        <UserText />
      </ConnectionProvider>,
    );
    await act(async () => {
      await client.init("app", { autoEstablishSocketConnection: false });
      await client.login("alice", "key");
    });
    expect(place.textContent).toBe("alice");
    const before = renders;
    await act(async () => {
      client.connect().catch(() => {});
      await client.until("connecting");
    });
    expect(renders).toBe(before);
  });

  it("renders on a server what a client there says: disconnected", () => {
    const { client } = rig();
    const tree = (
      <ConnectionProvider client={client}>
        <StatusText />
      </ConnectionProvider>
    );
    expect(renderToString(tree)).toBe("<span>disconnected</span>");
  });

  it("a hook without a provider says so", () => {
    expect(() => renderToString(<Lost />)).toThrow("No <ConnectionProvider");
  });
});
