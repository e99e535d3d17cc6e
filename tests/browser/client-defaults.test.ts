/** What the client of a page takes where the app names nothing. */
import { type AuthApi, createClient } from "@cc/sdk";
import { expect, it, onTestFinished } from "vitest";

it("[B2.8] an option that is there and undefined counts as absent: the session is kept in localStorage", async () => {
  const answer = async (): ReturnType<AuthApi["me"]> => ({ user: { uid: "ann" }, token: "t", expiresInMs: null });
  const auth: AuthApi = { login: answer, me: answer, refresh: answer, revoke: async () => {} };
  // What `storage: remember ? undefined : sessionStorageStorage()` comes to where types are not so strict.
  const client = createClient({ url: "https://gateway.test", auth, ...({ storage: undefined } as object) });
  onTestFinished(async () => {
    await client.dispose();
    localStorage.clear();
    sessionStorage.clear();
  });
  const errors: unknown[] = [];
  client.on("error", ({ cause }) => errors.push(cause));
  await client.init("defaults", { autoEstablishSocketConnection: false });
  await client.login("ann", "key");
  expect([errors, JSON.parse(localStorage.getItem("cc:defaults:session") ?? "null")]).toMatchObject([
    [],
    { user: { uid: "ann" } },
  ]);
});
