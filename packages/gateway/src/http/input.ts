/** Reads what a request says, by zod, and refuses what does not fit with the path of what is wrong. */
import type { Context } from "hono";
import type { z } from "zod";
import { Problem } from "./problem.js";

/** Checks a value. Throws a 400 `ERR_INVALID_ARGUMENT` that names the first wrong field, never its value. */
export const check = <T>(schema: z.ZodType<T>, value: unknown): T => {
  const outcome = schema.safeParse(value);
  if (outcome.success) return outcome.data;
  const issue = outcome.error.issues[0];
  const where = issue?.path.join(".") ?? "";
  const what = issue?.message ?? "is not what this request takes";
  throw new Problem(400, "ERR_INVALID_ARGUMENT", where === "" ? what : `${where}: ${what}`);
};

/** The checked JSON body. */
export const bodyOf = async <T>(context: Context, schema: z.ZodType<T>): Promise<T> => {
  const text = await context.req.text();
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Problem(400, "ERR_INVALID_ARGUMENT", "the body is not JSON");
  }
  return check(schema, value);
};
