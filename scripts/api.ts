/**
 * `pnpm api`, after a build: what each entry of each published package exports, compared with the reports in packages/X/etc.
 * `--update` rewrites them. A change of the public interface so is a change in a file that a reviewer reads.
 *
 * A type that an exported one names and that no entry of its package exports is a problem too: nobody can write it down. The few
 * that are meant so stand in docs/api-forgotten.json with the reason.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import {
  CompilerState,
  ConsoleMessageId,
  Extractor,
  ExtractorConfig,
  ExtractorLogLevel,
  type ExtractorMessage,
} from "@microsoft/api-extractor";
import { root } from "./lib/run.js";
import { type Package, publishedPackages } from "./lib/workspace.js";

const { values } = parseArgs({ options: { update: { type: "boolean", default: false } } });

interface Entry {
  readonly folder: string;
  readonly types: string;
  /** `sdk.cometchat.api.md` */
  readonly report: string;
}

/** Every file of types that `exports` names for `import`, whatever the condition. */
const typesOf = (value: unknown): readonly string[] =>
  typeof value !== "object" || value === null
    ? []
    : Object.entries(value).flatMap(([key, inner]) =>
        key === "types" && typeof inner === "string" && inner.endsWith(".d.ts") ? [inner] : typesOf(inner),
      );

const entriesOf = ({ folder, manifest }: Package): readonly Entry[] =>
  [...new Set(typesOf(manifest.exports))].map((types) => {
    const name = basename(types, ".d.ts").replace(/^entry\./, "");
    const report = `${[basename(folder), ...(name === "index" ? [] : [name])].join(".")}.api.md`;
    return { folder, types: join(root, folder, types), report };
  });

const configOf = ({ folder, types, report }: Entry): ExtractorConfig =>
  ExtractorConfig.prepare({
    configObject: {
      projectFolder: join(root, folder),
      mainEntryPointFilePath: types,
      newlineKind: "lf",
      compiler: {
        overrideTsconfig: {
          compilerOptions: {
            target: "es2022",
            module: "nodenext",
            moduleResolution: "nodenext",
            lib: ["es2022", "dom", "dom.iterable", "esnext.disposable"],
            types: ["node"],
            strict: true,
            skipLibCheck: true,
            noEmit: true,
          },
          files: [types],
        },
      },
      apiReport: {
        enabled: true,
        reportFileName: report,
        reportFolder: join(root, folder, "etc"),
        reportTempFolder: join(root, ".reports/api"),
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: {
        compilerMessageReporting: { default: { logLevel: ExtractorLogLevel.Error } },
        extractorMessageReporting: {
          default: { logLevel: ExtractorLogLevel.Warning },
          // Everything that is exported is public: what is not, is not exported.
          "ae-missing-release-tag": { logLevel: ExtractorLogLevel.None },
          "ae-undocumented": { logLevel: ExtractorLogLevel.None },
          // Links and tags are typedoc's: `pnpm reference`.
          "ae-unresolved-link": { logLevel: ExtractorLogLevel.None },
        },
        tsdocMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
      },
    },
    configObjectFullPath: undefined,
    packageJsonFullPath: join(root, folder, "package.json"),
  });

const allowed = JSON.parse(readFileSync(join(root, "docs/api-forgotten.json"), "utf8")) as Record<string, string>;
const entries = publishedPackages().flatMap(entriesOf);
const unbuilt = entries.filter(({ types }) => !existsSync(types));
const [first] = entries;
if (first === undefined || unbuilt.length > 0) {
  console.error(`api: not built: ${unbuilt.map(({ types }) => types).join(", ")}; run \`pnpm build\` first`);
  process.exit(2);
}

mkdirSync(join(root, ".reports/api"), { recursive: true });
const configs = entries.map((entry) => ({ entry, config: configOf(entry) }));
// One program for all: reading the types is what takes time.
const compilerState = CompilerState.create(configOf(first), {
  additionalEntryPoints: entries.map(({ types }) => types),
});
const problems: string[] = [];
const forgotten: { readonly entry: Entry; readonly name: string }[] = [];
for (const { entry, config } of configs) {
  mkdirSync(join(root, entry.folder, "etc"), { recursive: true });
  const at = `${entry.folder}/etc/${entry.report}`;
  const messageCallback = (message: ExtractorMessage): void => {
    const { messageId, logLevel, text } = message;
    message.handled = true;
    if (messageId === "ae-forgotten-export") {
      // A second thing of one name is called `User_2`.
      forgotten.push({ entry, name: (/"([^"]+)"/.exec(text)?.[1] ?? "").replace(/_\d+$/, "") });
    } else if (messageId === ConsoleMessageId.ApiReportCreated || messageId === ConsoleMessageId.ApiReportCopied) {
      console.log(`written ${at}`);
    } else if (messageId !== ConsoleMessageId.ApiReportNotCopied && (logLevel === "error" || logLevel === "warning")) {
      problems.push(`${at}: ${messageId}: ${text}`);
    }
  };
  const { apiReportChanged } = Extractor.invoke(config, { compilerState, localBuild: values.update, messageCallback });
  if (apiReportChanged && !values.update) problems.push(`${at} is stale: \`pnpm build && pnpm api --update\``);
}

/** The new reports, changed or not, lie in the temporary folder. */
const exportedBy = (folder: string, name: string): boolean =>
  entries
    .filter((entry) => entry.folder === folder)
    .map(({ report }) => readFileSync(join(root, ".reports/api", report), "utf8"))
    .some((text) => new RegExp(`^export (declare |abstract )*\\w+ ${name}\\b|^export \\{ ${name} \\}`, "m").test(text));
const used = new Set<string>();
/** A `*` in the list stands for a part of a name. */
const reasonFor = (key: string): string | undefined =>
  Object.keys(allowed).find((pattern) => new RegExp(`^${pattern.replaceAll("*", "\\w+")}$`).test(key));
for (const { entry, name } of forgotten) {
  if (exportedBy(entry.folder, name)) continue;
  const key = `${entry.report.replace(".api.md", "")}: ${name}`;
  const reason = reasonFor(key);
  if (reason !== undefined) used.add(reason);
  else problems.push(`${key} is named by an exported type, and no entry exports it`);
}
for (const { folder } of publishedPackages()) {
  const etc = join(root, folder, "etc");
  for (const file of existsSync(etc) ? readdirSync(etc) : []) {
    if (entries.some((entry) => entry.folder === folder && entry.report === file)) continue;
    if (values.update) rmSync(join(etc, file));
    else problems.push(`${folder}/etc/${file} is the report of no entry`);
  }
}
// No problem: whoever exports it should not have to know of the list.
for (const key of Object.keys(allowed)) {
  if (!used.has(key)) console.log(`docs/api-forgotten.json: ${key} is exported by now, or gone`);
}

console.log(
  `${problems.join("\n")}${problems.length > 0 ? "\n" : ""}api: ${entries.length} entries, ${problems.length} problem(s)`,
);
process.exitCode = problems.length === 0 ? 0 : 1;
