/** What an app's own server calls, with the API key: users, tokens, events, membership, operation. */
import { Hono } from "hono";
import type { Gateway, PublishRequest } from "../api.js";
import { groupChannel, userChannel } from "../directory.js";
import { id } from "../ids.js";
import type { Env } from "./guard.js";
import { type BodyReader, check } from "./input.js";
import {
  drainBody,
  type EventBody,
  eventBody,
  memberPath,
  memberQuery,
  throttleBody,
  tokenBody,
  userBody,
} from "./schemas.js";

/** The gateway as its own HTTP side sees it: without what would end the server from inside a request. */
export type Operated = Omit<Gateway, "url" | "wsUrl" | "address" | "close" | "setTls" | typeof Symbol.asyncDispose>;

export const serverRoutes = (gateway: Operated, body: BodyReader): Hono<Env> => {
  const app = new Hono<Env>();

  const publish = (channel: string, { kind, data, from, ephemeral, id: eventId }: EventBody) => {
    const request: PublishRequest = { channel, kind, data, from, ephemeral, id: eventId };
    return gateway.publish(request);
  };

  app.post("/users", async (context) => {
    const { uid, name } = await body.required(context, userBody);
    return context.json({ user: gateway.createUser({ uid, name }) }, 201);
  });

  app.post("/tokens", async (context) => {
    const { uid, ttlMs } = await body.required(context, tokenBody);
    return context.json(await gateway.mintToken(uid, { ttlMs }));
  });

  app.post("/users/:uid/revoke", async (context) => {
    const closed = gateway.revokeUser(check(id, context.req.param("uid")));
    await gateway.saved();
    return context.json({ closed });
  });

  app.post("/users/:uid/events", async (context) =>
    context.json(await publish(userChannel(context.req.param("uid")), await body.required(context, eventBody))),
  );

  app.post("/groups/:gid/events", async (context) =>
    context.json(await publish(groupChannel(context.req.param("gid")), await body.required(context, eventBody))),
  );

  app.get("/groups/:gid/members", (context) =>
    context.json({ members: gateway.membersOf(check(id, context.req.param("gid"))) }),
  );

  app.put("/groups/:gid/members/:uid", async (context) => {
    const { gid, uid } = check(memberPath, context.req.param());
    const { by } = check(memberQuery, context.req.query());
    return context.json(await gateway.addMember(gid, uid, by));
  });

  app.delete("/groups/:gid/members/:uid", async (context) => {
    const { gid, uid } = check(memberPath, context.req.param());
    const { by, kicked } = check(memberQuery, context.req.query());
    return context.json(await gateway.removeMember(gid, uid, { by, kicked: kicked === "true" }));
  });

  app.post("/admin/throttle", async (context) => {
    const { features } = await body.required(context, throttleBody);
    gateway.throttle(features);
    return context.json({ features });
  });

  app.post("/admin/drain", async (context) => {
    const options = await body.optional(context, drainBody);
    // Started and not awaited: the answer comes at once, progress is in the stats. It resolves and never rejects.
    void gateway.drain(options);
    return context.json(gateway.stats(), 202);
  });

  app.delete("/admin/drain", (context) => {
    gateway.undrain();
    return context.json(gateway.stats());
  });

  app.get("/admin/stats", (context) => context.json(gateway.stats()));

  return app;
};
