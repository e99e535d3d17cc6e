/** Faults that `pnpm fuzz --planted` sows, one at a time, and that the fuzz must find within a small part of its standard run. */

export interface FuzzPlant {
  /** What a user would suffer. */
  readonly what: string;
  readonly part: "gateway" | "client" | "http";
  /** From the root. */
  readonly file: string;
  /** Stands there exactly once. */
  readonly find: string;
  readonly replace: string;
  /** Default 20,000. */
  readonly frames?: number;
}

const server = "packages/protocol/src/server";
const link = "packages/protocol/src/client/link.ts";

export const plants: readonly FuzzPlant[] = [
  {
    what: "a join without a sound id is taken",
    part: "gateway",
    file: `${server}/check.ts`,
    find: "text(channel, nameLimits.channel) && text(id, nameLimits.id) ? { channel, id } : undefined",
    replace: "text(channel, nameLimits.channel) ? { channel, id: id as string } : undefined",
  },
  {
    what: "data of any depth is taken",
    part: "gateway",
    file: `${server}/inbox.ts`,
    find: "if (bytes > 2 * nestingLimit && isNestedDeeper(data))",
    replace: "if (bytes < 0 && isNestedDeeper(data))",
  },
  {
    what: "a message that is too large is closed with another code",
    part: "gateway",
    file: `${server}/session.ts`,
    find: "close: closeCodes.frameTooLarge,",
    replace: "close: closeCodes.malformed,",
  },
  {
    what: "each link that ends leaves something behind for ever",
    part: "gateway",
    file: `${server}/session.ts`,
    find: "    core.closed(link);",
    replace:
      "    core.closed(link);\n    ((globalThis as unknown as { left?: unknown[] }).left ??= []).push({ session, log: new Array(600).fill(session) });",
    frames: 60_000,
  },
  {
    what: "a link that has ended is counted on",
    part: "gateway",
    file: `${server}/hub.ts`,
    find: "links.delete(link);",
    replace: "",
  },
  {
    what: "data is measured as it came and not as it is written on",
    part: "gateway",
    file: `${server}/inbox.ts`,
    find: "bytes * mostGrowth > limits.eventBytes",
    replace: "bytes > limits.eventBytes",
  },
  {
    what: "a close frame with 1002, 1007, 1008 or 1009 is not answered",
    part: "gateway",
    file: "packages/gateway/src/socket/link.ts",
    find: "reason !== undefined || !receiverCodes",
    replace: "!receiverCodes",
    frames: 60_000,
  },
  {
    what: "a probe by a number beyond all is answered by what is no JSON",
    part: "gateway",
    file: `${server}/live.ts`,
    find: "if (Number.isFinite(frame[1])) {",
    replace: 'if (typeof frame[1] === "number") {',
    frames: 60_000,
  },
  {
    what: "a frame between hello and welcome is passed over",
    part: "gateway",
    file: `${server}/session.ts`,
    find: 'line.malformed("a frame before the welcome");',
    replace: "",
  },
  {
    what: "the token of another user renews a link",
    part: "gateway",
    file: `${server}/live.ts`,
    find: "else if (verdict.user !== user)",
    replace: "else if (verdict.user === undefined)",
  },
  {
    what: "a binary message is passed over",
    part: "gateway",
    file: "packages/gateway/src/socket/link.ts",
    find: 'if (isBinary) session.receive("", 0);',
    replace: "if (isBinary) return;",
  },
  {
    what: "the client believes every object frame",
    part: "client",
    file: link,
    find: "if (!isSound(frame)) malformed();",
    replace: "",
  },
  {
    what: "the client takes a fraction for a position",
    part: "client",
    file: link,
    find: "if (!isCount(n) || typeof kind",
    replace: 'if (typeof n !== "number" || typeof kind',
  },
  {
    what: "the client takes an object with a member 0 for a batch",
    part: "client",
    file: link,
    find: 'if (Array.isArray(message) && typeof message[0] === "object") {',
    replace: 'if (typeof message[0] === "object") {',
  },
  {
    what: "the client moves on before a gap is told",
    part: "client",
    file: link,
    find: 'this.#owesGap = welcome.recovery === "gap";',
    replace: "this.#owesGap = false;",
  },
  {
    what: "the client hears everything before a welcome",
    part: "client",
    file: link,
    find: "if (!this.live && isForLinked(f.t)) malformed();",
    replace: "",
  },
  {
    what: "a request body of any depth is taken",
    part: "http",
    file: "packages/gateway/src/http/input.ts",
    find: "if (isNestedDeeper(body))",
    replace: "if (body === isNestedDeeper)",
  },
];
