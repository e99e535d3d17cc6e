/** What a page may ask for, read with care. */

/** The request is wrong; the message says how. */
export class InputError extends Error {}

export type Input = Readonly<Record<string, unknown>>;

export function flag(input: Input, name: string): boolean {
  const value = input[name];
  if (typeof value !== "boolean") throw new InputError(`${name} must be true or false`);
  return value;
}

export function count(input: Input, name: string, max: number): number {
  const value = input[name];
  if (typeof value !== "number" || !(value >= 0) || value > max) {
    throw new InputError(`${name} must be a number from 0 to ${max}`);
  }
  return value;
}

export function text(input: Input, name: string): string {
  const value = input[name];
  if (typeof value !== "string" || value === "") throw new InputError(`${name} must be a string`);
  return value;
}

export function oneOf<T extends string>(input: Input, name: string, values: readonly T[]): T {
  const value = values.find((one) => one === input[name]);
  if (value === undefined) throw new InputError(`${name} must be one of ${values.join(", ")}`);
  return value;
}
