/** Every listener of the facade, called by what another user does on a real gateway; and what the facade sends, as another user receives it. */
import { createGateway, type Gateway } from "@cc/gateway";
import { type AppEvent, type Client, createClient } from "@cc/sdk";
import { CometChat } from "@cc/sdk/cometchat";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";

const authKey = "auth-key-1";
let gateway: Gateway;
let bob: Client;
const told: [string, ...unknown[]][] = [];
const events: AppEvent[] = [];

/** What a listener is told, by its own getters. */
const plain = (value: unknown): unknown => {
  const { USER } = CometChat.RECEIVER_TYPE;
  if (value instanceof CometChat.User) return `user ${value.getUid()}`;
  if (value instanceof CometChat.Group) return `group ${value.getGuid()}`;
  if (value instanceof CometChat.Action)
    return [value.getAction(), plain(value.getActionBy()), plain(value.getActionOn())];
  if (value instanceof CometChat.BaseMessage) {
    const about = [
      value.getId(),
      plain(value.getSender()),
      value.getReceiverType() === USER,
      plain(value.getReceiver()),
    ];
    if (value instanceof CometChat.TextMessage) return [...about, value.getText(), value.getType()];
    if (value instanceof CometChat.CustomMessage) return [...about, value.getCustomData(), value.getType()];
    return about;
  }
  return value;
};

/** Resolves when the callback has been called so often in all. */
const until = async (name: string, times = 1): Promise<[string, ...unknown[]]> => {
  for (;;) {
    const calls = told.filter(([called]) => called === name);
    if (calls.length >= times) return calls.at(-1) as [string, ...unknown[]];
    await new Promise((resolve) => waiting.add(resolve as () => void));
  }
};
const presence = async (name: string, uid: string): Promise<CometChat.User> => {
  for (;;) {
    const call = told.find(([called, user]) => called === name && (user as CometChat.User).getUid() === uid);
    if (call) return call[1] as CometChat.User;
    await new Promise((resolve) => waiting.add(resolve as () => void));
  }
};
const received = async (kind: string): Promise<AppEvent> => {
  for (;;) {
    const event = events.find((each) => each.kind === kind);
    if (event) return event;
    await new Promise((resolve) => waiting.add(resolve as () => void));
  }
};
const waiting = new Set<() => void>();
const wake = (): void => {
  for (const resolve of waiting) resolve();
  waiting.clear();
};

/** A listener whose every callback writes down that it was called. */
const noting = (names: string): Record<string, (...args: unknown[]) => void> =>
  Object.fromEntries(
    names.split(" ").map((name) => [
      name,
      (...args: unknown[]) => {
        told.push([name, ...args]);
        wake();
      },
    ]),
  );
const messages =
  "onTextMessageReceived onCustomMessageReceived onTransientMessageReceived onTypingStarted onTypingEnded onMessagesDelivered onMessagesRead onMessageEdited onMessageDeleted";

beforeAll(async () => {
  gateway = await createGateway({
    appId: "demo",
    apiKey: "api-key-123",
    jwtSecret: "0123456789abcdef0123456789abcdef",
    authKey,
    createUsers: true,
    presenceGraceMs: 0,
    throttling: false,
    users: [{ uid: "alice" }, { uid: "bob", name: "Bob" }],
    groups: [{ gid: "team", members: ["alice"] }],
  });
  await CometChat.init(
    "demo",
    new CometChat.AppSettingsBuilder().subscribePresenceForAllUsers().setRegion("eu").setGateway(gateway.url).build(),
  );
});
afterAll(() => gateway.close());

beforeEach(async () => {
  told.length = events.length = 0;
  CometChat.addConnectionListener("test", new CometChat.ConnectionListener(noting("onConnected")));
  CometChat.addMessageListener("test", new CometChat.MessageListener(noting(messages)));
  CometChat.addUserListener("test", new CometChat.UserListener(noting("onUserOnline onUserOffline")));
  CometChat.addGroupListener(
    "test",
    new CometChat.GroupListener(noting("onGroupMemberJoined onGroupMemberLeft onGroupMemberKicked")),
  );
  await CometChat.login("alice", authKey);
  await until("onConnected");
  bob = createClient({ url: gateway.url });
  bob.on("*", (event) => {
    events.push(event);
    wake();
  });
  await bob.init("demo");
  await bob.login("bob", authKey);
  await bob.until("linked");
});
afterEach(async () => {
  await bob.dispose();
  await CometChat.logout();
});

