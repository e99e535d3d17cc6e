/** The built page, as files. Law: nothing outside the folder is ever read, and what is asked for decides nothing but the name. */
import { readFile } from "node:fs/promises";
import { extname, join, normalize, sep } from "node:path";

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".map": "application/json",
  ".svg": "image/svg+xml",
};

export interface PageFile {
  readonly body: Buffer;
  readonly type: string;
}

/** The file at a URL path, or nothing. */
export async function pageFile(folder: string, path: string): Promise<PageFile | undefined> {
  const name = normalize(decoded(path === "/" ? "/index.html" : path));
  const type = types[extname(name)];
  if (type === undefined || name.includes("\0") || name.split(sep).includes("..")) return undefined;
  try {
    return { body: await readFile(join(folder, name)), type };
  } catch {
    return undefined;
  }
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return "";
  }
}
