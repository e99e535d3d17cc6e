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
];
