/** All faults that `pnpm planted` sows. Law: every section of the contract has one, and there are at least forty. */
import { corePlants } from "./core.js";
import type { Plant } from "./plant.js";

export const plants: readonly Plant[] = [...corePlants];
