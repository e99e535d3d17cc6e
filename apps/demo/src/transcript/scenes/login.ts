/** Scene 1: login → connecting → connected → events. */
import { ms } from "../checks.js";
import { head, numbers, publish } from "../events.js";
import { patienceMs, promptMs } from "../numbers.js";
import { appId, type World } from "../world.js";

export async function login({ alice, bob, authKey, gateway, tokens, checks, paper }: World): Promise<void> {
  paper.scene("Login: connecting, then connected");
  const first = alice.since();
  await alice.client.init(appId);
  checks.that(
    "login: nothing is dialled before somebody is logged in",
    alice.proxy.accepted === 0 && alice.client.getConnectionStatus() === "disconnected",
    `${alice.proxy.accepted} sockets at the proxy`,
  );
  alice.say("login(uid, authKey), auto mode");
  const connected = alice.tells("connected");
  const user = await alice.client.login("alice", authKey);
  checks.that("login: the user is the gateway's", user.name === "Alice", `login() resolved ${user.uid}, ${user.name}`);
  const told = await checks.comes("status: connected after login", patienceMs, connected);
  checks.that(
    "status: told in this order",
    first.statuses() === "connecting → connected",
    `${first.statuses()}, ${ms(told.at - first.at)} after init()`,
  );
  checks.that(
    "status: connected means that the gateway has welcomed the link",
    told.linkedAtGateway === 1 && told.sockets === 1 && told.answered === "connected",
    `the gateway counted ${told.linkedAtGateway} link when it was told`,
  );

  bob.say("login({ uid, getToken }), manual mode");
  await bob.client.init(appId, { autoEstablishSocketConnection: false });
  await bob.client.login({ uid: "bob", getToken: tokens.getToken });
  checks.that(
    "manual: login alone dials nothing",
    bob.proxy.accepted === 0,
    `${bob.proxy.accepted} sockets at bob's proxy`,
  );
  bob.say("connect()");
  await checks.comes("manual: connect() resolves when linked", patienceMs, bob.client.connect());
  checks.that("manual: connect() resolved on a welcomed link", gateway.stats().linked === 2, "the gateway counts 2");

  paper.scene("Events");
  const atAlice = alice.since();
  const atBob = bob.since();
  const published = await publish(gateway, "alice", 3);
  paper.line("gateway", `published ${published.length} messages to alice`);
  alice.say('send("user:bob", "message", …)');
  const sent = alice.client.send("user:bob", "message", { text: "Hello, Bob" });
  const ack = (await checks.comes("events: a send is acknowledged", patienceMs, sent))?.n;
  await checks.becomes(
    "events: arrive",
    promptMs,
    () => atAlice.received().length >= 3 && atBob.received().length >= 1,
  );
  checks.that(
    "events: what the gateway published arrived, in order, once",
    String(numbers(atAlice.received())) === String(published),
    `published ${published.join(", ")}, received ${numbers(atAlice.received()).join(", ")}`,
  );
  checks.that(
    "events: one user's message reached the other, at the position that was acknowledged",
    String(numbers(atBob.received())) === String([ack]) && head(gateway) === ack,
    `acknowledged ${ack}, bob received ${numbers(atBob.received()).join(", ")}`,
  );
}
