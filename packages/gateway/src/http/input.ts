/**
 * Reads what a request says, by zod, and refuses what does not fit with the path of what is wrong.
 *
 * The size is bounded here and not by hono's middleware: that one makes its own `Request` out of the server's, which works only
 * where the server has replaced the process's global `Request`, and a gateway may live inside somebody else's process.
 */
import { isNestedDeeper, nestingLimit } from "@cc/protocol/server";
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

/** Reads and checks JSON bodies. Throws 413 `ERR_MESSAGE_TOO_LARGE`, 400 `ERR_INVALID_ARGUMENT`. */
export interface BodyReader {
  /** The checked body. */
  required<T>(context: Context, schema: z.ZodType<T>): Promise<T>;
  /** The checked body, where none at all stands for `{}`. */
  optional<T>(context: Context, schema: z.ZodType<T>): Promise<T>;
}

/** @param maxBytes what a body may have; more is not read */
export const createBodyReader = (maxBytes: number): BodyReader => {
  const tooLarge = (): Problem => new Problem(413, "ERR_MESSAGE_TOO_LARGE", `the body is above ${maxBytes} bytes`);

  const textOf = async (context: Context): Promise<string> => {
    if (Number(context.req.header("content-length") ?? 0) > maxBytes) throw tooLarge();
    const chunks: Uint8Array[] = [];
    let size = 0;
    // A chunked body announces no length: it is counted as it comes.
    for await (const chunk of context.req.raw.body ?? []) {
      size += chunk.byteLength;
      if (size > maxBytes) throw tooLarge();
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString();
  };

  const parse = (text: string): unknown => {
    let body: unknown;
    try {
      body = JSON.parse(text);
    } catch {
      throw new Problem(400, "ERR_INVALID_ARGUMENT", "the body is not JSON");
    }
    // Schemas and writers go down level by level, and the stack ends before 128 kB of brackets do.
    if (isNestedDeeper(body))
      throw new Problem(400, "ERR_INVALID_ARGUMENT", `the body is nested deeper than ${nestingLimit} levels`);
    return body;
  };

  return {
    required: async (context, schema) => check(schema, parse(await textOf(context))),
    optional: async (context, schema) => check(schema, parse((await textOf(context)) || "{}")),
  };
};
