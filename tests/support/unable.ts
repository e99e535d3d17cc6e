/** Tests that a browser or its driver cannot run: they stand in the report as skipped, with the reason that `pnpm browsers` prints. */
import { it } from "vitest";

declare module "vitest" {
  interface TaskMeta {
    /** Why it was skipped. */
    reason?: string;
    /** Of the browser; one test of a run says it. */
    version?: string;
  }
}

export function unable(name: string, reason: string): void {
  it(name, ({ skip, task }) => {
    task.meta.reason = reason;
    skip(reason);
  });
}
