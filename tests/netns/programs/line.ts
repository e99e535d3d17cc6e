/** What a program says to whoever started it, one line of JSON each. */
export interface Line {
  readonly at: number;
  readonly seat: string;
  readonly what: string;
  readonly value: unknown;
}
