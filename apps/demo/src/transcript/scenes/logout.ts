/** Scene 8: logout, and what is left behind. */
import { ms } from "../checks.js";
import { patienceMs, promptMs } from "../numbers.js";
import { appId, type World } from "../world.js";

export async function logout({ alice, bob, gateway, checks, paper, witness }: World): Promise<void> {
  paper.scene("Logout");
  const since = alice.since();
  alice.say("logout()");
  const result = await checks.comes("logout: it resolves", patienceMs, alice.client.logout());
  const token = alice.tokensSent.at(-1) ?? "";
  const dead = await gateway.verifyToken(token).then(
    () => false,
    () => true,
  );
  checks.that(
    "logout: the gateway takes the token no more",
    result.revoked && dead,
    "the token of the last hello is refused",
  );
  checks.that(
    "logout: told, and nobody is logged in",
    since.statuses() === "disconnected" && alice.client.getLoggedInUser() === null,
    since.statuses(),
  );
  const stored = await alice.storage.get(`cc:${appId}:session`);
  checks.that("logout: the stored session is gone", stored === undefined, "read from the storage itself");
  bob.say("disconnect(), then logout()");
  await bob.client.disconnect();
  await bob.client.logout();
  await checks.becomes("logout: no link is left at the gateway", promptMs, () => gateway.stats().linked === 0);
  checks.that(
    "status: it never disagreed with the gateway for long",
    witness.longestMs < promptMs,
    `${ms(witness.longestMs)} at the longest, in ${witness.looks} comparisons`,
  );
}
