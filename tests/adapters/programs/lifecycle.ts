/**
 * A process whose lifecycle is watched from outside. It reads one command a line: `watch`, `cancel N`, `current`, `attached`, `second`,
 * `network TEXT`; and answers each with one line of JSON. Signals are lines as well: `{"watcher":N,"signal":{…}}`.
 */
import { createInterface } from "node:readline";
import type { Cancel } from "@cc/core";
import { nodeClock, nodeLifecycle } from "@cc/platform-node";

let timers = 0;
let network = "here";
const lifecycle = nodeLifecycle({
  suspendSignals: true,
  tickMs: 50,
  network: () => network,
  clock: {
    ...nodeClock,
    after(ms, fn, hold) {
      timers += 1;
      let live = true;
      const over = (): void => {
        if (live) timers -= 1;
        live = false;
      };
      const fire = (): void => {
        over();
        fn();
      };
      const cancel = nodeClock.after(ms, fire, hold);
      return () => {
        over();
        cancel();
      };
    },
  },
});

const cancels: Cancel[] = [];
const tell = (line: unknown): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
const answer = (line: string): unknown => {
  const [command, argument = ""] = line.split(" ");
  switch (command) {
    case "watch": {
      const watcher = cancels.length;
      cancels.push(lifecycle.watch((signal) => tell({ watcher, signal })));
      return watcher;
    }
    case "cancel":
      cancels[Number(argument)]?.();
      return null;
    case "current":
      return lifecycle.current();
    case "attached":
      return timers + process.listenerCount("SIGTSTP") + process.listenerCount("SIGCONT");
    case "second":
      // Another client in the same process, with a lifecycle of its own.
      nodeLifecycle({ suspendSignals: true }).watch((signal) => tell({ watcher: "second", signal }));
      return null;
    case "network":
      network = argument;
      return null;
    default:
      throw new Error(`no command: ${line}`);
  }
};

tell({ pid: process.pid });
let n = 0;
createInterface({ input: process.stdin }).on("line", (line) => {
  n += 1;
  tell({ n, answer: answer(line) });
});
