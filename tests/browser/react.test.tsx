// biome-ignore-all lint/correctness/noComponentHookFactories: each test makes the component that writes into its own variables.
/**
 * The hooks in a real page, over the real client and the in-memory gateway in virtual time: what a component shows is what the
 * client says, each thing once, and a failure is somewhere to be seen.
 */
import {
  ConnectionProvider,
  useClient,
  useConnection,
  useConnectionStatus,
  useEvent,
  useOutage,
  useSend,
} from "@cc/react";
import { type Client, cc1, createClient } from "@cc/sdk/portable";
import {
  createMemoryGateway,
  createRandom,
  createScriptedLifecycle,
  createScriptedStorage,
  createVirtualClock,
  type MemoryGateway,
  memoryAuthKey,
  type VirtualClock,
} from "@cc/testkit";
import { Activity, act, type ReactElement, type ReactNode, StrictMode, startTransition, useState } from "react";
import { createRoot } from "react-dom/client";
import { renderToString } from "react-dom/server";
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest";

interface Rig {
  readonly client: Client;
  readonly clock: VirtualClock;
  readonly gateway: MemoryGateway;
  /** Lets `ms` of virtual time pass, and React follow. */
  pass(ms: number): Promise<void>;
  linked(): Promise<void>;
  publish(data: unknown): Promise<void>;
}

function rig(): Rig {
  const clock = createVirtualClock();
  const gateway = createMemoryGateway({ clock });
  const client: Client = createClient({
    url: "https://gateway.test",
    clock,
    random: createRandom(1),
    openLink: gateway.open,
    lifecycle: createScriptedLifecycle(),
    storage: createScriptedStorage({ clock }),
    tabStorage: createScriptedStorage({ clock }),
    auth: gateway.auth,
    protocol: cc1(),
  });
  onTestFinished(() => client.dispose());
  const pass = (ms: number): Promise<void> => act(() => clock.advanceAsync(ms));
  return {
    client,
    clock,
    gateway,
    pass,
    async linked() {
      await act(async () => {
        const entering = client.init("app").then(() => client.login("ann", memoryAuthKey));
        await clock.advanceAsync(1_000);
        await entering;
        await clock.advanceAsync(1_000);
      });
    },
    publish: (data) =>
      act(async () => {
        await gateway.hub.publish({ channel: "user:ann", kind: "message", from: "bob", data });
        await clock.advanceAsync(50);
      }),
  };
}

function render(tree: ReactElement): { readonly place: HTMLElement; show(next: ReactElement): void; unmount(): void } {
  const place = document.body.appendChild(document.createElement("div"));
  const root = createRoot(place);
  const show = (next: ReactElement): void => act(() => root.render(<StrictMode>{next}</StrictMode>));
  const unmount = (): void => act(() => root.unmount());
  show(tree);
  onTestFinished(() => {
    unmount();
    place.remove();
  });
  return { place, show, unmount };
}

const within = (client: Client, children: ReactNode): ReactElement => (
  <ConnectionProvider client={client}>{children}</ConnectionProvider>
);

const uncaught: unknown[] = [];
const note = (event: PromiseRejectionEvent | ErrorEvent): void => {
  event.preventDefault();
  uncaught.push("reason" in event ? event.reason : event.error);
};
beforeEach(() => {
  // React's own switch: updates outside act() would be reported.
  Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true });
  uncaught.length = 0;
  addEventListener("unhandledrejection", note);
});
afterEach(() => {
  removeEventListener("unhandledrejection", note);
  expect(uncaught).toEqual([]);
});
const aTask = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

const Status = (): ReactElement => <span>{useConnectionStatus()}</span>;

