/**
 * `cc-gateway`: a gateway as a process.
 *
 * Standard output is the log, JSON lines; the first one says `listening` and the URL. What keeps it from starting is one line on
 * standard error and exit code 2. SIGHUP reads the certificate again. SIGTERM and SIGINT drain, close and exit 0; a second signal does not wait for the drain.
 */

import { closeCodes } from "@cc/protocol";
import { Command, CommanderError } from "commander";
import { addFlags, type Flags, tlsOf, toOptions } from "./cliFlags.js";
import { GatewayError } from "./errors.js";
import { createGateway } from "./gateway.js";
import { createLogger } from "./logger.js";

const oneLine = (text: string): string => text.replace(/\s*\n\s*/g, " ").trim();

/** What stands behind the sign of a misspelt flag may be a key. */
const withoutValue = (text: string): string => text.replace(/(unknown option '[^'=]*=).*'/s, "$1…'");

const fail = (message: string): void => {
  process.stderr.write(`cc-gateway: ${oneLine(message)}\n`);
  process.exitCode = 2;
};

const run = async (flags: Flags): Promise<void> => {
  const logger = createLogger({ level: flags.logLevel });
  const starting = createGateway({ ...toOptions(flags), logger });
  let signals = 0;
  const stop = async (signal: NodeJS.Signals): Promise<void> => {
    signals += 1;
    logger.info({ signal, signals }, "stopping");
    const gateway = await starting;
    if (signals === 1) {
      const { left } = await gateway.drain();
      logger.info({ left }, "drained");
    }
    await gateway.close(closeCodes.restart);
  };
  const onSignal = (signal: NodeJS.Signals): void => {
    // A start that failed is told below, once.
    stop(signal).catch(() => {});
  };
  // Before the start is over: whoever reads `listening` may send a signal in the next moment.
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
  const reload = async (): Promise<void> => {
    const gateway = await starting;
    try {
      const tls = tlsOf(flags);
      if (tls === undefined) return;
      gateway.setTls(tls);
      logger.info("new certificate");
    } catch (error) {
      logger.error({ err: error }, "the certificate was not renewed");
    }
  };
  process.on("SIGHUP", () => {
    reload().catch(() => {});
  });
  await starting;
};

const program = addFlags(new Command("cc-gateway"))
  .description("The gateway of the @cc connection layer: WebSocket and HTTP in one process.")
  .exitOverride()
  .configureOutput({ outputError: () => {} })
  .action(run);

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    // Help and version end here too, with exit code 0.
    if (error.exitCode !== 0) fail(withoutValue(error.message.replace(/^error: /, "")));
  } else if (error instanceof GatewayError) {
    fail(error.message);
  } else {
    throw error;
  }
}
