/** The seats in a page. `?at=` says where the gateway is; what is told goes to the console, what is to be done comes by `act`. */
import { webLifecycle } from "@cc/platform-web";
import { createClient, memoryStorage } from "@cc/sdk";
import { openSeats } from "./seats.js";

const query = new URLSearchParams(location.search);
const say = (line: object): void => console.log(JSON.stringify(line));
const tellOnLine = (): void => say({ at: Date.now(), seat: "page", what: "onLine", value: navigator.onLine });
tellOnLine();
addEventListener("online", tellOnLine);
addEventListener("offline", tellOnLine);

const act = await openSeats({
  at: query.get("at") ?? "",
  crew: query.get("crew") ?? "",
  authKey: query.get("key") ?? "",
  names: (query.get("names") ?? "").split(","),
  // Each with a storage of its own: clients of one page would share the session.
  createClient: (options) => createClient({ ...options, storage: memoryStorage(), tabStorage: memoryStorage() }),
  lifecycle: webLifecycle,
  say,
});
Object.assign(globalThis, { act });