describe("useConnection and useConnectionStatus", () => {
  it("[B1.2] follow the client from before init through an attempt to the link and its loss", async () => {
    const { client, gateway, linked, pass } = rig();
    const { place } = render(within(client, <Status />));
    expect(place.textContent).toBe("disconnected");
    await linked();
    expect(place.textContent).toBe("connected");
    gateway.cut();
    await pass(1);
    expect(place.textContent).not.toBe("connected");
    await pass(10_000);
    expect(place.textContent).toBe("connected");
  });

  it("[B1.6] a selector renders its component only when what it selects changes", async () => {
    const { client, linked, pass, gateway } = rig();
    let renders = 0;
    const User = (): ReactElement => {
      renders += 1;
      return <span>{useConnection((s) => s.user) ?? "nobody"}</span>;
    };
    const { place } = render(within(client, <User />));
    await linked();
    expect(place.textContent).toBe("ann");
    const before = renders;
    gateway.cut();
    await pass(10_000);
    expect(client.snapshot().attempt).toBeGreaterThanOrEqual(0);
    expect(renders).toBe(before);
  });

  it("a selector that makes an object renders when isEqual says so, and no loop comes of it", async () => {
    const { client, linked, pass, gateway } = rig();
    const seen = new Set<unknown>();
    let renders = 0;
    const Line = (): ReactElement => {
      renders += 1;
      const line = useConnection(
        (s) => ({ user: s.user, mode: s.mode }),
        (a, b) => a.user === b.user && a.mode === b.mode,
      );
      seen.add(line);
      return (
        <span>
          {line.user}/{line.mode}
        </span>
      );
    };
    const { place, show } = render(within(client, <Line />));
    await linked();
    expect(place.textContent).toBe("ann/auto");
    const before = renders;
    const objects = seen.size;
    gateway.cut();
    await pass(10_000);
    expect(renders, "the link was lost and came back").toBe(before);
    show(within(client, <Line />));
    expect(renders, "its parent rendered it").toBeGreaterThan(before);
    expect(seen.size, "an equal value is the same object still").toBe(objects);
  });

  it("no two components show different statuses on one screen, however React slices its work", async () => {
    Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: false });
    const { client, clock, gateway } = rig();
    const entering = client.init("app").then(() => client.login("ann", memoryAuthKey));
    await clock.advanceAsync(2_000);
    await entering;
    await clock.advanceAsync(1_000);
    const Slow = (): ReactElement => {
      const status = useConnectionStatus();
      // Long enough for React to yield between two of them.
      for (const end = performance.now() + 4; performance.now() < end; );
      return <b>{status}</b>;
    };
    let open: ((on: boolean) => void) | undefined;
    let rendered = 0;
    const Counted = (): ReactElement => {
      rendered += 1;
      return <Slow />;
    };
    const List = (): ReactNode => {
      const [on, set] = useState(false);
      open = set;
      return on && Array.from({ length: 12 }, (_, i) => <Counted key={String(i)} />);
    };
    const place = document.body.appendChild(document.createElement("div"));
    const root = createRoot(place);
    onTestFinished(() => {
      root.unmount();
      place.remove();
    });
    root.render(within(client, <List />));
    await expect.poll(() => open).toBeDefined();
    const screens: string[][] = [];
    const screen = (): string[] => [...place.querySelectorAll("b")].map((b) => b.textContent);
    const watcher = new MutationObserver(() => screens.push(screen()));
    watcher.observe(place, { childList: true, subtree: true, characterData: true });
    startTransition(() => open?.(true));
    // Half of the list is rendered, and nothing of it shown, when the link is lost.
    await expect.poll(() => rendered, { interval: 1 }).toBeGreaterThan(1);
    expect(screen(), "still under way").toEqual([]);
    gateway.cut();
    await clock.advanceAsync(1);
    await expect.poll(() => screen().length).toBe(12);
    await expect.poll(() => new Set(screen())).toEqual(new Set([client.getConnectionStatus()]));
    watcher.disconnect();
    for (const shown of screens) expect(new Set(shown).size).toBeLessThanOrEqual(1);
  });

  it("a hook without a provider says so", () => {
    const Lost = (): ReactElement => <>{useClient().getConnectionStatus()}</>;
    expect(() => renderToString(<Lost />)).toThrow("No <ConnectionProvider> above this component");
  });
});

describe("useOutage", () => {
  it("[B1.3] a banner comes when an outage is notable, stays the same through its attempts, and goes with the link", async () => {
    const { client, gateway, linked, pass } = rig();
    const seen: unknown[] = [];
    const Banner = (): ReactNode => {
      const outage = useOutage();
      seen.push(outage);
      return outage && <p>since {outage.since}</p>;
    };
    const { place } = render(within(client, <Banner />));
    await linked();
    gateway.refuse(true);
    gateway.cut();
    await pass(4_900);
    expect(place.textContent, "a blip is nobody's business").toBe("");
    await pass(200);
    const { since } = client.snapshot().outage ?? { since: 0 };
    expect(place.textContent).toBe(`since ${since}`);
    const renders = seen.length;
    await pass(60_000);
    expect(client.snapshot().attempt).toBeGreaterThan(4);
    expect(seen.length, "attempts come and go, the banner does not even render").toBe(renders);
    gateway.refuse(false);
    await pass(20_000);
    expect(place.textContent).toBe("");
  });
});

