/** A store in one file, of mode 0600: written beside it, flushed, and moved into its place, so that a crash leaves the old text or the new one. */
import { open, readFile, rename, rm } from "node:fs/promises";
import type { GatewayStore } from "./options.js";

/** Keeps a gateway's state in the file at `path`, whose folder must exist. One gateway at a time. */
export const fileStore = (path: string): GatewayStore => ({
  load: async () => {
    try {
      return await readFile(path, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
  },
  save: async (text) => {
    const beside = `${path}.${process.pid}.new`;
    // Not what a crash has left there, with whatever mode it had.
    await rm(beside, { force: true });
    const file = await open(beside, "wx", 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, path);
  },
});
