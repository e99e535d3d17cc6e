/**
 * The status, large; the machine behind it; why it is so, what comes next and when, what would change it, and what the user can do;
 * what counts down; and the last error with its remediation.
 */
import { useConnection, useOutage } from "@cc/react";
import { explain } from "@cc/sdk/explain";
import type { ReactElement } from "react";
import { secondsTo, useNow } from "../useNow.js";
import { useSeat } from "./context.js";
import { MachineView } from "./MachineView.js";
import { errorWords } from "./timeline.js";

interface Timer {
  readonly label: string;
  readonly from: number;
  readonly to: number;
}

interface Props {
  readonly number: number;
  readonly disposed: boolean;
}

/** Of a lease and of what the server throttles here, whose beginnings the snapshot does not tell. */
const LEASE_MS = 30_000;
const THROTTLE_MS = 15_000;

export function StatusCard({ number, disposed }: Props): ReactElement {
  const { config } = useSeat();
  const s = useConnection();
  const outage = useOutage();
  const { why, next, change, user } = explain(s);
  const timers: Timer[] = [];
  if (s.retryAt !== null) timers.push({ label: "Next attempt", from: s.since, to: s.retryAt });
  if (s.leaseUntil !== null) timers.push({ label: "Lease", from: s.leaseUntil - LEASE_MS, to: s.leaseUntil });
  for (const { feature, until } of s.throttled) {
    if (until !== null) timers.push({ label: `Throttled: ${feature}`, from: until - THROTTLE_MS, to: until });
  }
  const now = useNow((timers.length > 0 || outage !== null) && !disposed);
  const name = config.users.find(({ uid }) => uid === s.user)?.name ?? s.user ?? "Nobody logged in";

  return (
    <div className="card status" data-status={disposed ? "disposed" : s.status}>
      <div className="head">
        <h2>
          <kbd>{number}</kbd> {name}
        </h2>
        <p className="pill" role="status">
          <span className="dot" aria-hidden="true" />
          {disposed ? "disposed" : s.status}
        </p>
      </div>
      <div className="machine-row">
        <MachineView />
        <div className="words">
          <p className="why">{disposed ? "dispose() was called: this client tells nothing any more." : why}</p>
          {!disposed && (
            <dl className="explain">
              <dt>Next</dt>
              <dd>{next}</dd>
              <dt>Sooner by</dt>
              <dd>{change}</dd>
              <dt>You</dt>
              <dd>{user}</dd>
            </dl>
          )}
          {!disposed && (
            <div className="timers">
              {timers.map(({ label, from, to }) => (
                <div key={label} className="timer">
                  <span>{label}</span>
                  <strong className="count">{secondsTo(to, now)}</strong>
                  <div className="bar" aria-hidden="true">
                    <div
                      style={{ transform: `scaleX(${Math.min(1, Math.max(0, (to - now) / Math.max(1, to - from)))})` }}
                    />
                  </div>
                </div>
              ))}
              {outage !== null && (
                <p className="outage">No connection for {Math.floor(Math.max(0, now - outage.since) / 1000)} s</p>
              )}
            </div>
          )}
        </div>
      </div>
      {/* Always there, so that nothing jumps from under the hand when an error comes. */}
      <p className="error" data-none={s.error === null || disposed || undefined}>
        {s.error === null || disposed ? (
          "No error."
        ) : (
          <>
            <code>{s.error.code}</code> {errorWords(s.error)}
          </>
        )}
      </p>
    </div>
  );
}
