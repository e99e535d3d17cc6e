/** All faults that `pnpm planted` sows. Law: every section of the contract has one, and there are at least forty. */
import { clientPlants } from "./client.js";
import { driverPlants } from "./driver.js";
import { edgePlants } from "./edge.js";
import { herdPlants } from "./herd.js";
import { machinePlants } from "./machine.js";
import type { Plant } from "./plant.js";
import { serverPlants } from "./server.js";
import { wirePlants } from "./wire.js";

export const plants: readonly Plant[] = [
  ...machinePlants,
  ...driverPlants,
  ...clientPlants,
  ...wirePlants,
  ...serverPlants,
  ...edgePlants,
  ...herdPlants,
];
