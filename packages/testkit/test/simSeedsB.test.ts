/** The seeds of every test run, second part; a file for each core. */
import { simulateSeeds } from "./simSeeds.js";

simulateSeeds(51, 45);
