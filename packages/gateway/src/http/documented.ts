/** Every route of the HTTP side, one row each, in the order of docs/rest.md. */
import type { z } from "zod";
import type { ProblemCode } from "./problem.js";
import {
  type Answer,
  drainBody,
  eventBodyInWords,
  loginBody,
  memberParameters,
  throttleBody,
  tokenBody,
  userBody,
} from "./schemas.js";

/** Who may call it: anybody, a client by its token, the app's own server by the API key. */
export type Caller = "nobody" | "client" | "server";

/** A status and what comes with it; `text`: Prometheus text; `document`: the OpenAPI document. */
type Reply = readonly [status: number, answer: Answer | "text" | "document"];

export interface Row {
  readonly method: "get" | "post" | "put" | "delete";
  /** With `{name}` for a parameter. */
  readonly path: string;
  /** Names it in generated clients. */
  readonly id: string;
  readonly summary: string;
  readonly caller: Caller;
  readonly body?: z.ZodType;
  readonly bodyOptional?: true;
  readonly query?: Readonly<Record<string, z.ZodType>>;
  /** Absent: it is refused always. */
  readonly answer?: Reply;
  /** Another answer that is no refusal. */
  readonly otherwise?: Reply;
  /** What it refuses with, beside what follows from its caller and its body. */
  readonly refusals?: Readonly<Record<number, readonly ProblemCode[]>>;
}

const server = "server";
const written: Row["refusals"] = { 404: ["ERR_NOT_FOUND"], 503: ["ERR_SERVER_OVERLOADED"] };
const stored: Row["refusals"] = { 503: ["ERR_SERVER_OVERLOADED"] };
const badPath: Row["refusals"] = { 400: ["ERR_INVALID_ARGUMENT"] };

const session: readonly Row[] = [
  {
    method: "post",
    path: "/v1/login",
    id: "login",
    summary: "A token for a user by the authKey. For development: it logs anybody in.",
    caller: "nobody",
    body: loginBody,
    answer: [200, "Session"],
    refusals: { 401: ["ERR_AUTH_REJECTED"], 403: ["ERR_LOGIN_DISABLED"], 404: ["ERR_NOT_FOUND"] },
  },
  {
    method: "post",
    path: "/v1/tokens",
    id: "mintToken",
    summary: "A token for a user, of a new login.",
    caller: server,
    body: tokenBody,
    answer: [200, "Session"],
    refusals: { 404: ["ERR_NOT_FOUND"] },
  },
  {
    method: "get",
    path: "/v1/me",
    id: "me",
    summary: "Whose token this is, and what is left of it.",
    caller: "client",
    answer: [200, "Me"],
  },
  {
    method: "post",
    path: "/v1/refresh",
    id: "refresh",
    summary: "Another token of the same login; the old one stays good until it ends.",
    caller: "client",
    answer: [200, "Session"],
  },
  {
    method: "post",
    path: "/v1/logout",
    id: "logout",
    summary: "Ends the login: its tokens are dead, refreshed ones too.",
    caller: "client",
    answer: [200, "Closed"],
    refusals: stored,
  },
  {
    method: "post",
    path: "/v1/users/{uid}/revoke",
    id: "revokeUser",
    summary: "Every token of the user minted until now is dead.",
    caller: server,
    answer: [200, "Closed"],
    refusals: { ...badPath, ...stored },
  },
];

const content: readonly Row[] = [
  {
    method: "post",
    path: "/v1/users",
    id: "createUser",
    summary: "Adds a user.",
    caller: server,
    body: userBody,
    answer: [201, "User"],
    refusals: { 409: ["ERR_EXISTS"] },
  },
  {
    method: "post",
    path: "/v1/users/{uid}/events",
    id: "publishToUser",
    summary: "Publishes an event to every instance of a user.",
    caller: server,
    body: eventBodyInWords,
    answer: [200, "Published"],
    refusals: written,
  },
  {
    method: "post",
    path: "/v1/groups/{gid}/events",
    id: "publishToGroup",
    summary: "Publishes an event to the members of a group.",
    caller: server,
    body: eventBodyInWords,
    answer: [200, "Published"],
    refusals: written,
  },
  {
    method: "get",
    path: "/v1/groups/{gid}/members",
    id: "members",
    summary: "Who is a member now.",
    caller: server,
    answer: [200, "Members"],
    refusals: badPath,
  },
  {
    method: "put",
    path: "/v1/groups/{gid}/members/{uid}",
    id: "addMember",
    summary: "Makes a user a member; the group comes to be if it was not there.",
    caller: server,
    query: { by: memberParameters.by },
    answer: [200, "Published"],
    refusals: { ...badPath, ...written },
  },
  {
    method: "delete",
    path: "/v1/groups/{gid}/members/{uid}",
    id: "removeMember",
    summary: "Ends a membership.",
    caller: server,
    query: memberParameters,
    answer: [200, "Published"],
    refusals: { ...badPath, ...written },
  },
];

const operation: readonly Row[] = [
  {
    method: "post",
    path: "/v1/admin/throttle",
    id: "throttle",
    summary: "Replaces the operator's whole set of throttled features; empty ends it.",
    caller: server,
    body: throttleBody,
    answer: [200, "Throttled"],
  },
  {
    method: "post",
    path: "/v1/admin/drain",
    id: "drain",
    summary: "Tells every link to go and refuses new ones.",
    caller: server,
    body: drainBody,
    bodyOptional: true,
    answer: [202, "Stats"],
  },
  {
    method: "delete",
    path: "/v1/admin/drain",
    id: "undrain",
    summary: "Takes links again.",
    caller: server,
    answer: [200, "Stats"],
  },
  {
    method: "get",
    path: "/v1/admin/stats",
    id: "stats",
    summary: "What the gateway counts.",
    caller: server,
    answer: [200, "Stats"],
  },
  {
    method: "get",
    path: "/healthz",
    id: "health",
    summary: "200 while the process serves.",
    caller: "nobody",
    answer: [200, "Health"],
  },
  {
    method: "get",
    path: "/readyz",
    id: "readiness",
    summary: "200 while it takes links, else 503.",
    caller: "nobody",
    answer: [200, "Readiness"],
    otherwise: [503, "Readiness"],
  },
  {
    method: "get",
    path: "/metrics",
    id: "metrics",
    summary: "Counts and codes for Prometheus, no ids. Keep it inside at your proxy.",
    caller: "nobody",
    answer: [200, "text"],
  },
  {
    method: "get",
    path: "/v1/openapi.json",
    id: "openapi",
    summary: "This document.",
    caller: "nobody",
    answer: [200, "document"],
  },
  {
    method: "get",
    path: "/v1/connect",
    id: "connect",
    summary: "The WebSocket endpoint: an upgrade with the subprotocol cc.1. docs/protocol.md says what follows.",
    caller: "nobody",
    refusals: {
      400: ["ERR_SUBPROTOCOL", "ERR_INVALID_ARGUMENT"],
      426: ["ERR_UPGRADE_REQUIRED"],
      503: ["ERR_SERVER_OVERLOADED"],
    },
  },
];

export const documented: readonly Row[] = [...session, ...content, ...operation];
