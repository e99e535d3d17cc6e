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
];
