/**
 * What the gateway counts, for Prometheus: one registry per gateway, so that two in one process do not add up. Gauges are read
 * when scraped; labels are codes and never ids.
 */
import type { HubNote } from "@cc/protocol/server";
import { Counter, Gauge, Registry } from "prom-client";
import type { GatewayStats } from "./api.js";

/** The meters of one gateway. */
export interface Meters {
  readonly requests: Counter<"method" | "status">;
  /** Counts what a hub tells. */
  note(note: HubNote): void;
  /** Upgrades refused before there was a link, by code. */
  readonly refusedUpgrades: Counter<"code">;
  /** Links cut because their socket took nothing any more. */
  readonly slow: Counter;
  /** The exposition text. */
  text(): Promise<string>;
  readonly contentType: string;
}

export const createMeters = (stats: () => GatewayStats): Meters => {
  const registry = new Registry();
  const registers = [registry];
  const gauge = (name: string, help: string, read: (stats: GatewayStats) => number): void => {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read(stats()));
      },
    });
  };
  gauge("cc_connections", "Sockets, welcomed or not", ({ connections }) => connections);
  gauge("cc_links", "Welcomed links", ({ linked }) => linked);
  gauge("cc_users", "Registered users", ({ users }) => users);
  gauge("cc_log_head", "Head of the log, all partitions together", ({ positions }) =>
    positions.reduce((sum, n) => sum + n, 0),
  );
  gauge("cc_reconnect_spread_ms", "Spread asked of returning clients", ({ reconnectSpreadMs }) => reconnectSpreadMs);
  gauge("cc_draining", "1 while draining", ({ draining }) => (draining ? 1 : 0));
  gauge("cc_throttled_features", "Features throttled now", ({ throttled }) => throttled.length);
  gauge(
    "cc_load_level",
    "Features that load sheds: 1 typing, 2 presence too, 3 receipts too",
    ({ load }) => load.level,
  );
  gauge("cc_load_pressure", "The worst measure of load as a share of its bound", ({ load }) => load.pressure);
  gauge("cc_event_loop_delay_ms", "Mean lateness of the event loop", ({ load }) => load.eventLoopDelayMs);
  gauge("cc_outbound_bytes", "Bytes waiting in all sockets", ({ load }) => load.outboundBytes);
  gauge("cc_publish_rate", "Events asked for per second", ({ load }) => load.publishRate);

  const welcomed = new Counter({
    name: "cc_welcomed_total",
    help: "Links welcomed",
    labelNames: ["recovery"],
    registers,
  });
  const refused = new Counter({
    name: "cc_refused_total",
    help: "Links refused by a frame",
    labelNames: ["code"],
    registers,
  });
  const closed = new Counter({
    name: "cc_closed_total",
    help: "Links closed, by close code",
    labelNames: ["code"],
    registers,
  });
  const broken = new Counter({ name: "cc_broker_failures_total", help: "Calls that the broker failed", registers });

  return {
    requests: new Counter({
      name: "cc_http_requests_total",
      help: "HTTP requests answered",
      labelNames: ["method", "status"],
      registers,
    }),
    refusedUpgrades: new Counter({
      name: "cc_upgrades_refused_total",
      help: "Upgrades refused by HTTP",
      labelNames: ["code"],
      registers,
    }),
    slow: new Counter({ name: "cc_slow_links_total", help: "Links cut for a full outbound buffer", registers }),
    note: (note) => {
      if (note.note === "welcomed") welcomed.inc({ recovery: note.recovery });
      else if (note.note === "refused") refused.inc({ code: note.code });
      else if (note.note === "closed") closed.inc({ code: String(note.code) });
      else broken.inc();
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
};
