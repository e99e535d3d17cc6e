/** The mutants of @cc/protocol that live, and why no test can tell them, or none should. */
import type { Explanation } from "./explanation.js";

export const protocol: readonly Explanation[] = [];
