/** The OpenAPI document: fresh, valid, whole, and true of what the gateway answers. */
import { readFileSync } from "node:fs";
import { Validator } from "@seriousme/openapi-schema-validator";
import { pino } from "pino";
import { expect, it } from "vitest";
import { createHttpApp, type HttpAppOptions } from "../src/http/app.js";
import { openApi } from "../src/index.js";
import { resolveOptions } from "../src/settings.js";
import { authKey, base, call, start } from "./support/start.js";

type Schema = { readonly properties: Readonly<Record<string, Schema>>; readonly required?: readonly string[] };
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}
// The document is JSON that was made here; the validator below says whether it has this shape.
const document = openApi() as unknown as Document;

it("docs/openapi.json is what the sources say: after a change, `pnpm openapi` writes it again", () => {
  const file = readFileSync(new URL("../../../docs/openapi.json", import.meta.url), "utf8");
  expect(JSON.parse(file)).toEqual(JSON.parse(JSON.stringify(document)));
});

it("is valid OpenAPI 3.1, by a validator of others", async () => {
  const validator = new Validator();
  expect(await validator.validate(JSON.parse(JSON.stringify(document)))).toMatchObject({ valid: true });
  expect(validator.version).toBe("3.1");
  const broken = JSON.parse(JSON.stringify(document)) as { info: { title?: string } };
  delete broken.info.title;
  expect(await new Validator().validate(broken)).toMatchObject({ valid: false });
});

it("every reference in it leads somewhere in it", () => {
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, reference]) => reference);
  expect(references.length).toBeGreaterThan(20);
  const known = Object.keys(document.components.schemas).map((name) => `#/components/schemas/${name}`);
  expect(references.filter((reference) => !known.includes(reference ?? ""))).toEqual([]);
});

it("every route of the app stands in it, and nothing else", () => {
  // Routes are asked for, and never called: what they would call may be missing.
  const app = createHttpApp({
    settings: resolveOptions(base),
    gateway: {},
    logger: pino({ level: "silent" }),
    allowsOrigin: () => true,
  } as unknown as HttpAppOptions);
  const routes = app.routes
    .filter(({ method }) => method !== "ALL")
    .map(({ method, path }) => `${method.toLowerCase()} ${path.replace(/:(\w+)/g, "{$1}")}`);
  const inIt = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method} ${path}`),
  );
  expect([...new Set(routes)].sort()).toEqual([...inIt].sort());
});

it("a running gateway serves it, and answers with the fields that it names", async () => {
  const gateway = await start();
  expect((await call(gateway, "/v1/openapi.json", { method: "GET" })).body).toEqual(
    JSON.parse(JSON.stringify(document)),
  );
  const { body: session } = await call(gateway, "/v1/login", { body: { uid: "alice", authKey } });
  const token = String(session["token"]);
  const seen: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
    Session: session,
    Me: (await call(gateway, "/v1/me", { method: "GET", token })).body,
    Stats: (await call(gateway, "/v1/admin/stats", { method: "GET", key: true })).body,
    Published: (await call(gateway, "/v1/users/bob/events", { key: true, body: { kind: "text", data: 1 } })).body,
    Members: (await call(gateway, "/v1/groups/team/members", { method: "GET", key: true })).body,
    Throttled: (await call(gateway, "/v1/admin/throttle", { key: true, body: { features: [] } })).body,
    Readiness: (await call(gateway, "/readyz", { method: "GET" })).body,
    Health: (await call(gateway, "/healthz", { method: "GET" })).body,
    Closed: (await call(gateway, "/v1/logout", { token })).body,
    User: (await call(gateway, "/v1/users", { key: true, body: { uid: "new" } })).body,
    Problem: (await call(gateway, "/v1/me", { method: "GET" })).body,
  };
  expect(Object.keys(seen).sort()).toEqual(Object.keys(document.components.schemas).sort());
  for (const [name, body] of Object.entries(seen))
    expect([name, Object.keys(body).sort()]).toEqual([
      name,
      Object.keys(document.components.schemas[name]?.properties ?? {}).sort(),
    ]);
  const load = document.components.schemas["Stats"]?.properties["load"];
  expect(Object.keys(seen["Stats"]?.["load"] ?? {}).sort()).toEqual(Object.keys(load?.properties ?? {}).sort());
});
