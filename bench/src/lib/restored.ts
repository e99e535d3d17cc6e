/** A storage that holds a session, as one that was saved before a restart. */
import { memoryStorage, type Storage } from "@cc/sdk";
import { appId } from "./tasks.js";

/** A store like the default one of a Node client, which nobody else can reach and so neither locks nor watches, with the session of `uid` in it. */
export const restored = async (uid: string, token: string): Promise<Storage> => {
  const storage: Storage = Object.assign(memoryStorage(), { lock: undefined, watch: undefined });
  const session = {
    v: 1,
    login: `login-${uid}`,
    user: { uid },
    token,
    at: Date.now(),
    lifeMs: 3_600_000,
    renewal: "refresh",
  };
  await storage.set(`cc:${appId}:session`, JSON.stringify(session));
  return storage;
};
