/** Everything that can be known of the connection at this moment, with what counts down counting. */
import { useConnection } from "@cc/react";
import { remediation } from "@cc/sdk/remediation";
import type { ReactElement, ReactNode } from "react";
import { secondsTo, useNow } from "../useNow.js";

const clock = (at: number): string => new Date(at).toLocaleTimeString([], { hour12: false });

export function Snapshot(): ReactElement {
  const s = useConnection();
  const now = useNow(s.retryAt !== null || s.leaseUntil !== null || s.throttled.length > 0);
  const rows: readonly (readonly [string, ReactNode])[] = [
    ["phase", s.phase],
    ["reason", s.reason],
    ["attempt", s.attempt],
    ["next retry", s.retryAt === null ? "–" : secondsTo(s.retryAt, now)],
    ["link", s.link ?? "–"],
    ["recovery", s.recovery ?? "–"],
    ["since", clock(s.since)],
    ["round trip", s.rttMs === null ? "–" : `${s.rttMs.toFixed(1)} ms`],
    ["mode", s.mode],
    ["app", s.app],
    ["lease", s.leaseUntil === null ? "–" : secondsTo(s.leaseUntil, now)],
    ["online", s.online ? "yes" : "no"],
    [
      "throttled",
      s.throttled.map((t) => `${t.feature}${t.until === null ? "" : ` ${secondsTo(t.until, now)}`}`).join(", ") || "–",
    ],
    ["outage", s.outage === null ? "–" : `since ${clock(s.outage.since)}${s.outage.notable ? ", notable" : ""}`],
  ];
  return (
    <details className="card snapshot" open>
      <summary>Snapshot</summary>
      <dl>
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {s.error !== null && (
        <p className="error">
          <code>{s.error.code}</code> {s.error.message}. <em>{remediation(s.error)}</em>
        </p>
      )}
    </details>
  );
}
