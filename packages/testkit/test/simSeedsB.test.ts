/** The seeds of every test run, second part; a file for each core. */
import { simulateSeeds } from "./simSeeds.js";

simulateSeeds(1_001, 1_000);
