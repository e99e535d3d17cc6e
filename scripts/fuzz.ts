/**
 * `pnpm fuzz`: hostile frames against a live gateway and against the client, judged by oracles written from docs/protocol.md.
 *
 * `--frames N` (default 1,000,000) for the gateway, and as many for the client; `--requests N` (20,000) for HTTP. `--seed N` (1): the same seed
 * does the same. `--only gateway,client,sockets,http`. `--script N` runs that one link, life or request of the seed: what a fault prints.
 * `--planted` sows the faults of tests/fuzz/plants.ts into a private copy, one at a time: each must be found. `--minutes M` ends each part early. `--out FILE` writes the figures as JSON. Exit 1 for a fault, 2 for wrong arguments.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { plants } from "../tests/fuzz/plants.js";
import { privateTree } from "./lib/privateTree.js";
import { root, run } from "./lib/run.js";

/** How long one planted fault may take to be found; some make a gateway hang. */
const plantedLimitMs = 240_000;
const parts = ["gateway", "client", "sockets", "http"];

function fail(message: string): never {
  console.error(`fuzz: ${message}`);
  process.exit(2);
}

type Name = "frames" | "requests" | "seed" | "only" | "script" | "minutes" | "out";

function options(): Readonly<Record<Name, string | undefined>> & { readonly planted: boolean | undefined } {
  const text = { type: "string" } as const;
  try {
    const { values } = parseArgs({
      options: {
        frames: text,
        requests: text,
        seed: text,
        only: text,
        script: text,
        minutes: text,
        out: text,
        planted: { type: "boolean" },
      },
    });
    const { frames, requests, seed, only, script, minutes, out, planted } = values;
    return { frames, requests, seed, only, script, minutes, out, planted };
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
}

const values = options();
const whole = (name: "frames" | "requests" | "seed" | "script", least: number): number | undefined => {
  const text = values[name];
  if (text === undefined) return undefined;
  const number = Number(text);
  return Number.isSafeInteger(number) && number >= least
    ? number
    : fail(`--${name} must be a whole number from ${least}, not ${text}`);
};
const only = values.only?.split(",").map((part) => part.trim()) ?? parts;
for (const part of only) if (!parts.includes(part)) fail(`--only knows ${parts.join(", ")}, not ${part}`);
const minutes = values.minutes === undefined ? null : Number(values.minutes);
if (minutes !== null && !(minutes > 0)) fail(`--minutes must be a number above 0, not ${values.minutes}`);
const script = whole("script", 0) ?? null;
if (script !== null && only.length !== 1) fail("--script needs --only with one part");
const asked = {
  frames: whole("frames", 1) ?? 1_000_000,
  requests: whole("requests", 1) ?? 20_000,
  seed: whole("seed", 0) ?? 1,
  script,
  minutes,
  only,
  out: values.out ?? null,
};

const fuzz = (
  tree: string,
  what: typeof asked,
  show: boolean,
): Promise<{ readonly code: number; readonly stdout: string; readonly timedOut: boolean }> =>
  run(
    process.execPath,
    [
      "--expose-gc",
      "--conditions=@cc/source",
      "--import",
      "tsx",
      join(tree, "tests/fuzz/main.ts"),
      JSON.stringify(what),
    ],
    { show, cwd: tree, ...(show ? {} : { limitMs: plantedLimitMs }) },
  );

/** Sows each plant that belongs to the parts asked for, and says whether it was found. */
async function sowAll(): Promise<boolean> {
  const tree = await privateTree("fuzz");
  let missed = 0;
  try {
    for (const { what, file, find, replace, part, frames = 20_000 } of plants.filter(({ part }) =>
      only.includes(part),
    )) {
      const path = join(tree.path, file);
      const sound = readFileSync(path, "utf8");
      if (sound.split(find).length !== 2) throw new Error(`${what}: its words do not stand in ${file} once: ${find}`);
      writeFileSync(
        path,
        sound.replace(find, () => replace),
      );
      const began = performance.now();
      const { code, stdout } = await fuzz(
        tree.path,
        { ...asked, only: [part], frames, requests: 2_000, out: null },
        false,
      );
      writeFileSync(path, sound);
      const fault = /^FAULT (.*)$/m.exec(stdout)?.[1];
      const isFound = code === 1 && fault !== undefined;
      if (!isFound) missed += 1;
      console.log(
        `${isFound ? "found " : "MISSED"} ${((performance.now() - began) / 1000).toFixed(1).padStart(6)} s  ${part.padEnd(7)} ${what}`,
      );
      console.log(`                  ${(fault ?? stdout.slice(-300)).slice(0, 160)}`);
    }
  } finally {
    tree.remove();
  }
  console.log(missed === 0 ? "fuzz: every planted fault was found" : `fuzz: ${missed} planted faults were missed`);
  return missed === 0;
}

if (values.planted) process.exitCode = (await sowAll()) ? 0 : 1;
else process.exitCode = (await fuzz(root, asked, true)).code;