describe("what another user does is told", () => {
  it("[B9.5] a text, its edit and its deletion, under one id", async () => {
    const ack = await bob.send("user:alice", "message", { text: "hello", metadata: { a: 1 }, tags: ["t"] });
    const id = `user:alice/bob/${ack?.id}`;
    const [, message] = (await until("onTextMessageReceived")) as [string, CometChat.TextMessage];
    expect(plain(message)).toEqual([id, "user bob", true, "user alice", "hello", "text"]);
    expect([message.getMetadata(), message.getTags(), message.getCategory()]).toEqual([{ a: 1 }, ["t"], "message"]);
    expect(message.getSentAt()).toBeCloseTo(Date.now() / 1000, -2);

    const of = `bob/${ack?.id}`;
    await bob.send("user:alice", "edited", { of, kind: "message", data: { text: "hullo" } });
    const [, edited] = (await until("onMessageEdited")) as [string, CometChat.TextMessage];
    expect(plain(edited)).toEqual([id, "user bob", true, "user alice", "hullo", "text"]);
    expect([edited.getEditedBy(), Number.isInteger(edited.getEditedAt())]).toEqual(["bob", true]);

    await bob.send("user:alice", "deleted", { of });
    const [, deleted] = (await until("onMessageDeleted")) as [string, CometChat.BaseMessage];
    expect(plain(deleted)).toEqual([id, "user bob", true, "user alice"]);
    expect([deleted.getDeletedBy(), Number.isInteger(deleted.getDeletedAt())]).toEqual(["bob", true]);
  });

  it("[B9.5] a custom message, a transient one, typing and its end", async () => {
    await bob.send("user:alice", "custom", { type: "location", customData: { x: 1 }, conversationText: "A place" });
    const [, custom] = (await until("onCustomMessageReceived")) as [string, CometChat.CustomMessage];
    expect((plain(custom) as unknown[]).slice(1)).toEqual(["user bob", true, "user alice", { x: 1 }, "location"]);
    expect(custom.getConversationText()).toBe("A place");

    await bob.send("user:alice", "transient", { LIVE_REACTION: "heart" }, { ephemeral: true });
    const [, transient] = (await until("onTransientMessageReceived")) as [string, CometChat.TransientMessage];
    expect([transient.getData(), transient.getSender().getUid()]).toEqual([{ LIVE_REACTION: "heart" }, "bob"]);

    await bob.send("user:alice", "typing", { metadata: { m: 1 } }, { ephemeral: true });
    await bob.send("user:alice", "typing", { ended: true }, { ephemeral: true });
    await until("onTypingEnded");
    const typing = told.filter(([name]) => name.startsWith("onTyping")) as [string, CometChat.TypingIndicator][];
    expect(typing.map(([name, it]) => [name, it.getSender().getUid(), it.getReceiverId(), it.getMetadata()])).toEqual([
      ["onTypingStarted", "bob", "alice", { m: 1 }],
      ["onTypingEnded", "bob", "alice", undefined],
    ]);
  });

  it("[B9.5] that a message of one's own was delivered and read, in a conversation and in a group", async () => {
    const sent = await CometChat.sendMessage(new CometChat.TextMessage("bob", "hi", CometChat.RECEIVER_TYPE.USER));
    const { id } = await received("message");
    for (const type of ["delivered", "read"])
      await bob.send("user:alice", "receipt", { of: `alice/${id}`, channel: "user:bob", type });
    const [, delivered] = (await until("onMessagesDelivered")) as [string, CometChat.MessageReceipt];
    const [, read] = (await until("onMessagesRead")) as [string, CometChat.MessageReceipt];
    expect(
      [delivered, read].map((it) => [it.getMessageId() === sent.getId(), it.getSender().getUid(), it.getReceiptType()]),
    ).toEqual([
      [true, "bob", "delivery"],
      [true, "bob", "read"],
    ]);
    expect([delivered.getReceiverId(), delivered.getReceiverType(), delivered.getReadAt()]).toEqual([
      "alice",
      "user",
      undefined,
    ]);
    expect(read.getReadAt()).toBe(read.getTimestamp());

    await gateway.addMember("team", "bob", "bob");
    await bob.send("user:alice", "receipt", { of: "alice/x-1", channel: "group:team", type: "read" });
    const [, group] = (await until("onMessagesRead", 2)) as [string, CometChat.MessageReceipt];
    expect([group.getMessageId(), group.getReceiverId(), group.getReceiverType()]).toEqual([
      "group:team/alice/x-1",
      "team",
      "group",
    ]);
    await gateway.removeMember("team", "bob", { by: "bob" });
  });

  it("[B9.5] who comes online and who goes", async () => {
    const carol = createClient({ url: gateway.url });
    await carol.init("demo");
    await carol.login("carol", authKey);
    await presence("onUserOnline", "carol");
    await carol.dispose();
    const gone = await presence("onUserOffline", "carol");
    expect([gone.getStatus(), gone.getName()]).toEqual(["offline", "carol"]);
    expect(gone.getLastActiveAt()).toBeCloseTo(Date.now() / 1000, -2);
    // Not of oneself.
    expect(told.some(([, user]) => user instanceof CometChat.User && user.getUid() === "alice")).toBe(false);
  });

  it("[B9.5] who joins, leaves and is kicked, with the group and who did it", async () => {
    await bob.send("group:team", "member", "joined");
    await bob.send("group:team", "message", { text: "to all" });
    await bob.send("group:team", "member", "left");
    await gateway.addMember("team", "bob", "alice");
    await gateway.removeMember("team", "bob", { kicked: true, by: "alice" });
    await until("onGroupMemberKicked");
    expect(
      told.filter(([name]) => name.startsWith("onGroup")).map(([name, ...args]) => [name, ...args.map(plain)]),
    ).toEqual([
      ["onGroupMemberJoined", ["joined", "user bob", "user bob"], "user bob", "group team"],
      ["onGroupMemberLeft", ["left", "user bob", "user bob"], "user bob", "group team"],
      ["onGroupMemberJoined", ["joined", "user alice", "user bob"], "user bob", "group team"],
      ["onGroupMemberKicked", ["kicked", "user alice", "user bob"], "user bob", "user alice", "group team"],
    ]);
    const [, message] = (await until("onTextMessageReceived")) as [string, CometChat.TextMessage];
    expect((plain(message) as unknown[]).slice(2, 4)).toEqual([false, "group team"]);
  });

  it("[B9.5] an edit whose author is not the message's is nobody's, even where the gateway does not check", async () => {
    await gateway.publish({
      channel: "user:alice",
      kind: "edited",
      from: "eve",
      data: { of: "bob/1", kind: "message", data: { text: "x" } },
    });
    await gateway.publish({ channel: "user:alice", kind: "deleted", from: "eve", data: { of: "bob/1" } });
    await gateway.publish({ channel: "user:alice", kind: "message", from: "eve", data: { text: "end" } });
    await until("onTextMessageReceived");
    expect(told.map(([name]) => name).filter((name) => name.startsWith("onMessage"))).toEqual([]);
  });
});

