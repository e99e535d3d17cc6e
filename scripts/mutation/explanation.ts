/** Why mutants may live: one reason, and the keys of those that it holds for, as `pnpm mutation --out` writes them. */
export interface Explanation {
  readonly reason: string;
  readonly mutants: readonly string[];
}
