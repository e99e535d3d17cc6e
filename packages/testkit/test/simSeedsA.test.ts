/** The first half of the seeds of every test run; a file for each core. */
import { simulateSeeds } from "./simSeeds.js";

simulateSeeds(1, 1_000);
