/**
 * The HTTP side, put together: health for whoever runs the gateway, `/v1` for clients and servers.
 *
 * Order of the gates: origin, rate, authorisation, body size, shape. Nothing of a body is read, and nothing is looked up, before the caller
 * may ask; only a login has its key in the body.
 */
import type { HttpBindings } from "@hono/node-server";
import { Hono } from "hono";
import { cors } from "hono/cors";
import type { Logger } from "pino";
import { type ClientAddress, limitKeyOf } from "../address.js";
import { secretMatcher } from "../auth/secrets.js";
import type { Clock } from "../clock.js";
import type { Directory } from "../directory.js";
import type { Meters } from "../meters.js";
import type { Settings } from "../options.js";
import type { OriginPolicy } from "../origin.js";
import { connectPath } from "../socket/refusal.js";
import { createKeyGuard, type Env, requireApiKey, requireQuota } from "./guard.js";
import { createBodyReader } from "./input.js";
import { openApi } from "./openapi.js";
import { answerProblem, Problem, routeOf } from "./problem.js";
import { createQuota } from "./quota.js";
import { type Operated, serverRoutes } from "./serverRoutes.js";
import { sessionRoutes } from "./sessionRoutes.js";

export interface HttpAppOptions {
  readonly settings: Settings;
  readonly gateway: Operated;
  readonly directory: Directory;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly meters: Meters;
  readonly allowsOrigin: OriginPolicy;
  readonly addressOf: ClientAddress;
}

/** Paths that need the API key. Anything else under `/v1` is a client's, or is not there. */
const serverPaths = ["/users", "/users/*", "/tokens", "/groups/*", "/admin/*"];

/** How long a browser may remember a preflight, in seconds. */
const preflightSeconds = 600;

export const createHttpApp = (options: HttpAppOptions): Hono<Env & { Bindings: HttpBindings }> => {
  const { settings, gateway, directory, clock, logger, meters, allowsOrigin, addressOf } = options;
  const app = new Hono<Env & { Bindings: HttpBindings }>();
  app.onError(answerProblem(logger));
  app.notFound((context) =>
    answerProblem(logger)(new Problem(404, "ERR_NOT_FOUND", "there is nothing at this path"), context),
  );

  app.use(async (context, next) => {
    await next();
    logger.debug({ method: context.req.method, route: routeOf(context), status: context.res.status }, "request");
    meters.requests.inc({ method: context.req.method, status: String(context.res.status) });
  });

  // For pages of any origin: a client asks whether it is WebSockets alone that do not get through.
  app.get("/healthz", cors(), (context) => context.json({ status: "ok" }));
  app.get("/readyz", (context) => {
    const { ready, draining, linked } = gateway.stats();
    return context.json({ ready, draining, linked }, ready ? 200 : 503);
  });
  app.get("/metrics", async (context) =>
    context.body(await meters.text(), 200, { "content-type": meters.contentType }),
  );

  const v1 = new Hono<Env & { Bindings: HttpBindings }>();
  v1.use(async (context, next) => {
    if (!allowsOrigin(context.req.header("origin")))
      throw new Problem(403, "ERR_ORIGIN", "this origin is not among the gateway's origins");
    const { remoteAddress } = context.env.incoming.socket;
    context.set("address", limitKeyOf(addressOf(remoteAddress, context.req.header("x-forwarded-for"))));
    await next();
  });
  v1.use(
    cors({
      origin: (origin) => (allowsOrigin(origin) ? origin : null),
      allowMethods: ["GET", "POST"],
      // Not x-api-key: that key does not belong into a page.
      allowHeaders: ["authorization", "content-type"],
      exposeHeaders: ["retry-after"],
      maxAge: preflightSeconds,
    }),
  );
  const isApiKey = secretMatcher(settings.apiKey);
  // Behind CORS, so that a page can read that it must wait.
  const guard = createKeyGuard(settings.limits.keyFailuresPerMinute);
  v1.use(requireQuota(isApiKey, guard, createQuota(settings.limits.addressRequestRate, "address")));
  v1.get("/openapi.json", (context) => context.json(openApi()));
  v1.get(connectPath.slice("/v1".length), (context) => {
    context.header("upgrade", "websocket");
    throw new Problem(426, "ERR_UPGRADE_REQUIRED", "this is the WebSocket endpoint: dial it with the subprotocol cc.1");
  });

  const body = createBodyReader(settings.limits.bodyBytes);
  const needsApiKey = requireApiKey(isApiKey, guard);
  v1.route("/", sessionRoutes({ settings, operations: gateway, directory, guard, body, clock }));
  for (const path of serverPaths) v1.use(path, needsApiKey);
  v1.route("/", serverRoutes(gateway, body));
  app.route("/v1", v1);
  return app;
};
