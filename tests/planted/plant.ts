/** A planted fault: a patch of one line or a few that breaks one promise of the contract. `pnpm planted` sows them one after another. */
export interface Plant {
  /** The clause or rule that it breaks, as tests name it: `B4.2`, `R19`. */
  readonly tag: string;
  /** What a user would notice. */
  readonly what: string;
  /** From the root. */
  readonly file: string;
  /** Stands in the file exactly once; a plant whose words have gone is an error, never skipped. */
  readonly find: string;
  readonly replace: string;
  /** The file with the tagged test that has to turn red, from the root. */
  readonly test: string;
  /** Vitest's project. Default: `node`. */
  readonly project?: "node" | "browser";
}
