/** What is mutated, all of it, and which tests are asked: those that need neither a socket nor a browser nor real time. */

export type Mutated = "core" | "protocol";

export const mutatedPackages: readonly Mutated[] = ["core", "protocol"];

export const isMutated = (name: string | undefined): name is Mutated => mutatedPackages.some((known) => known === name);

/** Every source file of the package. There is no list of exceptions. */
export const mutatedFiles: Readonly<Record<Mutated, string>> = {
  core: "packages/core/src/**/*.ts",
  protocol: "packages/protocol/src/**/*.ts",
};

export const takingPart: Readonly<Record<Mutated, readonly string[]>> = {
  core: ["tests/core/**/*.test.ts", "tests/adapters/scripted.test.ts", "tests/docs/errors.test.ts"],
  protocol: ["packages/protocol/test/**/*.test.ts", "tests/protocol/conformance.memory.test.ts"],
};

/** They read or enumerate the sources themselves: a mutant changes the words that the guards are patched by. */
export const notTaking: readonly string[] = ["tests/core/model*.test.ts"];

/** The score below which a whole run fails, in percent. */
export const leastScore = 85;
