/** The table of `pnpm planted`, without sowing anything: who changes a line that a plant patches learns of it from `pnpm test`. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { controls } from "../planted/controls.js";
import { plants } from "../planted/plants.js";
import { simPlants } from "../planted/sim.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const read = (file: string): string => (existsSync(root + file) ? readFileSync(root + file, "utf8") : "");

it("each plant's words stand exactly once in the file that it patches", () => {
  const stale = [...plants, ...controls]
    .map(({ tag, what, file, find }) => ({
      plant: `[${tag}] ${what}: ${file}`,
      times: read(file).split(find).length - 1,
    }))
    .filter(({ times }) => times !== 1);
  expect(stale).toEqual([]);
});

it("each plant changes something, and its test is there", () => {
  expect(plants.filter(({ find, replace }) => find === replace)).toEqual([]);
  expect(plants.filter(({ test }) => !existsSync(root + test))).toEqual([]);
});

it("no two plants are the same", () => {
  const patches = plants.map(({ tag, file, find, replace }) => JSON.stringify([tag, file, find, replace]));
  expect(new Set(patches).size).toBe(patches.length);
});

it("each fault that the simulator is to find stands in words that are in its file exactly once, and changes them", () => {
  const stale = simPlants.filter(({ file, find, replace }) => read(file).split(find).length !== 2 || find === replace);
  expect(stale.map(({ name }) => name)).toEqual([]);
  expect(new Set(simPlants.map(({ name }) => name)).size).toBe(simPlants.length);
  expect(simPlants.length).toBeGreaterThanOrEqual(20);
});
