/** The mutants of @cc/core that live, and why no test can tell them, or none should. */
import type { Explanation } from "./explanation.js";

export const core: readonly Explanation[] = [];
