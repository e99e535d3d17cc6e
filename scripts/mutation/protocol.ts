/** The mutants of @cc/protocol that live, and why no test can tell them, or none should. */
import type { Explanation } from "./explanation.js";

export const protocol: readonly Explanation[] = [
  {
    reason:
      "A start is told from another by its number, whichever way that goes; and as a log has one partition today, what is left of an old start finds nothing more to follow.",
    mutants: [
      "packages/protocol/src/server/hub.ts | if (mine !== starts) return whenFollowed(); | ConditionalExpression: mine !== starts → false",
      "packages/protocol/src/server/hub.ts | starts += 1; | AssignmentOperator: starts += 1 → starts -= 1",
    ],
  },
  {
    reason:
      "The guard is for the compiler, which cannot know what holds here: a list is as long as the log has partitions, whoever listens to a channel is welcomed and has said hello, what was just looked up in a map is there, an entry that a queue holds is an entry.",
    mutants: [
      'packages/protocol/src/client/link.ts | if (!isCount(n) || typeof kind !== "string" || !channel || last === undefined || this.#owesGap) malformed(); | ConditionalExpression: last === undefined → false',
      "packages/protocol/src/server/delivery.ts | return cursor === LEVEL ? (log.rings[p]?.last ?? 0) : cursor; | OptionalChaining: log.rings[p]?.last → log.rings[p].last",
      "packages/protocol/src/server/delivery.ts | cursors[p] = log.rings[p]?.floor ?? 0; | OptionalChaining: log.rings[p]?.floor → log.rings[p].floor",
      "packages/protocol/src/server/delivery.ts | const upTo = log.rings[p]?.floor ?? 0; | OptionalChaining: log.rings[p]?.floor → log.rings[p].floor",
      "packages/protocol/src/server/hub.ts | if (link.user !== from || link.hello?.instance !== origin) link.cast(alias, channel, text, bytes); | OptionalChaining: link.hello?.instance → link.hello.instance",
      "packages/protocol/src/server/hub.ts | const stop = broker.follow(partition, log.rings[partition]?.floor ?? 0, { | OptionalChaining: log.rings[partition]?.floor → log.rings[partition].floor",
      "packages/protocol/src/server/hub.ts | if ((log.rings[partition]?.last ?? 0) >= last) return undefined; | OptionalChaining: log.rings[partition]?.last → log.rings[partition].last",
      "packages/protocol/src/server/members.ts | } else if (known && last && isOpen(last)) { | ConditionalExpression: known && last → true",
      "packages/protocol/src/server/members.ts | } else if (known && last && isOpen(last)) { | LogicalOperator: known && last → known || last",
      "packages/protocol/src/server/members.ts | byChannel.get(channel)?.delete(user); | OptionalChaining: byChannel.get(channel)?.delete → byChannel.get(channel).delete",
      "packages/protocol/src/server/members.ts | channels?.delete(channel); | OptionalChaining: channels?.delete → channels.delete",
      "packages/protocol/src/server/members.ts | if (channels?.size === 0) byUser.delete(user); | OptionalChaining: channels?.size → channels.size",
      "packages/protocol/src/server/members.ts | } else if (kept.length < intervals.length) byChannel.get(channel)?.set(user, kept); | OptionalChaining: byChannel.get(channel)?.set → byChannel.get(channel).set",
      "packages/protocol/src/server/resume.ts | if (position === undefined || !ring) return { recovery, cursors }; | ConditionalExpression: position === undefined → false",
      "packages/protocol/src/server/resume.ts | if (position === undefined || !ring) return { recovery, cursors }; | LogicalOperator: position === undefined || !ring → position === undefined && !ring",
      "packages/protocol/src/server/ring.ts | if (!oldest) return; | ConditionalExpression: !oldest → false",
      "packages/protocol/src/server/ring.ts | if (list) shift(list); | ConditionalExpression: list → true",
      "packages/protocol/src/server/ring.ts | if ((list.items[middle]?.n ?? 0) > after) high = middle; | OptionalChaining: list.items[middle]?.n → list.items[middle].n",
      "packages/protocol/src/server/ring.ts | for (const entry of list.items.slice(from, from + max)) if (entry) found.push(entry); | ConditionalExpression: entry → true",
      "packages/protocol/src/server/session.ts | live()?.delivery.wake(entry); | OptionalChaining: live()?.delivery → live().delivery",
      "packages/protocol/src/server/session.ts | if (!delivery) return; | ConditionalExpression: !delivery → false",
      "packages/protocol/src/server/handshake.ts | const same = others.filter((other) => other.hello?.instance === hello.instance); | OptionalChaining: other.hello?.instance → other.hello.instance",
      "packages/protocol/src/server/handshake.ts | const newer = same.some(({ hello: other }) => other?.nonce === hello.nonce && (other?.linkNo ?? 0) > hello.linkNo); | OptionalChaining: other?.linkNo → other.linkNo",
      "packages/protocol/src/server/handshake.ts | const newer = same.some(({ hello: other }) => other?.nonce === hello.nonce && (other?.linkNo ?? 0) > hello.linkNo); | OptionalChaining: other?.nonce → other.nonce",
      'packages/protocol/src/server/session.ts | const live = (): Live | undefined => (state.at === "live" ? state.live : undefined); | ConditionalExpression: state.at === "live" → true',
    ],
  },
  {
    reason:
      "What is skipped otherwise is done in vain: a look at those before a send, at a set that is empty, at a ring that has nothing new, a look at what is not due yet, a flush of nothing, another reading of the clock. Nobody is told anything else, and nothing else is written.",
    mutants: [
      "packages/protocol/src/client/link.ts | if (this.#gone()) return; | ConditionalExpression: this.#gone() → false",
      "packages/protocol/src/client/link.ts | if (this.#frames) this.#flush(); | ConditionalExpression: this.#frames → true",
      "packages/protocol/src/server/delivery.ts | if (given) pump(); | ConditionalExpression: given → true",
      "packages/protocol/src/server/hub.ts | if (dirty.length === 0) later(flushAll); | ConditionalExpression: dirty.length === 0 → true",
      "packages/protocol/src/server/agenda.ts | first = Math.floor(now / grainMs); | ArithmeticOperator: now / grainMs → now * grainMs",
      "packages/protocol/src/server/agenda.ts | if (slot > first) break; | ConditionalExpression: slot > first → false",
      "packages/protocol/src/server/live.ts | if (!delivery.level) return 0; | ConditionalExpression: !delivery.level → true",
      "packages/protocol/src/server/live.ts | if (!delivery.level) delivery.pump(); | ConditionalExpression: !delivery.level → true",
      "packages/protocol/src/server/log.ts | if (waiting.length === 0) return; | ConditionalExpression: waiting.length === 0 → false",
      "packages/protocol/src/server/log.ts | if (due.length === 0) return; | ConditionalExpression: due.length === 0 → false",
      "packages/protocol/src/server/members.ts | } else if (kept.length < intervals.length) byChannel.get(channel)?.set(user, kept); | ConditionalExpression: kept.length < intervals.length → true",
      "packages/protocol/src/server/members.ts | } else if (kept.length < intervals.length) byChannel.get(channel)?.set(user, kept); | EqualityOperator: kept.length < intervals.length → kept.length <= intervals.length",
      "packages/protocol/src/server/outflow.ts | if (frames > 0 && bytes + size + frames + 2 > batchBytes) flush(); | ConditionalExpression: frames > 0 → true",
      "packages/protocol/src/server/outflow.ts | if (frames > 0 && bytes + size + frames + 2 > batchBytes) flush(); | EqualityOperator: frames > 0 → frames >= 0",
      'packages/protocol/src/server/rate.ts | if (--left >= 0) return "ok"; | EqualityOperator: --left >= 0 → --left > 0',
      "packages/protocol/src/server/throttle.ts | const end = ends.size === 0 ? undefined : ends.get(featureOf(kind)); | ConditionalExpression: ends.size === 0 → false",
      "packages/protocol/src/client/outbox.ts | if (item.chained) this.#careful--; | ConditionalExpression: item.chained → false",
      "packages/protocol/src/client/outbox.ts | if (item.chained) this.#careful--; | UpdateOperator: this.#careful-- → this.#careful++",
      "packages/protocol/src/client/outbox.ts | if (this.#careful) { | ConditionalExpression: this.#careful → true",
    ],
  },
  {
    reason:
      "The condition only says whether a measurement can be spared; where it is made, the verdict is that of the measurement.",
    mutants: [
      "packages/protocol/src/server/inbox.ts | const mostGrowth = 21 / 4; | ArithmeticOperator: 21 / 4 → 21 * 4",
      "packages/protocol/src/server/inbox.ts | if (bytes > 2 * nestingLimit && isNestedDeeper(data)) | ArithmeticOperator: 2 * nestingLimit → 2 / nestingLimit",
      "packages/protocol/src/server/inbox.ts | if (bytes > 2 * nestingLimit && isNestedDeeper(data)) | ConditionalExpression: bytes > 2 * nestingLimit → true",
      "packages/protocol/src/server/inbox.ts | if (bytes > 2 * nestingLimit && isNestedDeeper(data)) | EqualityOperator: bytes > 2 * nestingLimit → bytes >= 2 * nestingLimit",
      'packages/protocol/src/server/inbox.ts | if (bytes * mostGrowth > limits.eventBytes && utf8Length(JSON.stringify(data) ?? "") > limits.eventBytes) { | ConditionalExpression: bytes * mostGrowth > limits.eventBytes → true',
      'packages/protocol/src/server/inbox.ts | if (bytes * mostGrowth > limits.eventBytes && utf8Length(JSON.stringify(data) ?? "") > limits.eventBytes) { | EqualityOperator: bytes * mostGrowth > limits.eventBytes → bytes * mostGrowth >= limits.eventBytes',
    ],
  },
  {
    reason:
      "One step past the end there is nothing, and nothing is what is found: the number of a character that is not there is no number, a partition that is not there has neither ring nor head.",
    mutants: [
      "packages/protocol/src/bytes.ts | for (let i = 0; i < text.length; i++) { | EqualityOperator: i < text.length → i <= text.length",
      "packages/protocol/src/client/link.ts | for (let p = 0; p < this.#partitions; p++) { | EqualityOperator: p < this.#partitions → p <= this.#partitions",
      "packages/protocol/src/server/delivery.ts | for (let p = 0; p < cursors.length; p++) if (!advance(p) || behind) return; | EqualityOperator: p < cursors.length → p <= cursors.length",
    ],
  },
  {
    reason: "The value is never read: a welcome, a first frame or a first marker sets it before anything looks at it.",
    mutants: [
      'packages/protocol/src/client/link.ts | #epoch = ""; | StringLiteral: "" → "Stryker was here!"',
      "packages/protocol/src/client/link.ts | #owesGap = false; | BooleanLiteral: false → true",
      'packages/protocol/src/server/hub.ts | const theirs = marker ? [...audience.of(userPrefix + marker.user)] : []; | ArrayDeclaration: [] → ["Stryker was here"]',
      'packages/protocol/src/server/outflow.ts | let waiting = ""; | StringLiteral: "" → "Stryker was here!"',
      'packages/protocol/src/server/outflow.ts | waiting = ""; | StringLiteral: "" → "Stryker was here!"',
      "packages/protocol/src/client/outbox.ts | isFull = false; | BooleanLiteral: false → true",
    ],
  },
  {
    reason:
      "What the mutant puts into the list is a word where an interval, a position or a frame belongs, in a place where it is dropped before anybody could be told: a word has no bounds, so no number lies within it; without an epoch no position is told; a link that has ended takes no frame.",
    mutants: [
      'packages/protocol/src/server/members.ts | const intervals = upsert(users, user, () => []); | ArrayDeclaration: [] → ["Stryker was here"]',
      'packages/protocol/src/server/members.ts | for (const { after, until } of byChannel.get(channel)?.get(user) ?? []) if (n > after && n <= until) return true; | ArrayDeclaration: [] → ["Stryker was here"]',
      'packages/protocol/src/server/members.ts | for (const [user, intervals] of byChannel.get(channel) ?? []) if (isOpen(intervals.at(-1))) users.push(user); | ArrayDeclaration: [] → ["Stryker was here"]',
      'packages/protocol/src/client/session.ts | this.arrived = [...(options.resume?.positions ?? [])]; | ArrayDeclaration: [] → ["Stryker was here"]',
      'packages/protocol/src/server/session.ts | for (const frame of frames ?? []) { | ArrayDeclaration: [] → ["Stryker was here"]',
    ],
  },
  {
    reason:
      "An empty set, map or queue, or an answer that is too old to be given, stays behind in memory. Whoever reads it finds the same as without it.",
    mutants: [
      "packages/protocol/src/server/audience.ts | if (set?.size === 0) links.delete(channel); | ConditionalExpression: set?.size === 0 → false",
      "packages/protocol/src/server/hub.ts | inbox.trim(at); | MethodExpression: inbox.trim(at) → inbox",
      "packages/protocol/src/server/inbox.ts | if (under.size === 0 && joining.get(user) === under) joining.delete(user); | ConditionalExpression: under.size === 0 && joining.get(user) === under → false",
      "packages/protocol/src/server/inbox.ts | if (under.size === 0 && joining.get(user) === under) joining.delete(user); | EqualityOperator: joining.get(user) === under → joining.get(user) !== under",
      "packages/protocol/src/server/members.ts | if (channels?.size === 0) byUser.delete(user); | ConditionalExpression: channels?.size === 0 → false",
      "packages/protocol/src/server/members.ts | if (byChannel.get(channel)?.size === 0) byChannel.delete(channel); | ConditionalExpression: byChannel.get(channel)?.size === 0 → false",
      "packages/protocol/src/server/ring.ts | if (list && sizeOf(list) === 0) index.delete(key); | ConditionalExpression: list && sizeOf(list) === 0 → false",
    ],
  },
  {
    reason:
      "The copy is for safety: what is copied here is a list out of a frame that nobody else holds, or it is copied again before it is changed.",
    mutants: [
      "packages/protocol/src/client/link.ts | session.options.host.gap({ from, to: { epoch, positions: to.slice() } }); | MethodExpression: to.slice() → to",
    ],
  },
  {
    reason: "With one partition the copy of all positions is the one position.",
    mutants: [
      "packages/protocol/src/client/link.ts | position: { epoch: this.#epoch, positions: received.length > 1 ? received.slice() : [n] }, | ConditionalExpression: received.length > 1 → true",
      "packages/protocol/src/client/link.ts | position: { epoch: this.#epoch, positions: received.length > 1 ? received.slice() : [n] }, | EqualityOperator: received.length > 1 → received.length >= 1",
    ],
  },
  {
    reason:
      "Either way the link ends with 4400: here a frame is judged once more where it is used, or what it would need is not there, which throws.",
    mutants: [
      "packages/protocol/src/client/check.ts | caughtUp: has({ positions: isPositions }), | ObjectLiteral: { positions: isPositions } → {}",
      "packages/protocol/src/client/link.ts | const channel = this.#channels?.get(frame[2]); | OptionalChaining: this.#channels?.get → this.#channels.get",
      "packages/protocol/src/client/link.ts | const channel = this.#channels?.get(frame[1]); | OptionalChaining: this.#channels?.get → this.#channels.get",
    ],
  },
  {
    reason: "Either way nothing is returned.",
    mutants: ["packages/protocol/src/codec.ts | } catch { | BlockStatement: { return undefined; } → {}"],
  },
  {
    reason: "The functions are only asked for frames that begin with that number.",
    mutants: [
      'packages/protocol/src/server/check.ts | if (code !== SEND || typeof id !== "string" || id.length > nameLimits.id) return undefined; | ConditionalExpression: code !== SEND → false',
      "packages/protocol/src/server/check.ts | return frame[0] === DELIVERED ? numbersOf(frame.slice(1)) : undefined; | ConditionalExpression: frame[0] === DELIVERED → true",
    ],
  },
  {
    reason: "What is no number is not finite either.",
    mutants: [
      'packages/protocol/src/server/check.ts | return typeof value === "number" && Number.isFinite(value) && value > 0 ? value : undefined; | ConditionalExpression: typeof value === "number" → true',
    ],
  },
  {
    reason: "The numbers of renewals are only compared for being the same, so they may as well go down.",
    mutants: [
      "packages/protocol/src/server/live.ts | const renewal = ++renewals; | UpdateOperator: ++renewals → --renewals",
    ],
  },
  {
    reason: "The link has ended: it reads nothing more, whatever it remembers of reading.",
    mutants: ["packages/protocol/src/server/delivery.ts | behind = false; | BooleanLiteral: false → true"],
  },
  {
    reason: "Those of the same instance have been ended a line above, and a link that has ended is told nothing.",
    mutants: [
      "packages/protocol/src/server/handshake.ts | if (hello.device !== undefined && other.hello?.device === hello.device && other.hello.instance !== hello.instance) { | ConditionalExpression: other.hello.instance !== hello.instance → true",
    ],
  },
  {
    reason: "`by` without a value is not written in JSON, so the marker in the log is the same.",
    mutants: [
      "packages/protocol/src/server/inbox.ts | const data = by === undefined ? { user, change } : { user, change, by }; | ConditionalExpression: by === undefined → false",
    ],
  },
  {
    reason:
      "A marker whose own number is told again: a join finds the interval open, a leave finds it closed, and both change nothing.",
    mutants: [
      "packages/protocol/src/server/members.ts | if (last && n <= (isOpen(last) ? last.after : last.until)) return; | EqualityOperator: n <= (isOpen(last) ? last.after : last.until) → n < (isOpen(last) ? last.after : last.until)",
    ],
  },
  {
    reason: "`for … in` walks a list as well.",
    mutants: [
      "packages/protocol/src/server/nesting.ts | if (Array.isArray(value)) return value.some((item) => isNestedDeeper(item, most - 1)); | ConditionalExpression: Array.isArray(value) → false",
    ],
  },
  {
    reason: "Of two that end at the same moment either may be told.",
    mutants: [
      "packages/protocol/src/server/throttle.ts | if ((ends.get(feature)?.at ?? 0) < now + forMs) ends.set(feature, { feature, reason, at: now + forMs }); | EqualityOperator: (ends.get(feature)?.at ?? 0) < now + forMs → (ends.get(feature)?.at ?? 0) <= now + forMs",
    ],
  },
  {
    reason: "A hub that starts is one that is neither ready nor failed: its own name is for readers.",
    mutants: [
      'packages/protocol/src/server/hub.ts | let phase: "starting" | "ready" | "failed" = "starting"; | StringLiteral: "starting" → ""',
      'packages/protocol/src/server/hub.ts | phase = "starting"; | StringLiteral: "starting" → ""',
    ],
  },
  {
    reason: "The leaver's links, which listen already, are added once more and taken out in the same step.",
    mutants: [
      'packages/protocol/src/server/hub.ts | if (marker?.change === "joined") for (const link of theirs) audience.add(channel, link); | ConditionalExpression: marker?.change === "joined" → true',
    ],
  },
  {
    reason:
      "What is at or below the floor of the ring is ignored when it is applied, so following from further back shows nothing more.",
    mutants: [
      "packages/protocol/src/server/hub.ts | const stop = broker.follow(partition, log.rings[partition]?.floor ?? 0, { | LogicalOperator: log.rings[partition]?.floor ?? 0 → log.rings[partition]?.floor && 0",
    ],
  },
  {
    reason:
      "All that would follow asks again whether the link is closed: a refusal of a closed link is nothing, and a frame in that state has no case.",
    mutants: [
      'packages/protocol/src/server/session.ts | if (state.at === "closed") return; | ConditionalExpression: state.at === "closed" → false',
      'packages/protocol/src/server/session.ts | if (state.at === "closed") return; | StringLiteral: "closed" → ""',
      'packages/protocol/src/server/session.ts | if (current().at === "closed") return; | ConditionalExpression: current().at === "closed" → false',
      'packages/protocol/src/server/session.ts | if (current().at === "closed") return; | StringLiteral: "closed" → ""',
    ],
  },
  {
    reason: "A place is compared with those of others, and no two are the same.",
    mutants: [
      'packages/protocol/src/client/outbox.ts | if (!result.ok && next.chained && next.place > item.place) this.fail(next.id, "ERR_SEND_REJECTED"); | EqualityOperator: next.place > item.place → next.place >= item.place',
    ],
  },
  {
    reason: "A frame that ends before its data has no flags either, and is refused for those.",
    mutants: [
      "packages/protocol/src/server/check.ts | if (!text(channel, nameLimits.channel) || !text(kind, nameLimits.kind) || data === undefined || !count(flags)) | ConditionalExpression: data === undefined → false",
    ],
  },
  {
    reason: "A queue that is empty and is shifted again holds one spent place more: it gives nothing, and has nothing.",
    mutants: [
      "packages/protocol/src/server/queue.ts | if (queue.head >= queue.items.length) return undefined; | ConditionalExpression: queue.head >= queue.items.length → false",
      "packages/protocol/src/server/queue.ts | if (queue.head >= queue.items.length) return undefined; | EqualityOperator: queue.head >= queue.items.length → queue.head > queue.items.length",
    ],
  },
];
