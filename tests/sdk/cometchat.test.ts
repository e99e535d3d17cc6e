/** The familiar facade, thin as it is: what it has behaves as documented, on a real gateway. One client for the file, as in an app. */
import { createGateway, type Gateway } from "@cc/gateway";
import { CometChat } from "@cc/sdk/cometchat";
import { remediation } from "@cc/sdk/remediation";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const authKey = "auth-key-1";
let gateway: Gateway;
const told: string[] = [];

beforeAll(async () => {
  gateway = await createGateway({
    appId: "demo",
    apiKey: "api-key-123",
    jwtSecret: "0123456789abcdef0123456789abcdef",
    authKey,
    users: [{ uid: "alice", name: "Alice" }],
    throttling: false,
  });
});
afterAll(() => gateway.close());

/** How a call with callbacks ended: each callback's name, and how the promise did. */
async function both(call: (callbacks: object) => Promise<unknown>): Promise<string[]> {
  const seen: string[] = [];
  const promise = call({
    onSuccess: () => seen.push("onSuccess"),
    onError: (error: { code: string }) => seen.push(`onError ${error.code}`),
  });
  await promise.then(
    () => seen.push("resolved"),
    (error: { code: string }) => seen.push(`rejected ${error.code}`),
  );
  return seen.sort();
}

describe("the facade", () => {
  test("[B9.3] [B1.2] answers before init, and refuses as documented", async () => {
    expect(CometChat.getConnectionStatus()).toBe(CometChat.CONNECTION_STATUS.DISCONNECTED);
    expect(await both((c) => CometChat.connect(c))).toEqual([
      "onError ERR_NOT_INITIALIZED",
      "rejected ERR_NOT_INITIALIZED",
    ]);
  });

  test("[B9.3] [B9.4] [B4.1] init, login, connect, ping, disconnect, logout in manual mode, with the documented callbacks", async () => {
    CometChat.addConnectionListener(
      "page",
      new CometChat.ConnectionListener({
        onConnected: () => told.push("onConnected"),
        inConnecting: () => told.push("inConnecting"),
        onDisconnected: () => told.push("onDisconnected"),
        onConnectionError: ({ code }) => told.push(`onConnectionError ${code}`),
      }),
    );
    CometChat.addLoginListener(
      "page",
      new CometChat.LoginListener({
        loginSuccess: (user) => told.push(`loginSuccess ${user.getUid()}`),
        loginFailure: ({ code }) => told.push(`loginFailure ${code}`),
        logoutSuccess: () => told.push("logoutSuccess"),
      }),
    );
    const settings = new CometChat.AppSettingsBuilder()
      .subscribePresenceForAllUsers()
      .setRegion("eu")
      .autoEstablishSocketConnection(false)
      .setGateway(gateway.url)
      .build();
    expect(await CometChat.init("demo", settings)).toBe(true);
    expect(await both((c) => CometChat.connect(c))).toEqual([
      "onError ERR_NOT_LOGGED_IN",
      "rejected ERR_NOT_LOGGED_IN",
    ]);

    await expect(CometChat.login("alice", "wrong")).rejects.toMatchObject({ code: "ERR_AUTH_REJECTED" });
    const user = await CometChat.login("alice", authKey);
    expect([user.getUid(), user.getName(), (await CometChat.getLoggedinUser())?.getUid()]).toEqual([
      "alice",
      "Alice",
      "alice",
    ]);
    expect(gateway.stats().connections).toBe(0);

    expect(await both((c) => CometChat.connect(c))).toEqual(["onSuccess", "resolved"]);
    expect(CometChat.getConnectionStatus()).toBe(CometChat.CometChatWSState.CONNECTED);
    expect(await both((c) => CometChat.ping(c))).toEqual(["onSuccess", "resolved"]);
    expect(await both((c) => CometChat.disconnect(c))).toEqual(["onSuccess", "resolved"]);
    expect(await both((c) => CometChat.ping(c))).toEqual([
      "onError ERR_WEBSOCKET_ERROR",
      "rejected ERR_WEBSOCKET_ERROR",
    ]);
    await CometChat.logout();
    expect(await CometChat.getLoggedInUser()).toBeNull();
    expect(told).toEqual([
      "loginFailure ERR_AUTH_REJECTED",
      "loginSuccess alice",
      "inConnecting",
      "onConnected",
      "onDisconnected",
      "logoutSuccess",
    ]);
  });

  test("[B9.3] null in the place of callbacks is none: the call ends in its promise", async () => {
    for (const call of [CometChat.connect, CometChat.ping] as const)
      await expect(call(null as never)).rejects.toMatchObject({ code: "ERR_NOT_LOGGED_IN" });
    await expect(CometChat.disconnect(null as never)).resolves.toBe(true);
  });

  test("[B7.4] [B7.2] connect() while connected reports the documented code, by promise and callback", async () => {
    await CometChat.login("alice", authKey);
    await CometChat.connect();
    const code = "ERROR_WEBSOCKETS_ALLREADY_IN_CONNECTED_STATE";
    expect(await both((c) => CometChat.connect(c))).toEqual([`onError ${code}`, `rejected ${code}`]);
    expect(remediation({ code })).toMatch(/connection exists/);
    await CometChat.logout();
  });
});
