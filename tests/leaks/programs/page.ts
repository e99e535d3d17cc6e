/** The deeds in a page: `to(n)` does them up to the n-th. `?deed=`, `?at=`, `?uids=`. Each client has a storage of its own. */
import { createClient, memoryStorage } from "@cc/sdk";
import type { DeedName } from "../judge.js";
import { deed } from "./deeds.js";

const query = new URLSearchParams(location.search);
const { signal } = new AbortController();
const act = await deed(query.get("deed") as DeedName, {
  url: query.get("at") ?? "",
  uids: (query.get("uids") ?? "").split(","),
  createClient: (options) => createClient({ ...options, storage: memoryStorage(), tabStorage: memoryStorage() }),
  signal,
});
let done = 0;
const to = async (n: number): Promise<void> => {
  while (done < n) {
    done += 1;
    await act(done);
  }
};
Object.assign(globalThis, { to });
