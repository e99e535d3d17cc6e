/**
 * The enumeration itself (`pnpm model` runs all of its scopes): one scope whole, the liveness from each of its states, and what no
 * input makes today, on states made by hand.
 */
import { defaultPolicy, initialState, links, type State } from "@cc/core";
import { examine, explore, gateFaults, machine, type Scope, scopes } from "@cc/testkit/model";
import { describe, expect, it } from "vitest";

function scopeOf(name: string): Scope {
  const scope = scopes.find((s) => s.name === name);
  if (scope === undefined) throw new Error(`no scope ${name}`);
  return scope;
}

describe("the machine, whole", () => {
  it("[R19] [R20] [R27] [B1.1] [B1.8] [B4.1] [B4.4] [B4.5] [B5.1] [B5.8] [B6.1] manual mode, every state and every step: the laws hold, and from each a link comes", () => {
    const report = examine(scopeOf("slackless"), machine, defaultPolicy);
    expect(gateFaults(report)).toEqual([]);
    // An enumeration that gets nowhere would prove nothing.
    expect(report.states).toBeGreaterThan(3_000);
    expect(report.transitions).toBeGreaterThan(150_000);
    expect(report.depth).toBeGreaterThan(12);
    expect(report.twoLinks).toBe(0);
  }, 600_000);

  it("every scope keeps the order of the contract's numbers, where it does not say otherwise", () => {
    const order = ["wakeJitterMs", "spreadMs", "deferMs", "probeMs", "leaseSlackMs", "tokenBudgetMs"] as const;
    for (const { policy, name } of scopes) {
      for (const [i, key] of order.entries()) {
        for (const longer of order.slice(i + 1)) {
          if (policy[longer] === 0) continue;
          expect(policy[key], `${name}: ${key} and ${longer}`).toBeLessThanOrEqual(policy[longer]);
        }
      }
    }
  });

  it("an enumeration that grows beyond its limit is an error, not a shorter one", () => {
    expect(() => explore(scopeOf("slackless"), machine, { limit: 50 })).toThrow("more than 50 states");
  });

  it("[B10.9] two sockets only with a successor that has a socket, or a link that retires", () => {
    const at = { now: 0, wall: 0 };
    const linked = (more: Partial<Extract<State["link"], { tag: "linked" }>>): State => ({
      ...initialState(defaultPolicy, at),
      link: {
        tag: "linked",
        link: 3,
        since: at,
        welcome: {
          user: "ann",
          session: "s",
          recovery: "new",
          heartbeatMs: null,
          spreadMs: null,
          probes: true,
          tokenLifeMs: null,
        },
        heartbeatMs: null,
        stableAt: null,
        lookAt: null,
        probe: null,
        probes: 0,
        answered: null,
        rttMs: null,
        wokenAt: null,
        leaveAt: null,
        successor: null,
        retiring: null,
        ...more,
      },
    });
    const dial = { link: 4, until: 10, grace: 0 };
    expect(links(linked({}))).toEqual([3]);
    expect(links(linked({ successor: { ...dial, stage: "token" } }))).toEqual([3]);
    expect(links(linked({ successor: { ...dial, stage: "transport" } }))).toEqual([3, 4]);
    expect(links(linked({ successor: { ...dial, stage: "handshake" } }))).toEqual([3, 4]);
    expect(links(linked({ retiring: 2 }))).toEqual([3, 2]);
  });
});
