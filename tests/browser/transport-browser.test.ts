/** @cc/transport-browser where it lives: the whole link suite in real Chromium, from a page and through a real network stack. */
import { linkConformance } from "@cc/testkit/conformance";
import { openWebSocket } from "@cc/transport-browser";
import { inject } from "vitest";

linkConformance("transport-browser in a page", () => ({
  open: openWebSocket,
  server: inject("linkServer"),
  showsRefusals: false,
}));
