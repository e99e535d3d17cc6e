/** A storage that holds a session, as one that was saved before a restart. */
import type { Storage } from "@cc/sdk";
import { appId } from "./tasks.js";

/** Fills `storage` with the session of `uid`. */
export const restored = async (storage: Storage, uid: string, token: string): Promise<Storage> => {
  const session = { v: 1, user: { uid }, token, at: Date.now(), lifeMs: 3_600_000, renewal: "refresh" };
  await storage.set(`cc:${appId}:session`, JSON.stringify(session));
  return storage;
};
