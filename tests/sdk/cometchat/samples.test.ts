/** The documentation's calls on a real gateway, in manual mode: an application that made them goes on to work. */
import { createGateway, type Gateway } from "@cc/gateway";
import { CometChat } from "@cc/sdk/cometchat";
import { afterAll, beforeAll, expect, it } from "vitest";
import * as samples from "./samples.js";

const authKey = "auth-key-1";
let gateway: Gateway;
const unhandled: unknown[] = [];
const onUnhandled = (error: unknown): void => void unhandled.push(error);

beforeAll(async () => {
  process.on("unhandledRejection", onUnhandled);
  gateway = await createGateway({
    appId: "demo",
    apiKey: "api-key-123",
    jwtSecret: "0123456789abcdef0123456789abcdef",
    authKey,
    createUsers: true,
    throttling: false,
    users: [{ uid: "bob" }],
    groups: [{ gid: "lobby" }],
  });
});
afterAll(async () => {
  process.off("unhandledRejection", onUnhandled);
  await gateway.close();
});

const logged = (): string[] => samples.log.splice(0);

it("[B9.3] [B9.4] the documentation's calls, in their order, do what it says", async () => {
  expect(samples.watchConnection()).toBe("disconnected");
  samples.watchLogin();
  samples.watchEvents();
  await samples.initialize(gateway.url, false);
  await samples.createUser("user1", "Kevin", authKey);
  expect(gateway.users()).toContainEqual({ uid: "user1", name: "Kevin" });
  await samples.createUser("user2", "Nobody", "a wrong key");
  await samples.login("user1", "a wrong key");
  await samples.login("user1", authKey);
  await samples.login("user1", authKey);
  expect(logged()).toEqual([
    "initialized: true",
    "created: user1 Kevin",
    "failed: ERR_AUTH_REJECTED",
    "loginFailure: ERR_AUTH_REJECTED",
    "login failed: ERR_AUTH_REJECTED",
    "loginSuccess: user1",
    "login: user1 Kevin",
    "logged in already: user1",
  ]);

  // In manual mode nothing has dialled. Bare calls: the last one wins, and nobody has to catch anything.
  expect(gateway.stats().connections).toBe(0);
  samples.bare();
  await new Promise((resolve) => setImmediate(resolve));
  expect(CometChat.getConnectionStatus()).toBe("disconnected");
  logged();
  await new Promise<void>((resolve, reject) => samples.connect(resolve, reject));
  expect([logged(), CometChat.getConnectionStatus()]).toEqual([["inConnecting", "onConnected"], "connected"]);
  const again = new Promise<string>((resolve) =>
    samples.connect(
      () => resolve("onSuccess"),
      ({ code }) => resolve(code),
    ),
  );
  expect(await again).toBe("ERROR_WEBSOCKETS_ALLREADY_IN_CONNECTED_STATE");

  await samples.send("bob");
  expect(logged()).toEqual([
    "sent: Hello",
    "sent: location",
    "edited by user1",
    "deleted by user1",
    "failed: ERR_SEND_REJECTED",
    "joined: lobby",
    "left: true",
  ]);
  await samples.logout();
  expect(logged()).toEqual(["onDisconnected", "logoutSuccess", "logged out"]);

  const { token } = await gateway.mintToken("user1");
  await samples.loginByToken(token);
  samples.unwatch();
  await samples.logout();
  expect(logged()).toEqual(["loginSuccess: user1", "login: user1", "logged out"]);
  expect(unhandled).toEqual([]);
});

it("[B9.3] callbacks as the typed sample passes them end like any others", async () => {
  const { error } = console;
  console.error = () => {};
  const ends = await Promise.allSettled(samples.typed());
  console.error = error;
  expect(ends.map(({ status }) => status)).toEqual(["rejected", "fulfilled", "rejected"]);
});
