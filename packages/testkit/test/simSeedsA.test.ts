/** The seeds of every test run, first part; a file for each core. */
import { simulateSeeds } from "./simSeeds.js";

simulateSeeds(1, 1_000);
