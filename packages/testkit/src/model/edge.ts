/** One step of the enumeration: what was done in which world, and what came of it. */
import type { Effect, Policy } from "@cc/core";
import type { Node } from "./canon.js";
import type { Move, World } from "./moves.js";

export interface Edge {
  readonly move: Move;
  readonly world: World;
  readonly from: Node;
  readonly to: Node;
  readonly effects: readonly Effect[];
  readonly policy: Policy;
}
