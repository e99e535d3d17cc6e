/** @cc/transport-browser where it lives: the whole link suite in a real browser, from a page and through a real network stack. */
import { linkConformance } from "@cc/testkit/conformance";
import { openWebSocket } from "@cc/transport-browser";
import { inject } from "vitest";

linkConformance("transport-browser in a page", () => ({
  open: openWebSocket,
  server: inject("linkServer"),
  showsRefusals: false,
  // Firefox keeps the TCP connection of a handshake that is given up until the server answers (seen in 153).
  endsHandshakes: !navigator.userAgent.includes("Firefox"),
}));
