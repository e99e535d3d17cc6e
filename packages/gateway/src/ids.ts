/** Names that travel in URLs, in channel names and later in broker subjects: letters, digits and `. _ - @`, 1 to 100 of them. */
import { z } from "zod";

const pattern = /^[A-Za-z0-9._@-]{1,100}$/;

/** A user id, group id or app id. */
export const id: z.ZodString = z.string().regex(pattern, "must be 1 to 100 letters, digits or . _ - @");
