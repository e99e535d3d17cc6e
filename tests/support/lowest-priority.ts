/** For tests in virtual time: nothing in them can be late, so whatever waits for a real clock goes first. */
import { setPriority } from "node:os";

setPriority(19);
