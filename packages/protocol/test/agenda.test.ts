/** The agenda: who is due when, and nobody twice. */
import { describe, expect, it } from "vitest";
import { type Agenda, createAgenda, type Dated } from "../src/server/agenda.js";

interface Named extends Dated {
  readonly name: string;
}

const named = (name: string): Named => ({ name, dueAt: 0, slot: Number.NaN });
const names = (list: readonly Named[]): readonly string[] => list.map(({ name }) => name);
/** Those that are due, as a hub takes them whose links end at their tick. */
const taken = (agenda: Agenda<Named>, now: number): readonly string[] => {
  const due = agenda.due(now);
  for (const it of due) agenda.remove(it);
  return names(due);
};

describe("agenda", () => {
  it("gives each when its time has come, the earlier slot first", () => {
    const agenda = createAgenda<Named>();
    const [a, b, c] = [named("a"), named("b"), named("c")];
    agenda.put(a, 900);
    agenda.put(b, 300);
    agenda.put(c, 310);
    expect(taken(agenda, 299)).toEqual([]);
    expect(taken(agenda, 305)).toEqual(["b"]);
    expect(taken(agenda, 899)).toEqual(["c"]);
    expect(taken(agenda, 900)).toEqual(["a"]);
    expect(taken(agenda, 10_000)).toEqual([]);
  });

  it("knows only the last time that something was put to, earlier or later, in the same slot or another", () => {
    const agenda = createAgenda<Named>();
    const a = named("a");
    agenda.put(a, 10_000);
    agenda.put(a, 500);
    agenda.put(a, 510);
    expect(taken(agenda, 509)).toEqual([]);
    expect(taken(agenda, 510)).toEqual(["a"]);
    expect(taken(agenda, 10_000)).toEqual([]);
    agenda.put(a, 10_100);
    agenda.put(a, 20_000);
    expect(taken(agenda, 19_999)).toEqual([]);
    expect(taken(agenda, 20_000)).toEqual(["a"]);
  });

  it("puts what is past to the next tick, in the slot of this one or before it, and again after that", () => {
    const agenda = createAgenda<Named>();
    const a = named("a");
    agenda.due(5_000);
    for (const at of [0, 4_999, Number.NEGATIVE_INFINITY, 0]) {
      agenda.put(a, at);
      expect(taken(agenda, 5_100)).toEqual(["a"]);
    }
    expect(taken(agenda, 5_249)).toEqual([]);
  });

  it("gives all of a long standstill at once, by their time", () => {
    const agenda = createAgenda<Named>();
    for (const at of [90_000, 250, 60_000]) agenda.put(named(`${at}`), at);
    expect(taken(agenda, 86_400_000)).toEqual(["250", "60000", "90000"]);
  });

  it("gives again what nobody has put elsewhere: a tick that failed is made up for", () => {
    const agenda = createAgenda<Named>();
    const a = named("a");
    agenda.put(a, 100);
    expect([100, 5_000].map((now) => names(agenda.due(now)))).toEqual([["a"], ["a"]]);
    agenda.put(a, 10_000);
    expect(names(agenda.due(9_999))).toEqual([]);
  });

  it("[R34] forgets what was taken out, and what was never in", () => {
    const agenda = createAgenda<Named>();
    const [a, b] = [named("a"), named("b")];
    agenda.put(a, 100);
    agenda.put(b, 100);
    agenda.remove(a);
    agenda.remove(a);
    agenda.remove(named("c"));
    expect(taken(agenda, 100)).toEqual(["b"]);
    agenda.remove(b);
    expect(taken(agenda, 100_000)).toEqual([]);
  });
});
