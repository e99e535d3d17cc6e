/** What the types of the familiar interface accept and refuse. Compiled, never run. */
import { CometChat } from "@cc/sdk/cometchat";

const settings = new CometChat.AppSettingsBuilder()
  .subscribePresenceForAllUsers()
  .setRegion("eu")
  .autoEstablishSocketConnection(false)
  .setGateway("https://gateway.example.com")
  .build();
// @ts-expect-error: true or false
new CometChat.AppSettingsBuilder().autoEstablishSocketConnection("no");

export const calls = async (): Promise<void> => {
  const ready: boolean = await CometChat.init("app", settings);
  // @ts-expect-error: the builder's settings are wanted
  await CometChat.init("app");
  const user = await CometChat.login("alice", "key");
  const uid: string = user.getUid();
  // @ts-expect-error: a key is text
  await CometChat.login("alice", 42);
  const known = await CometChat.getLoggedinUser();
  // @ts-expect-error: perhaps nobody is logged in
  known.getName();
  const status = CometChat.getConnectionStatus();
  if (status === CometChat.CONNECTION_STATUS.CONNECTED) console.log(ready, uid);
  CometChat.connect({ onSuccess: () => {}, onError: ({ code }) => code.length });
  await CometChat.ping();
  CometChat.disconnect();
};

CometChat.addConnectionListener(
  "id",
  new CometChat.ConnectionListener({
    onConnected: () => {},
    inConnecting: () => {},
    onDisconnected: () => {},
    onFeatureThrottled: () => {},
    onConnectionError: (error) => error.message.length,
  }),
);
// @ts-expect-error: a listener has a name
CometChat.addConnectionListener(new CometChat.ConnectionListener({ onConnected: () => {} }));
CometChat.addLoginListener("id", new CometChat.LoginListener({ loginSuccess: (user) => user.getName().length }));
// @ts-expect-error: no such callback
new CometChat.LoginListener({ loginSucess: () => {} });
CometChat.removeConnectionListener("id");
CometChat.removeLoginListener("id");

/** As the documentation's typed samples name them. */
export const nameOf = (user: CometChat.User): string => {
  // @ts-expect-error: no such call
  user.getNmae();
  return user.getName();
};
