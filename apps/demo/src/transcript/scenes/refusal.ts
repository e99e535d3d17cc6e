/** Scenes 6 and 7: a rejected token, with and without a good one to follow; features throttled and clear again. */
import { setTimeout as sleep } from "node:timers/promises";
import { isConnectionError } from "@cc/sdk";
import { ms } from "../checks.js";
import { numbers } from "../events.js";
import { patienceMs, policy, promptMs, throttleMs, toleranceMs } from "../numbers.js";
import type { World } from "../world.js";

export async function rejected({ bob, gateway, tokens, checks, paper }: World): Promise<void> {
  paper.scene("A rejected token");
  const since = bob.since();
  const asked = tokens.asked.length;
  const lost = bob.tells("disconnected");
  const back = bob.tells("connected");
  paper.line("gateway", "bob's tokens are revoked");
  gateway.revokeUser("bob");
  const told = await checks.comes("token: a revoked one ends the link", promptMs, lost);
  const again = await checks.comes("token: a fresh one brings it back", patienceMs, back);
  checks.that(
    "token: rejected, refreshed once, connected",
    told.error?.code === "ERR_AUTH_REJECTED" && String(tokens.asked.slice(asked)) === "rejected",
    `getToken was called for: ${tokens.asked.slice(asked).join(", ")}; ${ms(again.at - since.at)} in all`,
  );
  checks.that(
    "token: the burnt one was never sent again",
    new Set(bob.tokensSent.slice(-2)).size === 2,
    "read off the hello frames",
  );

  paper.note("now getToken itself returns a token that the gateway has revoked");
  // The first rejection is forgotten once the link is stable; only then does the count begin anew.
  await sleep((policy.stableMs ?? 0) + 100);
  const failing = bob.since();
  tokens.stale = (await gateway.mintToken("bob")).token;
  const sent = bob.proxy.accepted;
  const ended = bob.client.until((s) => s.phase === "failed");
  gateway.revokeUser("bob");
  await checks.comes("token: a second rejection ends it", patienceMs, ended);
  const dials = bob.proxy.accepted - sent;
  await sleep(500);
  checks.that(
    "token: a second rejection in a row is final: no more attempts, the session is kept",
    bob.proxy.accepted - sent === dials &&
      failing.errors().at(-1)?.code === "ERR_AUTH_REJECTED" &&
      bob.client.getLoggedInUser()?.uid === "bob",
    `${dials} dial with the second token, none in the 500 ms after it`,
  );
  tokens.stale = undefined;
  bob.say("connect(), with a good token to be had again");
  await checks.comes("token: connect() with a new token leads out", patienceMs, bob.client.connect());
  checks.that(
    "token: connect() with a new token leads out",
    gateway.stats().linked === 2,
    "the gateway counts 2 links",
  );
}

export async function throttled({ alice, bob, gateway, checks, paper }: World): Promise<void> {
  paper.scene("Throttled, and clear again");
  const since = alice.since();
  const atBob = bob.since();
  const shed = alice.tells("featureThrottled");
  const at = paper.now();
  paper.line("gateway", `throttles typing for ${throttleMs / 1000} s`);
  gateway.throttle([{ feature: "typing", reason: "operator", forMs: throttleMs }]);
  const told = await checks.comes("throttle: featureThrottled is told", promptMs, shed);
  const clear = alice.tells("connected");
  const refusal = await alice.client.send("user:bob", "typing", {}, { ephemeral: true }).then(
    () => "sent",
    (error: unknown) => (isConnectionError(error) ? error.code : String(error)),
  );
  const ack = await checks.comes(
    "throttle: a message is acknowledged meanwhile",
    patienceMs,
    alice.client.send("user:bob", "message", { text: "Still here" }),
  );
  checks.that(
    "throttle: typing is refused, messages go on",
    refusal === "ERR_FEATURE_THROTTLED" && told.linkedAtGateway === 2,
    `typing: ${refusal}; the message has number ${ack?.n}`,
  );
  // The end is jittered by up to a tenth of the length, so that a fleet does not wake at once.
  const latest = throttleMs * 1.1 + toleranceMs;
  const cleared = await checks.comes("throttle: it ends by itself", latest, clear);
  checks.that(
    "throttle: it ends by itself, when the gateway said",
    cleared.at - at >= throttleMs - 20 && cleared.reason === "throttleEnded" && gateway.stats().throttled.length === 0,
    `${ms(cleared.at - at)} of ${ms(throttleMs)} to ${ms(throttleMs * 1.1)}; ${since.statuses()}`,
  );
  const typed = alice.client.send("user:bob", "typing", {}, { ephemeral: true });
  await checks.comes("throttle: typing goes again", promptMs, typed);
  await checks.becomes("throttle: bob sees it", promptMs, () => atBob.received().some((e) => e.kind === "typing"));
  checks.that(
    "throttle: what was refused never reached the other side",
    atBob.received().filter((e) => e.kind === "typing").length === 1 &&
      String(numbers(atBob.received())) === String(ack?.n),
    "bob saw one typing, the last",
  );
}
