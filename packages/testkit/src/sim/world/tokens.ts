/**
 * The REST side of a login, as one client reaches it. Law: a token is a word in the servers' table; asking for one goes over the
 * client's network, and fails or falls silent with it. A silent request ends when its signal does.
 */
import { connectionError } from "@cc/core";
import type { AuthApi, AuthResult } from "@cc/sdk/portable";
import { type MemoryTokens, memoryAuthKey } from "../../gateway/memory-tokens.js";
import type { Machine } from "./machine.js";
import type { Timeline } from "./timeline.js";

export interface Door {
  readonly auth: AuthApi;
  /** For `login({ uid, getToken })`: an app's own server, by the same way. */
  getToken(user: string, signal: AbortSignal): Promise<{ readonly token: string; readonly expiresInMs?: number }>;
  fault: "fails" | "silent" | "slow" | undefined;
}

export interface DoorOptions {
  readonly time: Timeline;
  readonly machine: Machine;
  readonly tokens: MemoryTokens;
  /** One way, ms; `null`: nothing gets through. */
  readonly delay: () => number | null;
  readonly lifeMs: () => number | null;
  readonly asked: (how: string) => void;
}

export function createDoor({ time, machine, tokens, delay, lifeMs, asked }: DoorOptions): Door {
  const ask = <T>(how: string, signal: AbortSignal, act: () => T | Promise<T>): Promise<T> => {
    asked(how);
    return new Promise<T>((resolve, reject) => {
      const fail = (error: unknown): void => machine.run(() => reject(error));
      signal.addEventListener("abort", () => reject(new Error("given up")));
      const ms = delay();
      if (door.fault === "silent" || ms === null) return;
      const away = new Error("the network failed");
      if (door.fault === "fails") {
        time.after(ms, () => fail(away));
        return;
      }
      time.after(door.fault === "slow" ? 4_000 : ms, () => {
        const back = delay();
        if (back === null) return;
        let answer: Promise<T>;
        try {
          answer = Promise.resolve(act());
        } catch (error) {
          answer = Promise.reject(error);
        }
        answer.then(
          (value) => time.after(back, () => machine.run(() => resolve(value))),
          (error) => time.after(back, () => fail(error)),
        );
      });
    });
  };
  const made = (user: string): AuthResult => {
    const life = lifeMs();
    return { user: { uid: user }, token: tokens.token(user, life ?? undefined), expiresInMs: life };
  };
  const whose = (token: string): string => {
    const verdict = tokens.verify(token, { app: "", instance: "" });
    if ("ok" in verdict && verdict.ok) return verdict.user;
    throw connectionError("ERR_AUTH_REJECTED", "The token is not known", "auth");
  };
  const door: Door = {
    fault: undefined,
    getToken: (user, signal) =>
      ask("getToken", signal, () => {
        const { token, expiresInMs } = made(user);
        return expiresInMs === null ? { token } : { token, expiresInMs };
      }),
    auth: {
      login: (user, key, signal) =>
        ask("login", signal, () => {
          if (key !== memoryAuthKey) throw connectionError("ERR_AUTH_REJECTED", "The auth key is wrong", "auth");
          return made(user);
        }),
      me: (token, signal) =>
        ask("me", signal, () => {
          const verdict = tokens.verify(token, { app: "", instance: "" });
          const ends = "ok" in verdict && verdict.ok ? verdict.expiresInMs : undefined;
          return { user: { uid: whose(token) }, token, expiresInMs: ends ?? null };
        }),
      refresh: (token, signal) => ask("refresh", signal, () => made(whose(token))),
      revoke: (token, signal) => ask("revoke", signal, () => tokens.revoke(token)),
    },
  };
  return door;
}
