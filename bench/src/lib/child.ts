/** A child's side of the talk with its parent: one task by argument, one answer by message. A child whose parent is gone ends. */
process.on("disconnect", () => process.exit(1));

/** The task that this process was started with. */
export const task = <Task>(): Task => JSON.parse(process.argv[2] ?? "null") as Task;

/** Tells the parent. A server stays and is ended by the parent; everything else calls `answer`. */
export const tell = (message: unknown): Promise<void> =>
  new Promise((resolve, reject) => {
    if (process.send === undefined) {
      // Started by hand, for a profile.
      console.log(JSON.stringify(message));
      resolve();
    } else process.send(message, (error: Error | null) => (error ? reject(error) : resolve()));
  });

/** Tells the result and ends: sockets that are still open are of no interest any more. */
export const answer = async (message: unknown): Promise<never> => {
  await tell(message);
  process.exit(0);
};
