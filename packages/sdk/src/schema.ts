/**
 * Events against the app's schemas (B9.1). Law: what does not fit is told as an error without its payload, and to nobody
 * as an event; its position goes on, for it was received.
 */
import type { Fault } from "@cc/core";
import type { AppEvent, EventSchema, EventSchemas } from "./types.js";

/** The event with what its schema makes of its data; `undefined` when it does not fit, which `report` hears. */
export function fitting(schemas: EventSchemas, event: AppEvent, report: (fault: Fault) => void): AppEvent | undefined {
  const { kind, channel, position } = event;
  const schema: EventSchema | undefined = Object.hasOwn(schemas, kind) ? schemas[kind] : undefined;
  if (!schema) return event;
  let message = "does not fit its schema";
  let issues: unknown;
  let cause: unknown;
  try {
    const result = schema["~standard"].validate(event.data);
    if ("then" in result) {
      // Events are told in order and within one turn: there is no waiting for one of them.
      result.then(undefined, () => {});
      message = "has an asynchronous schema; only synchronous ones can be used";
    } else if (!result.issues) return { ...event, data: result.value };
    // Issues of some libraries carry the input along.
    else issues = result.issues.map(({ message, path }) => ({ message, path }));
  } catch (thrown) {
    cause = thrown;
  }
  const details = { kind, channel, position, issues };
  report({
    code: "ERR_INVALID_EVENT",
    message: `An event of kind ${kind} ${message}`,
    phase: "event",
    retryable: false,
    details,
    cause,
  });
  return undefined;
}
