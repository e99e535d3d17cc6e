/** The second half of the seeds of every test run; a file for each core. */
import { simulateSeeds } from "./simSeeds.js";

simulateSeeds(1_001, 1_000);
