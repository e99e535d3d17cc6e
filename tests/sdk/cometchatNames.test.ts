/** The facade's words and ids, as documented: an app compares with the ones and takes its listeners away by the others. */
import { createGateway } from "@cc/gateway";
import { CometChat } from "@cc/sdk/cometchat";
import { expect, onTestFinished, test } from "vitest";

test("[B9.3] the four statuses are the documented words, under both of their names", () => {
  const documented = {
    CONNECTED: "connected",
    CONNECTING: "connecting",
    DISCONNECTED: "disconnected",
    FEATURE_THROTTLED: "featureThrottled",
  };
  expect(CometChat.CONNECTION_STATUS).toEqual(documented);
  expect(CometChat.CometChatWSState).toEqual(documented);
});

test("[B9.4] connection and login listeners that were taken away by their id are not called, the others are", async () => {
  const gateway = await createGateway({
    appId: "demo",
    apiKey: "api-key-123",
    jwtSecret: "0123456789abcdef0123456789abcdef",
    authKey: "auth-key-1",
    users: [{ uid: "alice" }],
    throttling: false,
  });
  onTestFinished(() => gateway.close());
  const told: string[] = [];
  for (const id of ["gone", "stays"]) {
    CometChat.addConnectionListener(
      id,
      new CometChat.ConnectionListener({
        onConnected: () => told.push(`${id}: onConnected`),
        onDisconnected: () => told.push(`${id}: onDisconnected`),
      }),
    );
    CometChat.addLoginListener(
      id,
      new CometChat.LoginListener({
        loginSuccess: () => told.push(`${id}: loginSuccess`),
        logoutSuccess: () => told.push(`${id}: logoutSuccess`),
      }),
    );
  }
  CometChat.removeConnectionListener("gone");
  CometChat.removeLoginListener("gone");
  const settings = new CometChat.AppSettingsBuilder().autoEstablishSocketConnection(false).setGateway(gateway.url);
  await CometChat.init("demo", settings.build());
  await CometChat.login("alice", "auth-key-1");
  await CometChat.connect();
  await CometChat.logout();
  expect(told).toEqual(["stays: loginSuccess", "stays: onConnected", "stays: onDisconnected", "stays: logoutSuccess"]);
});
