/** The status, large; why it is so, what comes next and when, what would change it, and what the user can do. */
import { useConnection } from "@cc/react";
import { explain } from "@cc/sdk/explain";
import type { ReactElement } from "react";
import { secondsTo, useNow } from "../useNow.js";

export function StatusCard({ title }: { readonly title: string }): ReactElement {
  const snapshot = useConnection();
  const { why, next, when, change, user } = explain(snapshot);
  const now = useNow(when !== null);
  const share = when === null ? 0 : Math.min(1, Math.max(0, (when - now) / Math.max(1, when - snapshot.since)));
  return (
    <div className="card status" data-status={snapshot.status}>
      <div className="head">
        <h2>{title}</h2>
        <p className="pill" role="status">
          <span className="dot" aria-hidden="true" />
          {snapshot.status}
        </p>
      </div>
      <p className="why">{why}</p>
      <dl className="explain">
        <dt>Next</dt>
        <dd>
          {next}
          {when !== null && <strong className="count"> {secondsTo(when, now)}</strong>}
        </dd>
        <dt>Changes by</dt>
        <dd>{change}</dd>
        <dt>You</dt>
        <dd>{user}</dd>
      </dl>
      <div className="bar" aria-hidden="true">
        <div style={{ transform: `scaleX(${share})` }} />
      </div>
    </div>
  );
}
