/** The seeds of every test run, first part; a file for each core. `pnpm sim --seeds 2000` runs more of them, with what docs/proof.md says of it. */
import { simulateSeeds } from "./simSeeds.js";

simulateSeeds(1, 50);