describe("what the facade sends", () => {
  const { USER } = CometChat.RECEIVER_TYPE;

  it("[B9.5] text and custom messages, edits, deletions: as docs/chat-events.md has them", async () => {
    const text = new CometChat.TextMessage("bob", "one", USER);
    text.setTags(["t"]);
    const sent = await CometChat.sendMessage(text);
    const event = await received("message");
    expect(event).toMatchObject({ channel: "user:bob", from: "alice", data: { text: "one", tags: ["t"] } });
    expect(sent.getId()).toBe(`user:bob/alice/${event.id}`);
    expect([sent instanceof CometChat.TextMessage, sent.getText(), sent.getType()]).toEqual([true, "one", "text"]);
    expect(sent.getSender().getUid()).toBe("alice");

    sent.setText("two");
    const edited = await CometChat.editMessage(sent);
    expect([edited.getEditedBy(), edited.getId(), edited.getText()]).toEqual(["alice", sent.getId(), "two"]);
    expect(await received("edited")).toMatchObject({
      channel: "user:bob",
      data: { of: `alice/${event.id}`, kind: "message", data: { text: "two" } },
    });
    const deleted = await CometChat.deleteMessage(sent.getId());
    expect([deleted.getDeletedBy(), deleted.getId()]).toEqual(["alice", sent.getId()]);
    expect(await received("deleted")).toMatchObject({ channel: "user:bob", data: { of: `alice/${event.id}` } });

    const custom = await CometChat.sendCustomMessage(new CometChat.CustomMessage("bob", USER, "location", { x: 1 }));
    expect(await received("custom")).toMatchObject({ data: { type: "location", customData: { x: 1 } } });
    expect(custom.getId()).toMatch(/^user:bob\/alice\//);
  });

  it("[B9.5] typing, transient messages and receipts", async () => {
    const typing = new CometChat.TypingIndicator("bob", USER);
    CometChat.startTyping(typing);
    expect((await received("typing")).data).toEqual({});
    events.length = 0;
    CometChat.endTyping(typing);
    expect((await received("typing")).data).toEqual({ ended: true });
    CometChat.sendTransientMessage(new CometChat.TransientMessage("bob", USER, { LIVE_REACTION: "heart" }));
    expect(await received("transient")).toMatchObject({ class: "ephemeral", data: { LIVE_REACTION: "heart" } });

    const ack = await bob.send("user:alice", "message", { text: "read me" });
    const [, message] = (await until("onTextMessageReceived")) as [string, CometChat.TextMessage];
    await CometChat.markAsDelivered(message);
    const receipt = { of: `bob/${ack?.id}`, channel: "user:alice" };
    expect(await received("receipt")).toMatchObject({ channel: "user:bob", data: { ...receipt, type: "delivered" } });
    events.length = 0;
    await CometChat.markAsRead(message.getId(), "bob", USER, "bob");
    expect(await received("receipt")).toMatchObject({ channel: "user:bob", data: { ...receipt, type: "read" } });
  });

  it("[B9.5] joins and leaves", async () => {
    await gateway.removeMember("team", "alice");
    const joined = await CometChat.joinGroup("team", CometChat.GROUP_TYPE.PUBLIC, "");
    expect(joined.getGuid()).toBe("team");
    expect(gateway.membersOf("team")).toEqual(["alice"]);
    expect(await CometChat.leaveGroup("team")).toBe(true);
    expect(gateway.membersOf("team")).toEqual([]);
    await expect(CometChat.joinGroup("nowhere")).rejects.toMatchObject({ code: "ERR_SEND_REJECTED" });
    await gateway.addMember("team", "alice");
  });

  it("[B8.2] what is throttled is dropped or refused, by its sort", async () => {
    const features = ["typing", "receipts"].map((feature) => ({ feature, reason: "test", forMs: 60_000 }));
    CometChat.addConnectionListener("throttle", new CometChat.ConnectionListener(noting("onFeatureThrottled")));
    gateway.throttle(features);
    await until("onFeatureThrottled");
    CometChat.removeConnectionListener("throttle");
    expect(CometChat.getConnectionStatus()).toBe(CometChat.CONNECTION_STATUS.FEATURE_THROTTLED);
    CometChat.startTyping(new CometChat.TypingIndicator("bob", USER));
    await expect(CometChat.markAsRead("user:alice/bob/x-1")).rejects.toMatchObject({
      code: "ERR_FEATURE_THROTTLED",
      retryAfterMs: expect.any(Number),
    });
    await CometChat.sendMessage(new CometChat.TextMessage("bob", "flows", USER));
    await received("message");
    expect(events.map(({ kind }) => kind)).toEqual(["message"]);
    gateway.throttle([]);
  });

  it("[B7.1] another's message is not edited: the gateway's refusal is a CometChatException", async () => {
    const text = new CometChat.TextMessage("bob", "x", USER);
    text.setId("user:bob/bob/x-1");
    for (const call of [() => CometChat.editMessage(text), () => CometChat.deleteMessage("user:bob/bob/x-1")]) {
      const error = await call().then(
        () => undefined,
        (cause: unknown) => cause,
      );
      expect(error).toBeInstanceOf(CometChat.CometChatException);
      expect(error).toMatchObject({ code: "ERR_SEND_REJECTED", message: expect.stringMatching(/only its author/) });
    }
  });
});

describe("listeners", () => {
  it("[B9.5] after disconnect() none is called, also when it is called by the first of two; what follows comes with the next link", async () => {
    CometChat.removeMessageListener("test");
    const calls: string[] = [];
    const first = (message: CometChat.TextMessage): void => {
      calls.push(`first ${message.getText()}`);
      if (message.getText() === "one") void CometChat.disconnect();
      wake();
    };
    CometChat.addMessageListener("first", new CometChat.MessageListener({ onTextMessageReceived: first }));
    const second = (message: CometChat.TextMessage): void => void calls.push(`second ${message.getText()}`);
    CometChat.addMessageListener("second", new CometChat.MessageListener({ onTextMessageReceived: second }));
    await Promise.all(["one", "two", "three"].map((text) => bob.send("user:alice", "message", { text })));
    while (CometChat.getConnectionStatus() !== "disconnected")
      await new Promise((resolve) => waiting.add(resolve as () => void));
    await bob.send("user:alice", "message", { text: "four" });
    expect(calls).toEqual(["first one"]);
    await CometChat.connect();
    while (!calls.includes("second four")) await new Promise((resolve) => setTimeout(resolve, 1));
    expect(calls.slice(1)).toEqual(["two", "three", "four"].flatMap((text) => [`first ${text}`, `second ${text}`]));
    CometChat.removeMessageListener("first");
    CometChat.removeMessageListener("second");
  });

  it("[B9.5] a disconnect() that connect() takes back in the same tick does not leave the listeners deaf", async () => {
    void CometChat.disconnect();
    await CometChat.connect();
    await bob.send("user:alice", "message", { text: "heard" });
    await until("onTextMessageReceived");
  });

  it("[B1.5] [B1.6] the same id replaces; one removed in a round is not called, one added waits; a thrower stops nobody", async () => {
    const calls: string[] = [];
    const call = (name: string, act?: () => void) => ({
      onTextMessageReceived: () => {
        calls.push(name);
        act?.();
      },
    });
    const add = (id: string, name: string, act?: () => void): void =>
      CometChat.addMessageListener(id, new CometChat.MessageListener(call(name, act)));
    const reported: unknown[] = [];
    const { error } = console;
    console.error = (cause: unknown) => void reported.push(cause);
    add("a", "replaced");
    add("a", "a", () => {
      CometChat.removeMessageListener("b");
      add("d", "d");
      throw new Error("thrown by a");
    });
    add("b", "b");
    add("c", "c");
    await bob.send("user:alice", "message", { text: "x" });
    await until("onTextMessageReceived");
    console.error = error;
    for (const id of "abcd") CometChat.removeMessageListener(id);
    expect(calls).toEqual(["a", "c"]);
    expect(reported).toMatchObject([{ message: "thrown by a" }]);
  });

  it("[B9.3] a callback that throws is reported, and the other one is not called for it", async () => {
    const reported: unknown[] = [];
    const { error } = console;
    console.error = (cause: unknown) => void reported.push(cause);
    const seen: string[] = [];
    const throwing = {
      onSuccess: () => {
        seen.push("onSuccess");
        throw new Error("thrown by onSuccess");
      },
      onError: () => void seen.push("onError"),
    };
    expect(await CometChat.disconnect(throwing)).toBe(true);
    await new Promise((resolve) => setImmediate(resolve));
    console.error = error;
    expect([seen, reported]).toMatchObject([["onSuccess"], [{ message: "thrown by onSuccess" }]]);
  });
});
