/**
 * The HTTP side as OpenAPI 3.1, generated from the schemas that the routes check.
 *
 * Law: one row for each route (documented.ts). `docs/openapi.json` is this document, and tests hold that it is not stale, that it is
 * valid, that every route of the app stands in it, and that nothing stands in it which is no route.
 */
import { z } from "zod";
import { id } from "../ids.js";
import { type Caller, documented, type Row } from "./documented.js";
import type { ProblemCode } from "./problem.js";
import { answers } from "./schemas.js";

type Json = Readonly<Record<string, unknown>>;

const schemaOf = (schema: z.ZodType, io: "input" | "output"): Json => {
  const { $schema: _dialect, "~standard": _standard, ...rest } = z.toJSONSchema(schema, { io });
  return rest;
};

const json = (schema: Json): Json => ({ "application/json": { schema } });
const refTo = (name: string): Json => ({ $ref: `#/components/schemas/${name}` });

/** What a request of this caller can be refused with, whatever it asks for. */
const usual = ({ path, caller, body }: Row): Record<string, readonly ProblemCode[]> => ({
  ...(body === undefined ? {} : { 400: ["ERR_INVALID_ARGUMENT"], 413: ["ERR_MESSAGE_TOO_LARGE"] }),
  ...(path.startsWith("/v1") ? { 403: ["ERR_ORIGIN"], 429: ["ERR_RATE_LIMITED"], 500: ["ERR_INTERNAL"] } : {}),
  ...(caller === "client" ? { 401: ["ERR_AUTH_REJECTED"] } : {}),
  ...(caller === "server" ? { 401: ["ERR_API_KEY"] } : {}),
});

const refusalsOf = (row: Row): Json => {
  const refusals = usual(row);
  for (const [status, codes] of Object.entries(row.refusals ?? {}))
    refusals[status] = [...new Set([...(refusals[status] ?? []), ...codes])];
  return Object.fromEntries(
    Object.entries(refusals).map(([status, codes]) => [
      status,
      {
        description: codes.join(", "),
        ...(status === "429" || status === "503"
          ? { headers: { "Retry-After": { description: "whole seconds", schema: { type: "integer" } } } }
          : {}),
        content: json(refTo("Problem")),
      },
    ]),
  );
};

const contentOf = (answer: NonNullable<Row["answer"]>[1]): Json => {
  if (answer === "text") return { "text/plain": { schema: { type: "string" } } };
  return json(answer === "document" ? { type: "object" } : refTo(answer));
};

const responsesOf = (row: Row): Json => {
  const [status, answer] = row.answer ?? [];
  return {
    ...(status === undefined || answer === undefined
      ? {}
      : { [status]: { description: "Done.", content: contentOf(answer) } }),
    ...refusalsOf(row),
    ...(row.otherwise === undefined
      ? {}
      : { [row.otherwise[0]]: { description: "Not now.", content: contentOf(row.otherwise[1]) } }),
  };
};

const parametersOf = ({ path, query = {} }: Row): readonly Json[] => [
  ...[...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: schemaOf(id, "input"),
  })),
  ...Object.entries(query).map(([name, schema]) => ({ name, in: "query", schema: schemaOf(schema, "input") })),
];

const security: Readonly<Record<Caller, readonly Json[]>> = {
  nobody: [],
  client: [{ token: [] }],
  server: [{ apiKey: [] }],
};

const operationOf = (row: Row): Json => {
  const parameters = parametersOf(row);
  const { id: operationId, summary, caller, body, bodyOptional } = row;
  return {
    operationId,
    summary,
    security: security[caller],
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined
      ? {}
      : { requestBody: { required: bodyOptional !== true, content: json(schemaOf(body, "input")) } }),
    responses: responsesOf(row),
  };
};

const build = (): Json => {
  const paths: Record<string, Record<string, Json>> = {};
  for (const row of documented) paths[row.path] = { ...paths[row.path], [row.method]: operationOf(row) };
  return {
    openapi: "3.1.0",
    info: {
      title: "HTTP side of the @cc gateway",
      version: "1",
      description: "Times are relative milliseconds. docs/rest.md says what each refusal means and what to do.",
      license: { name: "MIT", identifier: "MIT" },
    },
    paths,
    components: {
      schemas: Object.fromEntries(Object.entries(answers).map(([name, schema]) => [name, schemaOf(schema, "output")])),
      securitySchemes: {
        token: { type: "http", scheme: "bearer", bearerFormat: "JWT" },
        apiKey: { type: "apiKey", in: "header", name: "x-api-key" },
      },
    },
  };
};

let built: Json | undefined;

/** The OpenAPI 3.1 document of the HTTP side, as `GET /v1/openapi.json` serves it: JSON, the same object each time. */
export const openApi = (): Readonly<Record<string, unknown>> => {
  built ??= build();
  return built;
};
