/**
 * Bare Node: `node node.js BUNDLE CALL` imports the bundle under the spies, calls `CALL` of it when there is one, and prints what
 * was touched. That the process then ends by itself says that nothing was left behind.
 */
import "./spies.js";
import { createRequire, syncBuiltinESMExports } from "node:module";

const require = createRequire(import.meta.url);
const { acts, spyOn } = globalThis;
const files = ["open", "readFile", "writeFile", "appendFile", "mkdir", "stat", "readdir", "rename", "unlink", "watch"];
const modules = {
  "node:timers": ["setTimeout", "setInterval", "setImmediate"],
  "node:timers/promises": ["setTimeout", "setInterval", "setImmediate"],
  "node:crypto": ["randomBytes", "randomFill", "randomFillSync", "randomInt", "randomUUID", "generateKeyPairSync"],
  "node:child_process": ["spawn", "fork", "exec", "execFile", "spawnSync", "execSync", "execFileSync"],
  "node:worker_threads": ["Worker", "MessageChannel", "BroadcastChannel"],
  "node:dgram": ["createSocket"],
  "node:dns": ["lookup", "resolve"],
  "node:os": ["networkInterfaces"],
  "node:fs/promises": files,
  "node:fs": [...files, ...files.map((name) => `${name}Sync`), "createReadStream", "createWriteStream"],
};
for (const [name, names] of Object.entries(modules)) spyOn(require(name), names, `${name}.`);
spyOn(require("node:net").Socket.prototype, ["connect"], "socket.");
spyOn(require("node:net").Server.prototype, ["listen"], "server.");
spyOn(require("node:http"), ["request", "get"], "http.");
spyOn(require("node:https"), ["request", "get"], "https.");
spyOn(process, ["on", "once", "addListener", "prependListener"], "process.");
syncBuiltinESMExports();

const [, , bundle = "", call] = process.argv;
// Loading a module is reading a file, and some versions of Node do it in a way that the spies see: an empty one shows how.
acts.length = 0;
await import("./nothing.js");
const loading = acts.splice(0);
// The process's own streams come into being when they are first looked at, as a logger does; that is no act of an import.
void [process.stdout, process.stderr];
const resources = process.getActiveResourcesInfo();
let failure;
try {
  const module = await import(bundle);
  // A later turn, for what an import may have put off.
  await new Promise((resolve) => process.nextTick(resolve));
  if (call) new Function("module", call)(module);
} catch (error) {
  failure = String(error?.stack ?? error);
}
const touched = [...acts];
if (loading.every((act, n) => act === touched[n])) touched.splice(0, loading.length);
const left = process.getActiveResourcesInfo();
for (const resource of resources) if (left.includes(resource)) left.splice(left.indexOf(resource), 1);
process.stdout.write(JSON.stringify({ touched, left, failure }));
