/** Everything that can be known of the connection at this moment, with what counts down counting. */
import { useConnection } from "@cc/react";
import type { ReactElement, ReactNode } from "react";
import { secondsTo, useNow } from "../useNow.js";

const clock = (at: number): string => (at === 0 ? "–" : new Date(at).toLocaleTimeString([], { hour12: false }));

export function SnapshotView(): ReactElement {
  const s = useConnection();
  const now = useNow(s.retryAt !== null || s.leaseUntil !== null || s.throttled.length > 0);
  const background = typeof s.background === "string" ? s.background : `grace ${s.background.graceMs / 1000} s`;
  const rows: readonly (readonly [string, ReactNode])[] = [
    ["status", s.status],
    ["phase", s.phase],
    ["reason", s.reason],
    ["attempt", s.attempt],
    ["retryAt", s.retryAt === null ? "–" : secondsTo(s.retryAt, now)],
    ["since", clock(s.since)],
    ["linked", s.linked ? "yes" : "no"],
    ["link", s.link ?? "–"],
    ["recovery", s.recovery ?? "–"],
    ["rttMs", s.rttMs === null ? "–" : s.rttMs.toFixed(1)],
    ["mode", s.mode],
    ["app", s.app],
    ["background", background],
    ["leaseUntil", s.leaseUntil === null ? "–" : secondsTo(s.leaseUntil, now)],
    ["online", s.online ? "yes" : "no"],
    [
      "throttled",
      s.throttled.map((t) => `${t.feature}${t.until === null ? "" : ` ${secondsTo(t.until, now)}`}`).join(", ") || "–",
    ],
    ["outage", s.outage === null ? "–" : `since ${clock(s.outage.since)}${s.outage.notable ? ", notable" : ""}`],
    ["error", s.error?.code ?? "–"],
    ["user", s.user ?? "–"],
  ];
  return (
    <div className="snapshot">
      <dl>
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
