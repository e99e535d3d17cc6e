/**
 * Revocations over a restart.
 *
 * Law: who is told that a token is dead may rely on it, so the answer waits for the store; and a gateway that cannot read what it
 * once stored does not start, for it would take revoked tokens. Saves run one after another, and those that are asked for meanwhile
 * share the next one.
 */
import type { Logger } from "pino";
import { GatewayError } from "../errors.js";
import type { GatewayStore } from "../options.js";
import type { Revocations } from "./revocations.js";

/** Keeps the revocations of one gateway. */
export interface Keeper {
  /** Resolves when everything that is revoked now is stored. Rejects `ERR_STORE`; a later call tries again. */
  saved(): Promise<void>;
}

/** Loads what was stored. Rejects `ERR_STORE`. Without a store there is nothing to load, and everything is always saved. */
export const createKeeper = async (
  store: GatewayStore | undefined,
  revocations: Revocations,
  logger: Logger,
): Promise<Keeper> => {
  if (store === undefined) return { saved: () => Promise.resolve() };
  let stored: string;
  try {
    const text = await store.load();
    if (text !== undefined) revocations.load(text);
    stored = revocations.save();
  } catch (cause) {
    throw new GatewayError(
      "ERR_STORE",
      "the stored revocations cannot be read; without them revoked tokens would be good again",
      {
        cause,
      },
    );
  }
  let last: Promise<void> = Promise.resolve();
  let next: Promise<void> | undefined;

  const write = async (): Promise<void> => {
    next = undefined;
    const text = revocations.save();
    if (text === stored) return;
    try {
      await store.save(text);
      stored = text;
    } catch (cause) {
      logger.error({ err: cause }, "revocations were not stored");
      throw new GatewayError(
        "ERR_STORE",
        "revoked here, but not stored: a restart would forget it; repeat the request",
        { cause },
      );
    }
  };

  return {
    saved: () => {
      if (next === undefined) {
        next = last.catch(() => {}).then(write);
        last = next;
      }
      return next;
    },
  };
};
