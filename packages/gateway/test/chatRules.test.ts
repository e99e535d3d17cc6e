/** Chat kinds on real links: what is let through, what is refused and in which words. */
import { describe, expect, it } from "vitest";
import { type Frame, linkOf } from "./support/chat.js";
import { linked, start } from "./support/start.js";

describe("chat kinds", () => {
  const good: readonly (readonly [string, unknown, boolean])[] = [
    ["message", { text: "hi", metadata: { a: 1 }, tags: ["t"] }, false],
    ["message", 7, false],
    ["anything", null, true],
    ["custom", { type: "location", customData: { x: 1 }, conversationText: "A place", more: true }, false],
    ["edited", { of: "alice/n-1", kind: "message", data: { text: "new" } }, false],
    ["edited", { of: "alice/n-1", kind: "custom", data: { type: "t", customData: {} } }, false],
    ["deleted", { of: "alice/n-1" }, false],
    ["typing", {}, true],
    ["typing", { ended: true, metadata: {} }, true],
    ["transient", { LIVE_REACTION: "heart" }, true],
    ["transient", null, true],
  ];
  const bad: readonly (readonly [string, unknown, boolean, RegExp])[] = [
    ["custom", { customData: {} }, false, /custom: type/],
    ["custom", { type: "t", customData: "text" }, false, /custom: customData/],
    ["custom", null, false, /custom: /],
    ["custom", { type: "t", customData: {} }, true, /custom is durable/],
    ["edited", { of: "alice/1", kind: "member", data: {} }, false, /edited: kind/],
    ["edited", { of: "alice/1", kind: "message", data: {} }, false, /edited: data: text/],
    ["edited", { of: "alice", kind: "message", data: { text: "x" } }, false, /edited: of: must be AUTHOR\/ID/],
    ["edited", { of: "bob/1", kind: "message", data: { text: "x" } }, false, /only its author/],
    ["deleted", { of: "bob/1" }, false, /only its author/],
    ["deleted", {}, false, /deleted: of/],
    ["receipt", { of: "alice/1", type: "read", channel: "user:alice" }, false, /goes to the author/],
    ["receipt", { of: "bob/1", type: "seen", channel: "user:alice" }, false, /receipt: type/],
    ["receipt", { of: "bob/1", type: "read", channel: "user:eve" }, false, /not yours to acknowledge/],
    ["receipt", { of: "bob/1", type: "read", channel: "group:other" }, false, /not yours to acknowledge/],
    ["typing", true, true, /typing: /],
    ["typing", {}, false, /typing is ephemeral/],
    ["transient", {}, false, /transient is ephemeral/],
    ["presence", { status: "online" }, true, /gateway's own/],
    ["presence", { status: "online" }, false, /gateway's own/],
  ];

  it("[B9.5] each good shape is acknowledged", async () => {
    const gateway = await start();
    const alice = linkOf(await linked(gateway, "alice"));
    for (const [kind, data, ephemeral] of good)
      expect([kind, await alice.ask("user:bob", kind, data, ephemeral)]).toEqual([kind, "ok"]);
  });

  it("[B9.5] what is malformed, of the wrong class, or not his to say is refused with the reason, and not applied", async () => {
    const gateway = await start();
    const alice = linkOf(await linked(gateway, "alice"));
    const bob = await linked(gateway, "bob");
    for (const [kind, data, ephemeral, why] of bad) {
      const answer = (await alice.ask("user:bob", kind, data, ephemeral)) as Record<string, unknown>;
      expect(answer, kind).toMatchObject({ t: "nack", code: "ERR_SEND_REJECTED" });
      expect(String(answer["message"])).toMatch(why);
    }
    await alice.ask("user:bob", "message", "end", false);
    await bob.frame((frame: Frame) => Array.isArray(frame) && frame[6] === "end");
    expect(bob.data).toEqual(["end"]);
    expect(bob.frames.filter((frame) => Array.isArray(frame) && frame[0] === 2)).toEqual([]);
  });

  it("[B9.5] a receipt goes to the author, for what was said to oneself or in a group that one is in", async () => {
    const gateway = await start();
    const alice = linkOf(await linked(gateway, "alice"));
    const eve = linkOf(await linked(gateway, "eve"));
    for (const channel of ["user:alice", "group:team"])
      expect(await alice.ask("user:bob", "receipt", { of: "bob/1", type: "read", channel }, false)).toBe("ok");
    // Eve is no member of the team.
    expect(
      await eve.ask("user:bob", "receipt", { of: "bob/1", type: "read", channel: "group:team" }, false),
    ).toMatchObject({ code: "ERR_SEND_REJECTED" });
  });

  it("chat: false leaves every kind to the app, and tells no presence", async () => {
    const gateway = await start({ chat: false, presenceGraceMs: 0 });
    const alice = linkOf(await linked(gateway, "alice", { hello: { listen: ["presence"] } }));
    for (const [kind, data, ephemeral] of bad)
      expect([kind, await alice.ask("user:bob", kind, data, ephemeral)]).toEqual([kind, "ok"]);
    await linked(gateway, "bob");
    await alice.ask("user:alice", "end", 1, true);
    expect(alice.heard()).toEqual([]);
  });
});
