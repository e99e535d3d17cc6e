/** Scenes 4 and 5: into the background and back, in auto mode and in manual mode. */
import { setTimeout as sleep } from "node:timers/promises";
import { ms } from "../checks.js";
import { numbers, publish } from "../events.js";
import { leaseMs, leaseSlackMs, patienceMs, promptMs, toleranceMs } from "../numbers.js";
import type { World } from "../world.js";

export async function auto({ alice, gateway, checks, paper }: World): Promise<void> {
  paper.scene("Background in auto mode (policy: disconnect)");
  const since = alice.since();
  const gone = alice.tells("disconnected");
  alice.say("goes to the background (scripted)");
  alice.lifecycle.emit("background");
  await checks.comes("background: auto mode disconnects", promptMs, gone);
  await checks.becomes("background: the gateway sees the link go", promptMs, () => gateway.stats().linked === 1);
  const accepted = alice.proxy.accepted;
  const published = await publish(gateway, "alice", 1);
  await sleep(400);
  checks.that(
    "background: nothing dials there",
    alice.proxy.accepted === accepted,
    "no new socket at the proxy in 400 ms",
  );
  const dialled = alice.tells("connecting");
  const back = alice.tells("connected");
  const at = paper.now();
  alice.say("comes back to the foreground (scripted)");
  alice.lifecycle.emit("foreground");
  await checks.comes("background: back in the foreground it dials at once", promptMs, dialled);
  const told = await checks.comes("background: back in the foreground it connects", patienceMs, back);
  await checks.becomes("background: what was missed arrives", patienceMs, () => since.received().length > 0);
  checks.that(
    "background: connected at once in the foreground, nothing missed",
    String(numbers(since.received())) === String(published) && told.linkedAtGateway === 2,
    `${ms(told.at - at)} after the foreground`,
  );
}

export async function manual({ bob, gateway, checks, paper }: World): Promise<void> {
  paper.scene(`Background in manual mode: a lease of ${leaseMs / 1000} s, renewed by ping()`);
  const entered = Date.now();
  bob.say("goes to the background (scripted)");
  bob.lifecycle.emit("background");
  const first = bob.client.snapshot().leaseUntil ?? 0;
  checks.that(
    "lease: it runs from the moment of entering the background",
    between(entered, first - leaseMs, Date.now()),
    `leaseUntil is ${ms(first - entered)} after it`,
  );
  await sleep(leaseMs / 2);
  const pinged = Date.now();
  const at = paper.now();
  const answered = bob.client.ping();
  const called = Date.now();
  const pong = await checks.comes("lease: ping() is answered", promptMs, answered);
  bob.say(
    `ping() answered in ${pong.rttMs?.toFixed(1)} ms: the lease runs to ${ms((pong.leaseUntil ?? 0) - pinged)} from here`,
  );
  checks.that(
    "lease: ping() renews it from the call",
    between(pinged, (pong.leaseUntil ?? 0) - leaseMs, called),
    `renewed by ${ms((pong.leaseUntil ?? 0) - first)}`,
  );
  const gone = bob.tells("disconnected");
  // Beyond the end of the first lease with its slack, and well before that of the renewed one.
  await sleep(first + leaseSlackMs + 150 - Date.now());
  checks.that(
    "lease: the renewed link outlives the first lease",
    gateway.stats().linked === 2,
    "the gateway still counts bob's link",
  );
  const total = leaseMs + leaseSlackMs;
  const told = await checks.comes("lease: the link is closed when it ends", total + toleranceMs, gone);
  const lived = told.at - at;
  checks.that(
    "lease: closed after lease and slack, not sooner and not later",
    lived > total - 50 && lived < total + toleranceMs && told.reason === "leaseExpired",
    `${ms(lived)} after the ping; lease and slack are ${ms(total)}`,
  );
  await checks.becomes("lease: the gateway sees the link go", promptMs, () => gateway.stats().linked === 1);
  const accepted = bob.proxy.accepted;
  bob.say("comes back to the foreground (scripted)");
  bob.lifecycle.emit("foreground");
  await sleep(600);
  checks.that(
    "manual: nothing dials by itself after the lease, not even in the foreground",
    bob.proxy.accepted === accepted && bob.client.getConnectionStatus() === "disconnected",
    "no new socket at the proxy in 600 ms",
  );
  bob.say("connect()");
  await checks.comes("manual: connect() brings it back", patienceMs, bob.client.connect());
  checks.that("manual: connect() brings it back", gateway.stats().linked === 2, "the gateway counts 2 links");
}

/** Whether a moment lies between two others, but for what two clocks may differ by. */
const between = (after: number, moment: number, before: number): boolean => moment > after - 50 && moment < before + 50;
