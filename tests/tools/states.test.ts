/** docs/states.md: what `pnpm states` draws is drawn of the machine as it is. Staleness itself is the command's `--check`. */
import { type Outline, phases } from "@cc/testkit/model";
import { expect, it } from "vitest";
import { statesDocument } from "../../scripts/lib/statesDocument.js";

const found: Outline = {
  states: 3,
  arrows: [
    { from: "idle", to: "waiting", event: "login", reasons: ["starting"] },
    { from: "waiting", to: "token", event: "tick: retry", reasons: ["retry", "starting"] },
    { from: "waiting", to: "idle", event: "disconnect", reasons: ["disconnectCalled"] },
  ],
  deadlines: { retry: ["waiting"] },
  effects: { save: ["token"] },
};

it("each arrow stands in the table with its reasons, and in both pictures; twice the same bytes", async () => {
  const files = await statesDocument(found);
  expect(await statesDocument(found)).toEqual(files);
  const text = files["states.md"];
  expect(text).toContain("| tick: retry |  | **token** retry starting |");
  expect(text).toContain(`| input | ${phases.join(" | ")} |`);
  expect(text).toContain("| retry | `waiting` | dials |");
  expect(text).toContain("| save | `token` |");
  for (const picture of ["states-light.svg", "states-dark.svg"] as const) {
    for (const word of ["login", "due: retry", "disconnect"]) expect(files[picture]).toContain(word);
    expect(files[picture]).not.toContain("<!--");
  }
});
