/**
 * `pnpm reference`: the API reference of every published package, made from the sources by typedoc into .reports/reference. A link
 * that leads nowhere, or an option that typedoc does not know, is a failure.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Application, Converter, ReflectionKind } from "typedoc";
import { root } from "./lib/run.js";
import { publishedPackages } from "./lib/workspace.js";

const out = join(root, ".reports/reference");

/** The sources that `exports` names under `@cc/source`, with the entry as an importer writes it. */
const sourcesOf = (value: unknown): readonly string[] =>
  typeof value === "string"
    ? [value]
    : typeof value === "object" && value !== null
      ? Object.values(value).flatMap(sourcesOf)
      : [];

const entries = new Map<string, string>();
for (const { folder, manifest } of publishedPackages()) {
  for (const [path, conditions] of Object.entries(manifest.exports ?? {})) {
    if (path === "./package.json") continue;
    const source = (conditions as Readonly<Record<string, unknown>>)["@cc/source"];
    for (const file of new Set(sourcesOf(source))) {
      const platform = /entry\.(\w+)\.ts$/.exec(file)?.[1];
      entries.set(
        join(root, folder, file),
        manifest.name + path.slice(1) + (platform === undefined ? "" : ` (${platform})`),
      );
    }
  }
}

mkdirSync(out, { recursive: true });
// One program over all packages: a link from one package to another leads somewhere.
const tsconfig = join(root, ".reports/tsconfig.reference.json");
const compilerOptions = { lib: ["ES2023", "DOM", "DOM.Iterable"], types: ["node"], jsx: "react-jsx" };
const include = [...new Set([...entries.keys()].map((file) => join(file.slice(0, file.indexOf("/src/")), "src")))];
writeFileSync(tsconfig, JSON.stringify({ extends: "../tsconfig.base.json", compilerOptions, include }, null, 2));

const app = await Application.bootstrap({
  name: "@cc",
  entryPoints: [...entries.keys()],
  tsconfig,
  readme: join(root, "README.md"),
  // A page must be the same wherever and whenever it is made.
  disableGit: true,
  disableSources: true,
  hideGenerator: true,
  excludeInternal: true,
  excludePrivate: true,
  // What an exported type names without its being exported is `pnpm api`'s matter.
  validation: { notExported: false, invalidLink: true, invalidPath: false, rewrittenLink: true },
  treatWarningsAsErrors: true,
});
app.converter.on(Converter.EVENT_CREATE_DECLARATION, (_context, reflection) => {
  if (!reflection.kindOf(ReflectionKind.Module)) return;
  const symbol = reflection.project.getSymbolIdFromReflection(reflection);
  reflection.name = [...entries].find(([file]) => symbol?.fileName === file)?.[1] ?? reflection.name;
});
const project = await app.convert();
if (project === undefined) process.exit(1);
app.validate(project);
await app.generateDocs(project, out);
if (app.logger.hasErrors() || app.logger.hasWarnings()) process.exitCode = 1;
console.log(
  `reference: ${entries.size} entries, ${app.logger.errorCount} error(s), ${app.logger.warningCount} warning(s)`,
);
