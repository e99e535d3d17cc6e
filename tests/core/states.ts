/** Connections in the states that many tests begin with, and what could lead them astray. */
import { createRig, linkedRig, type Rig, type RigOptions } from "./rig.js";

/** In manual mode, connected for 10 s. */
export const manualRig = (options: RigOptions = {}): Rig => linkedRig({ ...options, auto: false });

/** In manual mode, logged in, nothing asked for, tokens to be fetched. */
export function idleRig(options: RigOptions = {}): Rig {
  const rig = createRig(options);
  rig.manual({ renewable: true, token: null });
  return rig;
}

/** Waiting to retry, far up the ladder. */
export function waitingRig(options: Parameters<typeof linkedRig>[0] = {}): Rig {
  const rig = linkedRig(options);
  rig.lose();
  for (let n = 0; n < 12; n += 1) rig.dialled(30_000).refuse();
  return rig;
}

/** How often the newest link was asked for a sign of life. */
export const probes = (rig: Rig): number => rig.protocol.last.acts.filter((act) => act === "probe").length;

/** Everything that could tempt a client to dial, and a day in which to give in. It ends in the foreground. */
export function tempt(rig: Rig): void {
  for (const signal of [
    "online",
    "foreground",
    "thawed",
    "networkChange",
    "background",
    "foreground",
    "offline",
    "online",
  ] as const) {
    rig.lifecycle.emit(signal);
    rig.clock.advance(1_000);
  }
  rig.lifecycle.emit("pageHidden");
  rig.lifecycle.emit({ type: "pageShown", persisted: true });
  rig.lifecycle.emit({ type: "clockJump", ms: 3_600_000 });
  rig.clock.sleep(3_600_000);
  rig.clock.advance(86_400_000);
}
