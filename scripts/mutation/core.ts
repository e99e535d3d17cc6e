/** The mutants of @cc/core that live, and why no test can tell them, or none should. */
import type { Explanation } from "./explanation.js";

export const core: readonly Explanation[] = [
  {
    reason:
      "The guard is for the compiler: `dial`, `linkUp` and `expire` call this only while somebody is logged in, and a link stands or is dialled only with a token in hand.",
    mutants: [
      'packages/core/src/facts/session.ts | if (x.session.tag !== "active" || x.session.token === null) return false; | ConditionalExpression: x.session.tag !== "active" → false',
      'packages/core/src/facts/session.ts | if (x.session.tag === "active" && x.session.token !== null && lifeMs !== null) | ConditionalExpression: x.session.tag === "active" && x.session.token !== null → true',
      'packages/core/src/facts/session.ts | if (x.session.tag === "active" && x.session.token !== null && lifeMs !== null) | ConditionalExpression: x.session.tag === "active" → true',
      'packages/core/src/facts/session.ts | if (x.session.tag === "active" && x.session.token !== null && lifeMs !== null) | ConditionalExpression: x.session.token !== null → true',
      'packages/core/src/facts/session.ts | if (x.session.tag === "active" && x.session.token !== null && lifeMs !== null) | LogicalOperator: x.session.tag === "active" && x.session.token !== null → x.session.tag === "active" || x.session.token !== null',
      'packages/core/src/facts/session.ts | if (x.session.tag === "active") | ConditionalExpression: x.session.tag === "active" → true',
    ],
  },
  {
    reason:
      "The mutant writes a field that the type does not allow there and that nothing reads: a job without a user, a hold in the foreground.",
    mutants: [
      'packages/core/src/facts/session.ts | if (x.session.tag === "active") x.session.job = null; | ConditionalExpression: x.session.tag === "active" → true',
      'packages/core/src/facts/app.ts | if (x.app.tag === "background" && !x.mode.auto) x.app.hold = hold(x, "lease", x.p.leaseMs); | ConditionalExpression: x.app.tag === "background" → true',
    ],
  },
  {
    reason:
      "In `failed` there is always an error: `stop` tells it before it changes the phase, and only what leads out of `failed` clears it.",
    mutants: [
      `packages/core/src/explain.ts | const why = s.phase === "failed" && s.error !== null ? \`\${WHY.failed} \${s.error.message}.\` : WHY[s.reason]; | ConditionalExpression: s.error !== null → true`,
    ],
  },
  {
    reason:
      "The guard is for the compiler: it tells the cases of a union apart, where only one of them gets here or has the field. `dial`, `linkUp`, `fail`, `stable` and `noToken` run only while somebody is logged in, and only a desire for a link has an urgency.",
    mutants: [
      'packages/core/src/link.ts | if (want.tag === "link" && want.urgency === "dial") { | ConditionalExpression: want.tag === "link" → true',
      'packages/core/src/link.ts | if (x.session.tag !== "active") return; | ConditionalExpression: x.session.tag !== "active" → false',
      'packages/core/src/link.ts | if (action === "refreshToken" && x.session.tag === "active") { | ConditionalExpression: x.session.tag === "active" → true',
      'packages/core/src/link.ts | if (x.session.tag === "active") x.session.rejections = 0; | ConditionalExpression: x.session.tag === "active" → true',
      'packages/core/src/transition.ts | if (want.tag !== "link" || want.urgency !== "dial" || x.link.tag === "linked") x.outage = null; | ConditionalExpression: want.tag !== "link" → false',
      'packages/core/src/transition.ts | if (x.link.tag !== "failed" && want.tag === "link" && want.urgency === "dial") replace(x, "reconnectCalled"); | ConditionalExpression: want.tag === "link" → true',
      'packages/core/src/transition.ts | if (x.session.tag !== "active" || x.session.job?.job !== e.job) return; | ConditionalExpression: x.session.tag !== "active" → false',
      'packages/core/src/transition.ts | if (x.session.tag === "active" && x.session.job?.job === e.job) { | ConditionalExpression: x.session.tag === "active" → true',
      'packages/core/src/transition.ts | if (x.link.tag !== "dialing" || x.session.tag !== "active") return; | ConditionalExpression: x.session.tag !== "active" → false',
      'packages/core/src/transition.ts | if (x.link.tag !== "linked" || !x.link.probe) return; | ConditionalExpression: x.link.tag !== "linked" → false',
      'packages/core/src/transition.ts | if (x.session.tag !== "active") return; | ConditionalExpression: x.session.tag !== "active" → false',
      'packages/core/src/transition.ts | if (x.m.unackedSince === null && x.app.tag === "background" && x.app.hold?.why === "acks") { | ConditionalExpression: x.app.tag === "background" → true',
    ],
  },
  {
    reason:
      "The mutant writes a field into a copy of a fact that does not have it; at the end of the step facts are compared by the fields they had, so the old one is kept and nothing is written.",
    mutants: [
      'packages/core/src/transition.ts | if (x.link.tag === "dialing") x.link.dial = { ...x.link.dial, stage: "handshake" }; | ConditionalExpression: x.link.tag === "dialing" → true',
      'packages/core/src/transition.ts | if (x.link.tag === "linked" && !x.link.probe) | ConditionalExpression: x.link.tag === "linked" → true',
    ],
  },
  {
    reason: "While a probe is open nobody reads the time of the next look, and the end of the probe sets it anew.",
    mutants: [
      'packages/core/src/transition.ts | if (x.link.tag === "linked" && !x.link.probe) | ConditionalExpression: x.link.tag === "linked" && !x.link.probe → true',
      'packages/core/src/transition.ts | if (x.link.tag === "linked" && !x.link.probe) | LogicalOperator: x.link.tag === "linked" && !x.link.probe → x.link.tag === "linked" || !x.link.probe',
    ],
  },
  {
    reason:
      "A desire for no link brings its own reason, and here there is never a desire for one: the link was kept or is to end, so `steer` does not read what it is given.",
    mutants: [
      'packages/core/src/transition.ts | return steer(x, "disconnectCalled", 0); | StringLiteral: "disconnectCalled" → ""',
      'packages/core/src/transition.ts | return steer(x, "background", 0); | StringLiteral: "background" → ""',
      'packages/core/src/transition.ts | return steer(x, "pageHidden", 0); | StringLiteral: "pageHidden" → ""',
    ],
  },
  {
    reason:
      "Only dearer: what nobody hears is made and told to nobody, an equal snapshot gives way to the one before it, and the end of nothing is nothing.",
    mutants: [
      "packages/core/src/driver.ts | const before = (changed || logger || this.bus.length) && this.snapshot(); | ConditionalExpression: changed || logger || this.bus.length → true",
      "packages/core/src/driver.ts | if (before) this.#tell(before, effects); | ConditionalExpression: before → true",
      "packages/core/src/driver.ts | if (this.#shown !== this.#state) { | ConditionalExpression: this.#shown !== this.#state → true",
      "packages/core/src/transition.ts | if (due) expire(x, due); | ConditionalExpression: due → true",
    ],
  },
  {
    reason: "The bound of the loop: no sound policy comes near it, and one turn more ends a bad one as well.",
    mutants: ["packages/core/src/transition.ts | for (let i = 0; i < 32; i++) { | EqualityOperator: i < 32 → i <= 32"],
  },
  {
    reason: "`noToken` decides between `retry` and `stop` itself; the field is there for the type.",
    mutants: [
      'packages/core/src/transition.ts | noToken(x, { fault: e.fault, action: "retry", floor }, e.terminal); | StringLiteral: "retry" → ""',
    ],
  },
  {
    reason: "A page that was hidden has no link and dials none, so there is no attempt that could be restarted.",
    mutants: ["packages/core/src/transition.ts | return wake(x, true); | BooleanLiteral: true → false"],
  },
  {
    reason:
      "`null` means that the next delay is a first retry's. Without a link the step is `null` only where nothing is dialled or waited for, and `steer` makes it 0 before either begins.",
    mutants: [
      "packages/core/src/transition.ts | if (x.ladder.step !== null) x.ladder.step = 0; | ConditionalExpression: x.ladder.step !== null → true",
    ],
  },
  {
    reason:
      "The guard is for the compiler: it looks at what the lines around it have settled. A taker was counted before it is taken; a token job, an effect for a link and a link itself exist only with an identity, a socket and its protocol.",
    mutants: [
      "packages/core/src/bus.ts | takers.shift()?.({ done: waiting.length === 0, value: waiting.shift() } as IteratorResult<Events[K]>); | OptionalChaining: takers.shift()?.({ done: waiting.length === 0, value: waiting.shift() } as Iter… → takers.shift()({ done: waiting.length === 0, value: waiting.shift() } as Iterat…",
      'packages/core/src/calls.ts | if (before.link.tag !== "linked" || s.link.tag !== "linked" || s.link.link !== before.link.link) return "lost"; | ConditionalExpression: before.link.tag !== "linked" → false',
      'packages/core/src/calls.ts | if (before.link.tag !== "linked" || s.link.tag !== "linked" || s.link.link !== before.link.link) return "lost"; | ConditionalExpression: s.link.tag !== "linked" → false',
      'packages/core/src/calls.ts | if (before.link.tag !== "linked" || s.link.tag !== "linked" || s.link.link !== before.link.link) return "lost"; | LogicalOperator: before.link.tag !== "linked" || s.link.tag !== "linked" → before.link.tag !== "linked" && s.link.tag !== "linked"',
      'packages/core/src/derive.ts | s.app.tag === "background" && s.app.hold?.why === "lease" && p.background !== "keep" && s.mode.wish === "on" | ConditionalExpression: s.app.tag === "background" → true',
      'packages/core/src/driver.ts | const job = this.#state.session.tag === "active" ? this.#state.session.job : null; | ConditionalExpression: this.#state.session.tag === "active" → true',
      "packages/core/src/driver.ts | const run = wanted && this.#identity?.fetchToken(wanted.reason); | OptionalChaining: this.#identity?.fetchToken → this.#identity.fetchToken",
      'packages/core/src/driver.ts | if (late || (this.#state.app.tag === "background" && this.#state.app.hold?.why === "acks")) | ConditionalExpression: this.#state.app.tag === "background" → true',
      'packages/core/src/driver.ts | const protocol = "link" in effect ? this.sockets.find(({ id }) => id === effect.link)?.protocol : undefined; | OptionalChaining: this.sockets.find(({ id }) => id === effect.link)?.protocol → this.sockets.find(({ id }) => id === effect.link).protocol',
      'packages/core/src/driver.ts | if (effect.type === "probe") protocol?.probe(); | OptionalChaining: protocol?.probe → protocol.probe',
      'packages/core/src/driver.ts | if (effect.type === "renew") protocol?.renew(effect.token); | OptionalChaining: protocol?.renew → protocol.renew',
      'packages/core/src/driver.ts | if (effect.type === "heartbeat") protocol?.heartbeat(effect.ms); | OptionalChaining: protocol?.heartbeat → protocol.heartbeat',
      'packages/core/src/socket.ts | if (this.alive && session.tag === "active") this.protocol?.opened(session.token?.value ?? null); | ConditionalExpression: session.tag === "active" → true',
      'packages/core/src/socket.ts | if (this.alive && session.tag === "active") this.protocol?.opened(session.token?.value ?? null); | OptionalChaining: session.token?.value → session.token.value',
      'packages/core/src/socket.ts | if (this.alive && session.tag === "active") this.protocol?.opened(session.token?.value ?? null); | OptionalChaining: this.protocol?.opened → this.protocol.opened',
      "packages/core/src/socket.ts | this.protocol?.message(data); | OptionalChaining: this.protocol?.message → this.protocol.message",
      "packages/core/src/socket.ts | if (this.alive) this.link?.send(data); | OptionalChaining: this.link?.send → this.link.send",
      "packages/core/src/socket.ts | if (this.alive) this.link?.close(4400); | OptionalChaining: this.link?.close → this.link.close",
    ],
  },
  {
    reason:
      "Between one link and the next there is always a step without one, and the call is looked at after every step: it never sees another link's number.",
    mutants: [
      'packages/core/src/calls.ts | if (before.link.tag !== "linked" || s.link.tag !== "linked" || s.link.link !== before.link.link) return "lost"; | ConditionalExpression: s.link.link !== before.link.link → false',
    ],
  },
  {
    reason:
      "The call's timer is then set where none is needed; the look that it leads to finds that no time has been counted, and sets it again.",
    mutants: [
      "packages/core/src/calls.ts | waiter.until = since === undefined ? NEVER : now + left; | ConditionalExpression: since === undefined → false",
    ],
  },
  {
    reason:
      "A floor that stands beside a link is a goaway's, and at its very end the link is left before anybody looks.",
    mutants: [
      "packages/core/src/calls.ts | retryAt: below > 0 ? c.clock.wall() + below : null, | EqualityOperator: below > 0 → below >= 0",
    ],
  },
  {
    reason: "An empty list either way; that all share one is for memory alone.",
    mutants: [
      "packages/core/src/derive.ts | s.throttled.length === 0 | ConditionalExpression: s.throttled.length === 0 → false",
    ],
  },
  {
    reason: "What is no object is the same or has another JSON: numbers that JSON does not know are in no snapshot.",
    mutants: [
      'packages/core/src/derive.ts | a === b || (typeof a === "object" && !(a instanceof Error) && JSON.stringify(a) === JSON.stringify(b)); | ConditionalExpression: typeof a === "object" → true',
    ],
  },
  {
    reason: "Read only while a timer is set, and then written before.",
    mutants: ["packages/core/src/driver.ts | #timerHold = false; | BooleanLiteral: false → true"],
  },
  {
    reason: "What is thrown there is caught there: who tells of listeners' errors must not stop the connection.",
    mutants: [
      "packages/core/src/driver.ts | else this.#options.logger?.error?.(String(error)); | OptionalChaining: this.#options.logger?.error → this.#options.logger.error",
      "packages/core/src/driver.ts | else this.#options.logger?.error?.(String(error)); | OptionalChaining: this.#options.logger?.error?.(String(error)) → this.#options.logger?.error(String(error))",
    ],
  },
  {
    reason: "A tick with nothing due changes nothing and is not committed.",
    mutants: [
      "packages/core/src/driver.ts | if (dueDeadline(this.#state, m, this.policy)) this.#commit(TICK, m); | ConditionalExpression: dueDeadline(this.#state, m, this.policy) → true",
      'packages/core/src/driver.ts | if (input.type !== "tick") this.#commit(input, m); | ConditionalExpression: input.type !== "tick" → true',
      'packages/core/src/driver.ts | if (input.type !== "tick") this.#commit(input, m); | StringLiteral: "tick" → ""',
    ],
  },
  {
    reason: "There is one socket at most: nothing makes a successor or a retiring link yet (10.9).",
    mutants: [
      "packages/core/src/driver.ts | if (this.sockets.some((s) => s.id === id)) continue; | ConditionalExpression: s.id === id → true",
      "packages/core/src/driver.ts | return this.sockets.find(({ id }) => id === link)?.inboundAt ?? Number.NEGATIVE_INFINITY; | ConditionalExpression: id === link → true",
      'packages/core/src/driver.ts | const protocol = "link" in effect ? this.sockets.find(({ id }) => id === effect.link)?.protocol : undefined; | ConditionalExpression: id === effect.link → true',
    ],
  },
  {
    reason: "Whoever cancels the timer forgets it in the next line.",
    mutants: [
      "packages/core/src/driver.ts | const cancel = (): void => { | BlockStatement: { this.#cancelTimer = undefined; } → {}",
    ],
  },
  {
    reason: "Any value but `undefined` settles the call, and `disconnect()` gives none on.",
    mutants: ["packages/core/src/driver.ts | return () => true; | BooleanLiteral: true → false"],
  },
  {
    reason: "The machine decides by `terminal` beside the fault and writes `retryable` itself.",
    mutants: [
      'packages/core/src/driver.ts | fault: { code: "ERR_TOKEN_PROVIDER", message: String(error), phase: "token", retryable: !terminal, cause: error }, | BooleanLiteral: !terminal → terminal',
    ],
  },
  {
    reason:
      "`expiring` makes the token stale at once, whenever it ends: the machine reads no number. It is there for the trace.",
    mutants: ['packages/core/src/socket.ts | this.#word("expiring", { inMs }); | ObjectLiteral: { inMs } → {}'],
  },
  {
    reason:
      "A protocol that counts unacknowledged bytes knows since when, and one that knows since when has some: either says the same.",
    mutants: [
      "packages/core/src/recorder.ts | const rare = m.unackedSince !== null || m.unackedBytes > 0 || verdicts || revised; | ConditionalExpression: m.unackedBytes > 0 → false",
      "packages/core/src/recorder.ts | const rare = m.unackedSince !== null || m.unackedBytes > 0 || verdicts || revised; | ConditionalExpression: m.unackedSince !== null → false",
      "packages/core/src/recorder.ts | const rare = m.unackedSince !== null || m.unackedBytes > 0 || verdicts || revised; | LogicalOperator: m.unackedSince !== null || m.unackedBytes > 0 → m.unackedSince !== null && m.unackedBytes > 0",
    ],
  },
  {
    reason:
      "What `slim` takes away never leaves the process in any case, for the redaction drops all that hangs on a fault or a close: it is gone for the heap's sake.",
    mutants: [
      'packages/core/src/recorder.ts | if ("fault" in input) return { ...input, fault: { ...input.fault, details: undefined, cause: undefined } }; | ConditionalExpression: "fault" in input → false',
      'packages/core/src/recorder.ts | if ("fault" in input) return { ...input, fault: { ...input.fault, details: undefined, cause: undefined } }; | StringLiteral: "fault" → ""',
      'packages/core/src/recorder.ts | return "close" in input ? { ...input, close: { ...input.close, cause: undefined } } : input; | StringLiteral: "close" → ""',
    ],
  },
  {
    reason: "No other key of the machine's data ends in one of these words.",
    mutants: [
      "packages/core/src/recorder.ts | const WORDS = /^(type|tag|wish|why|stage|page|reason|retry|recovery|action|phase|code|background):\\w+$/; | Regex: /^(type|tag|wish|why|stage|page|reason|retry|recovery|action|phase|code|backgro… → /(type|tag|wish|why|stage|page|reason|retry|recovery|action|phase|code|backgrou…",
    ],
  },
  {
    reason:
      "The guard is for the compiler: only the background has a hold, only a session a token to renew, and a deadline is only due in the case of the union that it came from.",
    mutants: [
      'packages/core/src/deadlines.ts | if (x.app.tag === "background" && x.app.hold && x.mode.wish === "on") { | ConditionalExpression: x.app.tag === "background" → true',
      'packages/core/src/deadlines.ts | if (x.session.tag === "active" && x.session.renewable && !x.session.job && x.session.token) { | ConditionalExpression: x.session.tag === "active" → true',
      'packages/core/src/deadlines.ts | if (kind === "hold" && x.app.tag === "background" && x.app.hold) { | ConditionalExpression: x.app.tag === "background" → true',
      'packages/core/src/deadlines.ts | if (kind === "attempt" && x.link.tag === "dialing") attemptDue(x, x.link.dial); | ConditionalExpression: x.link.tag === "dialing" → true',
      'packages/core/src/deadlines.ts | if (x.link.tag === "linked") { | ConditionalExpression: x.link.tag === "linked" → true',
    ],
  },
  {
    reason: "A renewal that may never be started would stand at `Infinity`, which is never due.",
    mutants: [
      "packages/core/src/deadlines.ts | if (ms !== null && x.session.refreshFrom < NEVER) | ConditionalExpression: x.session.refreshFrom < NEVER → true",
      "packages/core/src/deadlines.ts | if (ms !== null && x.session.refreshFrom < NEVER) | EqualityOperator: x.session.refreshFrom < NEVER → x.session.refreshFrom <= NEVER",
    ],
  },
  {
    reason:
      "Without a wish `replace` comes to the same: it drops the link, and `steer` finds none wanted and takes the reason of that.",
    mutants: [
      'packages/core/src/deadlines.ts | if (x.mode.wish === "on") replace(x, "goaway"); | ConditionalExpression: x.mode.wish === "on" → true',
      'packages/core/src/deadlines.ts | else steer(x, "goaway", 0); | StringLiteral: "goaway" → ""',
    ],
  },
  {
    reason:
      "Without a link or a look there is nothing to put off: what is made of the missing numbers is later than nothing, or nobody asks for it.",
    mutants: [
      'packages/core/src/driver.ts | if (link.tag !== "linked" || link.lookAt === null || link.heartbeatMs === null) return undefined; | ConditionalExpression: link.tag !== "linked" → false',
      'packages/core/src/driver.ts | if (link.tag !== "linked" || link.lookAt === null || link.heartbeatMs === null) return undefined; | ConditionalExpression: link.lookAt === null → false',
      'packages/core/src/driver.ts | if (link.tag !== "linked" || link.lookAt === null || link.heartbeatMs === null) return undefined; | ConditionalExpression: link.tag !== "linked" || link.lookAt === null → false',
      'packages/core/src/driver.ts | if (link.tag !== "linked" || link.lookAt === null || link.heartbeatMs === null) return undefined; | ConditionalExpression: link.tag !== "linked" || link.lookAt === null || link.heartbeatMs === null → false',
      'packages/core/src/driver.ts | if (link.tag !== "linked" || link.lookAt === null || link.heartbeatMs === null) return undefined; | LogicalOperator: link.tag !== "linked" || link.lookAt === null → link.tag !== "linked" && link.lookAt === null',
      'packages/core/src/driver.ts | if (link.tag !== "linked" || link.lookAt === null || link.heartbeatMs === null) return undefined; | LogicalOperator: link.tag !== "linked" || link.lookAt === null || link.heartbeatMs === null → (link.tag !== "linked" || link.lookAt === null) && link.heartbeatMs === null',
    ],
  },
  {
    reason:
      "Without a heartbeat a look stands only for an acknowledgement; one that has come meanwhile leaves a look that finds nothing, now or a little later.",
    mutants: [
      'packages/core/src/driver.ts | if (link.tag !== "linked" || link.lookAt === null || link.heartbeatMs === null) return undefined; | ConditionalExpression: link.heartbeatMs === null → false',
    ],
  },
  {
    reason: "The same time either way.",
    mutants: [
      "packages/core/src/driver.ts | return at > link.lookAt && this.#unackedSince() === null ? at : undefined; | EqualityOperator: at > link.lookAt → at >= link.lookAt",
    ],
  },
];
