/**
 * The whole table of `desire`, against one written from clauses 3 and 4 alone.
 *
 * Combinations that no path can reach (a lease in auto mode, a grace that was never declared, a wish in the
 * background of manual mode without its lease) are left out here; machine.property.test.ts shows that they are never reached.
 */
import {
  type BackgroundPolicy,
  type Desire,
  desire,
  type Facts,
  type Hold,
  type Mode,
  type OffReason,
  type Session,
} from "@cc/core";
import { describe, expect, test } from "vitest";

const at = { now: 0, wall: 0 };
const sessions: readonly Session[] = [
  { tag: "uninitialized" },
  { tag: "loggedOut" },
  ...[null, { value: "T", from: at, lifeMs: 60_000 }].flatMap((token) =>
    [null, { job: 1, reason: "missing" as const }].map((job) => ({
      tag: "active" as const,
      user: "ann",
      token,
      renewable: true,
      job,
      burnt: [],
      rejections: 0,
      refreshFrom: 0,
    })),
  ),
];
const offReasons: readonly OffReason[] = ["manual", "disconnectCalled", "leaseExpired", "lostInBackground"];
const modes: readonly Mode[] = [true, false].flatMap((auto) =>
  (["on", ...offReasons] as const).map((wish) => ({ auto, wish })),
);
const holds: readonly (Hold | null)[] = [
  null,
  ...(["lease", "grace", "acks"] as const).map((why) => ({ why, from: at, ms: 1 })),
];
const apps: readonly Facts["app"][] = [
  { tag: "foreground" },
  ...holds.map((hold) => ({ tag: "background" as const, since: at, hold })),
];
const pages: readonly Facts["page"][] = ["shown", "hidden"];
const policies: readonly BackgroundPolicy[] = ["disconnect", "keep", { graceMs: 10_000 }];

/** Whether a machine can be in this combination: who enters the background gets the hold of the mode and the policy, and no other. */
function reachable({ mode, app }: Facts, background: BackgroundPolicy): boolean {
  if (app.tag === "foreground") return true;
  const why = app.hold?.why ?? "none";
  if (mode.auto) return why !== "lease" && (why !== "grace" || typeof background === "object");
  // A wish in the background of manual mode comes with a lease (B4.4), unless `keep` has lifted it.
  return mode.wish !== "on" || background === "keep" || why === "lease";
}

/** The clauses, in their own order of words. */
function expected(
  { session, mode, app, page }: Facts,
  background: BackgroundPolicy,
): { readonly tag: Desire["tag"]; readonly dials: boolean; readonly reason: string } {
  const none = (reason: string) => ({ tag: "none" as const, dials: false, reason });
  const dial = { tag: "link" as const, dials: true, reason: "starting" };
  // Without a user there is nothing to connect for (B2.5, B4.2).
  if (session.tag === "uninitialized") return none("notInitialized");
  if (session.tag === "loggedOut") return none("loggedOut");
  // disconnect() wins over auto mode (B3.4); in manual mode only connect() brings a link, and it stays gone after a lease or a loss in the background (B4.1, B4.5).
  if (mode.wish !== "on") return none(mode.wish);
  // A page in the back/forward cache holds no socket (B5.9).
  if (page === "hidden") return { tag: "hold", dials: false, reason: "pageHidden" };
  // Foreground: linked, or trying for as long as it takes (B3.1, B4.3); `keep` makes the background the same (B3.2, B4.4).
  if (app.tag === "foreground" || background === "keep") return dial;
  // Manual mode in the background: under its lease (B4.4), where connect() may dial.
  if (!mode.auto) return dial;
  // Auto mode in the background: at once (B3.2), but a grace or unacknowledged sends keep what stands; nothing is dialled for them.
  if (app.hold !== null) return { tag: "link", dials: false, reason: "background" };
  return { tag: "hold", dials: false, reason: "background" };
}

describe("desire", () => {
  test("[B3.1] [B3.2] [B3.4] [B4.1] [B4.3] [B4.4] [B4.5] [B5.9] the whole table, every reachable combination", () => {
    let rows = 0;
    let skipped = 0;
    for (const session of sessions)
      for (const mode of modes)
        for (const app of apps)
          for (const page of pages)
            for (const background of policies) {
              const facts: Facts = { session, mode, app, page };
              if (!reachable(facts, background)) {
                skipped += 1;
                continue;
              }
              const want = desire(facts, { background });
              const { tag, dials, reason } = expected(facts, background);
              const row = JSON.stringify({ facts, background });
              expect(want.tag, row).toBe(tag);
              if (want.tag === "link") expect(want.urgency, row).toBe(dials ? "dial" : "keep");
              else expect(dials, row).toBe(false);
              expect(want.reason, row).toBe(reason);
              rows += 1;
            }
    expect(rows + skipped).toBe(6 * 10 * 5 * 2 * 3);
    expect(rows).toBeGreaterThan(1_300);
  });

  test("[R19] without the wish nothing else in the world makes it dial", () => {
    for (const session of sessions)
      for (const wish of offReasons)
        for (const auto of [true, false])
          for (const app of apps)
            for (const page of pages)
              for (const background of policies) {
                expect(desire({ session, mode: { auto, wish }, app, page }, { background }).tag).toBe("none");
              }
  });
});
