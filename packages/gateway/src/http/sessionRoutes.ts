/** Logging in, keeping a login alive, ending it. What a client calls itself. */
import { Hono } from "hono";
import type { Operations } from "../api.js";
import { secretMatcher } from "../auth/secrets.js";
import type { Clock } from "../clock.js";
import type { Directory } from "../directory.js";
import type { Settings } from "../options.js";
import { type Env, type KeyGuard, requireToken } from "./guard.js";
import type { BodyReader } from "./input.js";
import { Problem } from "./problem.js";
import { createQuota } from "./quota.js";
import { loginBody } from "./schemas.js";

export interface SessionRoutesOptions {
  readonly settings: Settings;
  readonly operations: Operations;
  readonly directory: Directory;
  readonly guard: KeyGuard;
  readonly body: BodyReader;
  readonly clock: Clock;
}

export const sessionRoutes = ({
  settings,
  operations,
  directory,
  guard,
  body,
  clock,
}: SessionRoutesOptions): Hono<Env> => {
  const app = new Hono<Env>();
  const needsToken = requireToken(operations.verifyToken, createQuota(settings.limits.userRequestRate, "user"));
  const isAuthKey = settings.authKey === undefined ? undefined : secretMatcher(settings.authKey);

  app.post("/login", async (context) => {
    if (isAuthKey === undefined) {
      throw new Problem(
        403,
        "ERR_LOGIN_DISABLED",
        "this gateway has no authKey: log in with a token that your server minted",
      );
    }
    const { uid, authKey, name } = await body.required(context, loginBody);
    // The key first: without it nobody learns which users there are.
    await guard.check(context.var.address, isAuthKey(authKey), "ERR_AUTH_REJECTED", "the authKey is wrong");
    if (name !== undefined && settings.createUsers && !directory.find(uid)) directory.create({ uid, name });
    return context.json(await operations.mintToken(uid));
  });

  app.get("/me", needsToken, (context) => {
    const { uid, expiresAt } = context.var.claims;
    return context.json({ user: directory.ensure(uid), expiresInMs: Math.max(0, expiresAt - clock.wall()) });
  });

  app.post("/refresh", needsToken, async (context) => context.json(await operations.refresh(context.var.claims)));

  app.post("/logout", needsToken, async (context) => {
    const closed = operations.endLogin(context.var.claims);
    await operations.saved();
    return context.json({ closed });
  });

  return app;
};
