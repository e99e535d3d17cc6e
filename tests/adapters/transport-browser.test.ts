/** @cc/transport-browser outside of browsers: where something else stands in for the global WebSocket, or nothing does. */
import type { LinkClose } from "@cc/core";
import { linkConformance } from "@cc/testkit/conformance";
import { type LinkServer, startLinkServer } from "@cc/testkit/node";
import { openWebSocket } from "@cc/transport-browser";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { WebSocket } from "ws";

const endOf = (url: string): Promise<LinkClose> =>
  new Promise((resolve) => {
    openWebSocket(url, { subprotocols: [] }, { opened() {}, message() {}, closed: resolve });
  });

describe("with ws as the global WebSocket", () => {
  let server: LinkServer;
  beforeAll(async () => {
    server = await startLinkServer();
  });
  afterAll(() => server.close());
  // After the import, as polyfills may come.
  beforeEach(() => void vi.stubGlobal("WebSocket", WebSocket));
  afterEach(() => void vi.unstubAllGlobals());

  linkConformance("transport-browser over a polyfill", () => ({ open: openWebSocket, server, showsRefusals: false }));
});

describe("transport-browser", () => {
  afterEach(() => void vi.unstubAllGlobals());

  it("[R30] without any WebSocket the link is closed, later, with a cause that names what is missing", async () => {
    vi.stubGlobal("WebSocket", undefined);
    expect(await endOf("ws://127.0.0.1/")).toMatchObject({
      code: 1006,
      reason: "",
      cause: { message: expect.stringContaining("WebSocket") },
    });
  });

  it("[R8] a close event without a code is 1006", async () => {
    // What React Native for Android hands over: an event without `code`, and one with an error first.
    class Codeless {
      onclose: ((event: object) => void) | null = null;
      onerror: ((event: object) => void) | null = null;
      constructor() {
        setTimeout(() => {
          this.onerror?.({ message: "gone" });
          this.onclose?.({});
        });
      }
    }
    vi.stubGlobal("WebSocket", Codeless);
    expect(await endOf("ws://127.0.0.1/")).toEqual({ code: 1006, reason: "" });
  });
});
