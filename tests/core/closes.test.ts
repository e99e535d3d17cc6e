/** What the end of a link is told as, and what comes of it: each close code and HTTP status that means something, and some that do not. */
import { ConnectionError, connectionError, isConnectionError, type LinkClose } from "@cc/core";
import { describe, expect, test } from "vitest";
import { createRig, linkedRig } from "./rig.js";

interface Told {
  readonly code: string;
  readonly message: string;
  readonly phase: "waiting" | "failed";
  /** Earliest next dial after the loss, in ms. */
  readonly floor?: number;
  readonly retryAfterMs?: number;
}

const lost = (message: string): Told => ({ code: "ERR_WEBSOCKET_ERROR", message, phase: "waiting" });
const busy = (message: string, floor = 0, retryAfterMs = 0): Told => ({
  code: "ERR_SERVER_OVERLOADED",
  message,
  phase: "waiting",
  floor,
  retryAfterMs,
});

const table: readonly (readonly [close: Partial<LinkClose>, told: Told])[] = [
  [{ code: 1000 }, lost("Connection closed (1000)")],
  [{ code: 1001, reason: "going away" }, lost("Connection closed (1001) going away")],
  [{ code: 1006 }, lost("Connection closed (1006)")],
  [{ code: 1006, httpStatus: 500 }, lost("Connection closed (500)")],
  [{ code: 1006, httpStatus: 500, retryAfterMs: 60_000 }, lost("Connection closed (500)")],
  [{ code: 1012, retryAfterMs: 7_000 }, busy("Connection closed (1012)", 7_000, 7_000)],
  [{ code: 1013, reason: "full" }, busy("Connection closed (1013) full")],
  [{ code: 4429, retryAfterMs: 7_000 }, busy("Connection closed (4429)", 7_000, 7_000)],
  [{ code: 4503 }, busy("Connection closed (4503)")],
  [{ code: 1006, httpStatus: 429, retryAfterMs: 9_000 }, busy("Connection closed (429)", 9_000, 9_000)],
  [{ code: 1006, httpStatus: 503 }, busy("Connection closed (503)")],
  [{ code: 4400 }, { code: "ERR_PROTOCOL", message: "Connection closed (4400)", phase: "waiting" }],
  [{ code: 4401 }, { code: "ERR_AUTH_REJECTED", message: "Connection closed (4401)", phase: "waiting" }],
  [
    { code: 1006, httpStatus: 401 },
    { code: "ERR_AUTH_REJECTED", message: "Connection closed (401)", phase: "waiting" },
  ],
  [{ code: 4403 }, { code: "ERR_AUTH_REJECTED", message: "Connection closed (4403)", phase: "failed" }],
  [{ code: 4409 }, { code: "ERR_REPLACED", message: "Connection closed (4409)", phase: "failed" }],
];

describe("a link that ends", () => {
  test.each(table)("[B5.1] [R15] %j", (close, { code, message, phase, floor, retryAfterMs }) => {
    const rig = linkedRig({ renewable: true, chance: 0, welcome: { spreadMs: 1_000 } });
    const cause = { from: "the platform" };
    const at = rig.clock.now();
    rig.lose({ ...close, cause });
    const [error] = rig.errors;
    expect(error).toMatchObject({
      code,
      message,
      phase: "linked",
      retryable: phase === "waiting",
      closeCode: close.code,
      details: { httpStatus: close.httpStatus ?? 0 },
      cause,
    });
    expect(error?.retryAfterMs).toBe(retryAfterMs);
    expect([rig.errors.length, rig.phase()]).toEqual([1, phase]);
    if (floor !== undefined) expect(rig.dialled(20_000).at - at).toBeGreaterThanOrEqual(floor);
  });

  test("[B1.1] the phase of the error is that of the attempt", () => {
    const rig = createRig();
    rig.start();
    rig.dialled().refuse();
    rig.dialled(5_000).open();
    rig.lose();
    expect(rig.errors.map(({ phase }) => phase)).toEqual(["transport", "handshake"]);
  });

  test("[B1.1] offline, only a plain loss is told as no internet", () => {
    const told = (close: Partial<LinkClose>): string | undefined => {
      const rig = linkedRig({ online: false });
      rig.lose(close);
      return rig.errors[0]?.code;
    };
    expect([told({}), told({ code: 1013 }), told({ code: 4400 }), told({ code: 4409 })]).toEqual([
      "ERR_NO_INTERNET",
      "ERR_SERVER_OVERLOADED",
      "ERR_PROTOCOL",
      "ERR_REPLACED",
    ]);
  });

  test("a client that found out by itself closes with 1000; one that was spoken to wrongly with 4400", () => {
    const rig = linkedRig();
    rig.protocol.last.host.fault("bad frame");
    expect(rig.links.last.closeCalls[0]).toEqual({ code: 4400, reason: undefined });
    expect(rig.errors[0]).toMatchObject({ code: "ERR_PROTOCOL", message: "bad frame", phase: "linked" });
    rig.linkUp();
    void rig.connection.disconnect();
    expect(rig.links.last.closeCalls).toEqual([{ code: 1000, reason: undefined }]);
  });
});

describe("errors", () => {
  test("[B7.1] one class, with a name, details, and what it was given; by default of a call, not to be tried again", () => {
    const plain = connectionError("ERR_ABORTED");
    expect(plain).toBeInstanceOf(ConnectionError);
    expect({ ...plain, message: plain.message }).toEqual({
      name: "ConnectionError",
      code: "ERR_ABORTED",
      message: "ERR_ABORTED",
      phase: "call",
      retryable: false,
      details: {},
    });
    const cause = new Error("why");
    const full = connectionError("ERR_STORAGE", "full", "storage", { retryable: true, cause, details: { bytes: 3 } });
    expect(full).toMatchObject({ message: "full", phase: "storage", retryable: true, cause, details: { bytes: 3 } });
  });

  test("[B7.1] isConnectionError knows those of another copy of the package by name, and nothing else", () => {
    const foreign = Object.assign(new Error("no"), { name: "ConnectionError" });
    expect([connectionError("ERR_ABORTED"), foreign].every(isConnectionError)).toBe(true);
    const others: readonly unknown[] = [
      new Error("no"),
      { name: "ConnectionError" },
      "ConnectionError",
      null,
      undefined,
    ];
    expect(others.some(isConnectionError)).toBe(false);
  });
});

describe("listeners of errors", () => {
  test("[B1.1] onConnectionError hears the connection's errors, not those of storage and of events; on('error') hears all", () => {
    const rig = linkedRig();
    for (const phase of ["storage", "event", "send", "init"] as const)
      rig.connection.report({ code: "ERR_STORAGE", message: phase, phase, retryable: false });
    expect(rig.errors.map(({ message }) => message)).toEqual(["storage", "event", "send", "init"]);
    expect(rig.log).toEqual(["! ERR_STORAGE", "! ERR_STORAGE"]);
  });
});