describe("useEvent", () => {
  it("[B9.5] the handler rendered last is called, once for each event, over one subscription", async () => {
    const { client, linked, publish } = rig();
    const on = client.on.bind(client);
    let subscriptions = 0;
    Object.assign(client, {
      on: (...args: Parameters<typeof on>) => {
        subscriptions += 1;
        return on(...args);
      },
    });
    const heard: string[] = [];
    const Ear = ({ name }: { readonly name: string }): null => {
      useEvent("message", ({ data }) => void heard.push(`${name} ${data}`));
      return null;
    };
    const { show, unmount } = render(within(client, <Ear name="first" />));
    await linked();
    await publish("a");
    const before = subscriptions;
    show(within(client, <Ear name="second" />));
    await publish("b");
    expect(subscriptions, "another handler is no other subscription").toBe(before);
    unmount();
    await publish("c");
    expect(heard).toEqual(["first a", "second b"]);
  });

  it("it listens from the very commit: what comes in the same task as the DOM is heard", async () => {
    const { client, linked } = rig();
    await linked();
    const heard: unknown[] = [];
    const Ear = (): ReactElement => {
      useEvent("user", (user) => void heard.push(user));
      // A ref is set in the commit; whatever the client tells after it is told to whoever is on the screen.
      return <i ref={(element) => void (element && queueMicrotask(() => void client.logout()))} />;
    };
    Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: false });
    const place = document.createElement("div");
    const root = createRoot(place);
    onTestFinished(() => root.unmount());
    root.render(within(client, <Ear />));
    await expect.poll(() => heard).toEqual([null]);
  });
});

describe("useSend", () => {
  const Form = (): ReactElement => {
    const { send, pending, error } = useSend();
    return (
      <button type="button" onClick={() => send("user:bob", "message", "hi")}>
        {pending ? "pending" : (error?.code ?? "idle")}
      </button>
    );
  };

  it("[B10.6] shows that it is under way until the server's acknowledgement", async () => {
    const { client, linked, pass, gateway } = rig();
    const { place } = render(within(client, <Form />));
    await linked();
    gateway.delay(500);
    act(() => place.querySelector("button")?.click());
    await pass(200);
    expect(place.textContent).toBe("pending");
    await pass(2_000);
    expect(place.textContent).toBe("idle");
  });

  it("[R28] a failure is told in error until the next send, and a promise that nobody takes is no unhandled rejection", async () => {
    const { client, linked, pass, gateway } = rig();
    const { place } = render(within(client, <Form />));
    await linked();
    gateway.refuse(true);
    gateway.cut();
    await pass(1);
    act(() => place.querySelector("button")?.click());
    await act(aTask);
    expect(place.textContent).toBe("ERR_WEBSOCKET_ERROR");
    gateway.refuse(false);
    await pass(30_000);
    act(() => place.querySelector("button")?.click());
    expect(place.textContent).toBe("pending");
    await pass(1_000);
    expect(place.textContent).toBe("idle");
  });

  it("who awaits the promise gets the rejection itself, and send keeps its identity", async () => {
    const { client } = rig();
    const sends = new Set<unknown>();
    const caught: unknown[] = [];
    const take = (error: unknown): void => void caught.push(error);
    const Caller = (): ReactElement => {
      const { send, error } = useSend();
      sends.add(send);
      return (
        <button type="button" onClick={() => send("user:bob", "message", 1).catch(take)}>
          {error?.code}
        </button>
      );
    };
    const { place } = render(within(client, <Caller />));
    act(() => place.querySelector("button")?.click());
    await act(aTask);
    expect(caught).toMatchObject([{ code: "ERR_NOT_INITIALIZED" }]);
    expect(place.textContent).toBe("ERR_NOT_INITIALIZED");
    expect(sends.size).toBe(1);
  });
});

