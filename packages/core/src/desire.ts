/**
 * What the facts want of the link machine: one table, read from top to bottom, the first row that applies wins.
 *
 * `none`   there is to be no link until a call changes that;
 * `hold`   there is to be none until the surroundings change;
 * `link`   `dial`: have one, and make one if there is none; `keep`: keep the one there is, make no new one.
 */
import type { Policy } from "./policy.js";
import type { Reason, State } from "./state.js";

export type Desire =
  | { readonly tag: "none"; readonly reason: Reason }
  | { readonly tag: "hold"; readonly reason: Reason }
  | { readonly tag: "link"; readonly urgency: "dial" | "keep"; readonly reason: Reason };

export type Facts = Pick<State, "session" | "mode" | "app" | "page">;

export function desire(x: Facts, p: Pick<Policy, "background">): Desire {
  if (x.session.tag === "uninitialized") return { tag: "none", reason: "notInitialized" };
  if (x.session.tag === "loggedOut") return { tag: "none", reason: "loggedOut" };
  if (x.mode.wish !== "on") return { tag: "none", reason: x.mode.wish };
  if (x.page === "hidden") return { tag: "hold", reason: "pageHidden" };
  if (x.app.tag === "foreground" || p.background === "keep")
    return { tag: "link", urgency: "dial", reason: "starting" };
  // The end of a lease takes the wish away, so a wish in the background of manual mode has its lease.
  if (!x.mode.auto) return { tag: "link", urgency: "dial", reason: "starting" };
  if (x.app.hold !== null) return { tag: "link", urgency: "keep", reason: "background" };
  return { tag: "hold", reason: "background" };
}
