/**
 * `explain(snapshot)`: the words for a snapshot. A free function and an entry of its own, so that who does not call
 * it does not ship it. Total: every reason and phase has its sentence, and the compiler checks that none is missing.
 */
import type { Snapshot } from "./derive.js";
import type { Reason } from "./state.js";

export interface Explanation {
  /** Why the status is what it is. */
  readonly why: string;
  /** What happens next by itself. */
  readonly next: string;
  /** When that is, wall-clock ms since 1970; `null`: not scheduled. */
  readonly when: number | null;
  /** What would change it sooner. */
  readonly change: string;
  /** What the user of the app can do. */
  readonly user: string;
}

const WHY: Readonly<Record<Reason, string>> = {
  notInitialized: "The client has not been initialised.",
  loggedOut: "Nobody is logged in.",
  manual: "Manual mode: nobody has asked for a connection yet.",
  disconnectCalled: "disconnect() was called.",
  leaseExpired: "The app stayed in the background until its lease ran out.",
  lostInBackground: "The connection was lost in the background; in manual mode it does not come back by itself.",
  background: "The app is in the background and the policy keeps no connection there.",
  pageHidden: "The page was left; a page that may be restored holds no socket.",
  starting: "A connection is wanted.",
  connectCalled: "connect() was called.",
  welcome: "The server has welcomed this client.",
  linkLost: "The connection was lost.",
  probeFailed: "The server gave no sign of life when asked.",
  attemptFailed: "The last attempt failed.",
  attemptTimeout: "The last attempt got no answer in time.",
  tokenFailed: "No token could be had.",
  rejected: "The server refused the token.",
  serverBusy: "The server asks to wait.",
  goaway: "The server asked this client to move to another connection.",
  wake: "The app or the network has come back.",
  retry: "A new attempt was due.",
  checkCalled: "checkNow() was called.",
  reconnectCalled: "reconnect() was called.",
  throttled: "The server is under load and has throttled some features.",
  throttleEnded: "The server has lifted its throttling.",
  failed: "The server refused this client for good.",
};

const NOBODY = "Nothing happens by itself.";

/** Why the connection is as it is, what comes next, when, what would change it, and what the user can do. */
export function explain(s: Snapshot): Explanation {
  const why = s.phase === "failed" && s.error !== null ? `${WHY.failed} ${s.error.message}.` : WHY[s.reason];
  const say = (next: string, when: number | null, change: string, user: string): Explanation => ({
    why,
    next,
    when,
    change,
    user,
  });
  switch (s.phase) {
    case "linked": {
      const end = s.leaseUntil;
      if (end !== null)
        return say(
          "The connection is closed soon after the lease ends.",
          end,
          "ping() renews the lease; the foreground lifts it.",
          "Nothing.",
        );
      if (s.status === "featureThrottled") {
        const ends = s.throttled.map((t) => t.until).filter((t) => t !== null);
        const names = s.throttled.map((t) => t.feature).join(", ");
        return say(
          ends.length === 0 ? `Throttled now: ${names}.` : `Throttled now: ${names}. It ends by itself.`,
          ends.length === 0 ? null : Math.min(...ends),
          "Only the server lifts it sooner.",
          "Wait with what is throttled; messages go on.",
        );
      }
      return say(
        "The connection is watched and kept.",
        null,
        "disconnect(), logout(), the background or the network.",
        "Nothing.",
      );
    }
    case "waiting":
      return say(
        `Attempt ${s.attempt + 1} is made.`,
        s.retryAt,
        s.reason === "serverBusy"
          ? "Nothing: the server set this time."
          : "checkNow(), the network coming back, or the app coming to the foreground.",
        s.online ? "Wait, or try again." : "Check the network connection.",
      );
    case "token":
      return say(
        "A token is being fetched; then the server is called.",
        null,
        "disconnect() or logout() ends the attempt.",
        "Wait.",
      );
    case "transport":
      return say("The server is being called.", null, "disconnect() or logout() ends the attempt.", "Wait.");
    case "handshake":
      return say("The server's welcome is awaited.", null, "disconnect() or logout() ends the attempt.", "Wait.");
    case "failed":
      return say(NOBODY, null, "connect() makes a fresh attempt; so does a new login.", "Log in again.");
    case "idle":
      if (s.reason === "background" || s.reason === "pageHidden")
        return say(
          "It connects when the app is in the foreground again.",
          null,
          "Bringing the app to the foreground.",
          "Open the app.",
        );
      if (s.reason === "notInitialized") return say(NOBODY, null, "init(), then login().", "Nothing.");
      if (s.reason === "loggedOut") return say(NOBODY, null, "login().", "Log in.");
      return say(NOBODY, null, s.mode === "auto" ? "connect() or the next login." : "connect().", "Connect.");
  }
}
