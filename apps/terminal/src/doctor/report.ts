/**
 * What `doctor` finds. Law: every step stands in the report once and in order, whatever happened; a step that could not be tried says
 * why; a fault has a stable code, what it means and what to do.
 */

/** In the order in which they are tried; each needs the ones before it. */
export const stepNames = [
  "url",
  "dns",
  "tcp",
  "tls",
  "http",
  "ready",
  "upgrade",
  "subprotocol",
  "token",
  "roundTrip",
  "idle",
] as const;

export type StepName = (typeof stepNames)[number];

export type Facts = Readonly<Record<string, unknown>>;

/** What a step found that was passed. With `caution` it is a warning: what works, and yet is worth a look. */
export interface Finding<T = undefined> {
  readonly value: T;
  readonly detail: string;
  readonly facts?: Facts | undefined;
  readonly caution?: Caution | undefined;
}

export interface Caution {
  /** Stable, in capitals; the README lists all of them. */
  readonly code: string;
  readonly meaning: string;
  readonly remedy: string;
}

export type Step =
  | {
      readonly name: StepName;
      readonly status: "ok" | "warning" | "failed";
      /** Milliseconds that the step took. */
      readonly ms: number;
      readonly detail: string;
      readonly code?: string;
      readonly meaning?: string;
      readonly remedy?: string;
      readonly facts?: Facts;
    }
  | { readonly name: StepName; readonly status: "skipped"; readonly reason: string };

export interface Report {
  /** The version of this document: 1. Fields are added, never changed. */
  readonly doctor: 1;
  /** What was examined, without credentials and query. */
  readonly url: string;
  /** ISO 8601. */
  readonly at: string;
  /** Whether no step failed. Skipped ones and warnings are no failures. */
  readonly ok: boolean;
  readonly steps: readonly Step[];
}

/** Ends the examination at the step that throws it. */
export class Fault extends Error {
  readonly code: string;
  readonly meaning: string;
  readonly remedy: string;
  readonly facts: Facts | undefined;

  constructor(detail: string, caution: Caution, facts?: Facts) {
    super(detail);
    this.code = caution.code;
    this.meaning = caution.meaning;
    this.remedy = caution.remedy;
    this.facts = facts;
  }
}

/** Whether the system, OpenSSL or a library says so, and not one of our own findings or mistakes. */
export const isSystemError = (error: unknown): error is Error & { readonly code: string } =>
  error instanceof Error && !(error instanceof Fault) && typeof (error as { code?: unknown }).code === "string";

/** What an error is called, for the details. */
export const codeOf = (error: unknown): string =>
  isSystemError(error) ? error.code : error instanceof Error ? error.message : String(error);
