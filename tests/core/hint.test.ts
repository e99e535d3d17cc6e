/** What a hint says of the attempts that fail, and of what it says nothing. */
import type { Fault } from "@cc/core";
import { describe, expect, test } from "vitest";
import { createRig } from "./rig.js";

const blocked: Fault = { code: "ERR_TRANSPORT_BLOCKED", message: "blocked", phase: "transport", retryable: true };

describe("hint", () => {
  test("[B7.5] is the reason that the snapshot gives while attempts fail, and no longer once a link stood and was lost", () => {
    const rig = createRig();
    rig.start();
    rig.dialled().close({ code: 1006 });
    rig.connection.hint(blocked);
    rig.dialled(10_000).close({ code: 1006 });
    expect(rig.connection.snapshot().error?.code).toBe("ERR_TRANSPORT_BLOCKED");
    rig.dialled(10_000);
    rig.welcome();
    rig.lose({ code: 1006 });
    expect(rig.connection.snapshot().error).toMatchObject({ code: "ERR_WEBSOCKET_ERROR", phase: "linked" });
  });
});
