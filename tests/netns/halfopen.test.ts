/**
 * `pnpm halfopen`: all scenarios, in one process.
 *
 * Law: what takes the processor (compilers, gateways, browsers that start) is over before the first fault is laid, so each module
 * starts all that it needs in a `beforeAll` of this file; what is measured then is mostly waiting, and goes on side by side.
 */
import "./alive.js";
import "./chromium.js";
import "./silence.js";
