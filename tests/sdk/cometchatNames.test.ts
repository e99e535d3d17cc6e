/** The facade's words, as documented: an app compares with them. */
import { CometChat } from "@cc/sdk/cometchat";
import { expect, it } from "vitest";

it("[B9.3] the four statuses are the documented words, under both of their names", () => {
  const documented = {
    CONNECTED: "connected",
    CONNECTING: "connecting",
    DISCONNECTED: "disconnected",
    FEATURE_THROTTLED: "featureThrottled",
  };
  expect(CometChat.CONNECTION_STATUS).toEqual(documented);
  expect(CometChat.CometChatWSState).toEqual(documented);
});