describe("a provider that makes its client", () => {
  interface Life {
    readonly log: string[];
    readonly create: () => Client;
    readonly start: (client: Client) => void;
  }
  const lives = (): Life => {
    const log: string[] = [];
    const names = new Map<Client, number>();
    return {
      log,
      create() {
        const { client } = rig();
        const n = names.size + 1;
        names.set(client, n);
        const dispose = client.dispose.bind(client);
        Object.assign(client, {
          dispose: () => {
            if (log.includes(`start ${n}`)) log.push(`dispose ${n}`);
            return dispose();
          },
        });
        return client;
      },
      start: (client) => void log.push(`start ${names.get(client)}`),
    };
  };
  const used = (log: readonly string[]): string[] => log.map((line) => line.split(" ")[0] ?? "");

  it("[R29] StrictMode's mount, unmount and mount again starts one client once, and disposes none", async () => {
    const { log, create, start } = lives();
    const { unmount } = render(
      <ConnectionProvider create={create} start={start}>
        <Status />
      </ConnectionProvider>,
    );
    expect(log, "nothing begins before the macrotask").toEqual([]);
    await act(aTask);
    await act(aTask);
    expect(used(log)).toEqual(["start"]);
    unmount();
    expect(used(log)).toEqual(["start"]);
    await act(aTask);
    expect(used(log)).toEqual(["start", "dispose"]);
  });

  it("[R20] where another key takes over, the old client has ended before the new one starts", async () => {
    const { log, create, start } = lives();
    const tree = (key: string): ReactElement => (
      <ConnectionProvider key={key} create={create} start={start}>
        <Status />
      </ConnectionProvider>
    );
    const { show } = render(tree("a"));
    await act(aTask);
    show(tree("b"));
    await act(aTask);
    await act(aTask);
    expect(used(log)).toEqual(["start", "dispose", "start"]);
  });

  it("other functions in place change nothing; a hidden tree lets go and begins anew when it is shown", async () => {
    const { log, create, start } = lives();
    const tree = (mode: "visible" | "hidden"): ReactElement => (
      <Activity mode={mode}>
        <ConnectionProvider create={() => create()} start={(client) => start(client)}>
          <Status />
        </ConnectionProvider>
      </Activity>
    );
    const { show, place } = render(tree("visible"));
    await act(aTask);
    show(tree("visible"));
    await act(aTask);
    expect(used(log)).toEqual(["start"]);
    show(tree("hidden"));
    show(tree("visible"));
    await act(aTask);
    await act(aTask);
    expect(used(log), "hidden and shown in one task: it goes on as it was").toEqual(["start"]);
    show(tree("hidden"));
    await act(aTask);
    expect(used(log)).toEqual(["start", "dispose"]);
    show(tree("visible"));
    await act(aTask);
    await act(aTask);
    expect(used(log)).toEqual(["start", "dispose", "start"]);
    expect(place.textContent).toBe("disconnected");
  });

  it("what start rejects with is reported, unless the client has gone meanwhile", async () => {
    const reported: unknown[] = [];
    const take = (event: ErrorEvent): void => {
      event.preventDefault();
      reported.push(event.error);
    };
    // Vitest listens too, and would take a reported error for a failure of its own.
    const others = window.onerror;
    window.addEventListener("error", take, { capture: true });
    const stop = (event: Event): void => event.stopImmediatePropagation();
    window.addEventListener("error", stop, { capture: true });
    onTestFinished(() => {
      window.onerror = others;
      window.removeEventListener("error", take, { capture: true });
      window.removeEventListener("error", stop, { capture: true });
    });
    const failure = new Error("no config");
    const { create } = lives();
    let reject: (error: unknown) => void = () => {};
    const start = (): Promise<never> =>
      new Promise((_, no) => {
        reject = no;
      });
    const tree = (
      <ConnectionProvider create={create} start={start}>
        <Status />
      </ConnectionProvider>
    );
    const first = render(tree);
    await act(aTask);
    reject(failure);
    await act(aTask);
    await act(aTask);
    expect(reported).toEqual([failure]);
    first.unmount();
    const second = render(tree);
    await act(aTask);
    second.unmount();
    await act(aTask);
    reject(failure);
    await act(aTask);
    await act(aTask);
    expect(reported).toEqual([failure]);
  });
});
