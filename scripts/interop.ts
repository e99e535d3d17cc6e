/**
 * `pnpm interop`: the client's protocol suite against servers in other languages, written from docs/protocol.md alone.
 *
 * Finds a Python with `websockets`; where there is none and this is Debian and we are root, installs Debian's. A missing one is a
 * failure: what was not run proves nothing.
 */
import { join } from "node:path";
import { aptInstall } from "./lib/apt.js";
import { root, run } from "./lib/run.js";

/** The first Python 3 that has the library. The system's own is tried too, for another one may stand before it on the PATH. */
const findPython = async (): Promise<string | undefined> => {
  for (const python of [process.env["CC_PYTHON"], "python3", "/usr/bin/python3"]) {
    if (!python) continue;
    const { code, stdout } = await run(python, [
      "-c",
      "import sys, websockets; print(sys.version.split()[0], websockets.__version__)",
    ]);
    if (code !== 0) continue;
    console.log(`interop: Python and websockets ${stdout.trim()} (${python})`);
    return python;
  }
  return undefined;
};

const python = (await findPython()) ?? ((await aptInstall("python3-websockets")) ? await findPython() : undefined);
if (python === undefined) {
  console.error(
    "interop: no Python 3 with websockets here. Install it (Debian: apt-get install -y python3-websockets) or set CC_PYTHON.",
  );
  process.exit(1);
}
const vitest = join(root, "node_modules/vitest/vitest.mjs");
const { code } = await run(process.execPath, [vitest, "run", "--config", "vitest.interop.config.ts"], {
  env: { CC_PYTHON: python },
  show: true,
  limitMs: 300_000,
});
const { code: vectors } = await run(python, [join(root, "packages/protocol/interop/vectors.py")], { show: true });
process.exitCode = code || vectors;
