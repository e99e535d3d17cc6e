/** A file storage at the other end of a pipe: each line is a call, each answer a line. Ends with its input. */
import { createInterface } from "node:readline";
import { fileStorage } from "@cc/platform-node";

const [file = ""] = process.argv.slice(2);
const storage = fileStorage(file);
// It must not keep the process.
storage.watch?.("a", () => {});

interface Call {
  readonly id: number;
  readonly method: "get" | "set" | "remove" | "lock";
  readonly args: readonly [string, string];
}

const act = async ({ method, args: [key, value] }: Call): Promise<unknown> => {
  if (method === "set") return storage.set(key, value);
  if (method === "lock") return (await storage.lock?.(key)) !== undefined;
  return storage[method](key);
};

createInterface({ input: process.stdin }).on("line", (line) => {
  const call = JSON.parse(line) as Call;
  void act(call).then((result) => process.stdout.write(`${JSON.stringify({ id: call.id, result: result ?? null })}\n`));
});
