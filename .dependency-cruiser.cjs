/**
 * Imports point one way only. Each package has one rule that says what it may reach of ours; everything else is forbidden, type-only
 * imports included, because a type is a dependency of the published declaration files too.
 * `scripts/layering.ts` runs this, and then again over a copy with forbidden imports planted in it, each of which must be caught.
 */

/** What a package may import of ours, by folder; a folder that is missing here may import nothing of ours. */
const layers = {
  core: [],
  protocol: [],
  "transport-ws": ["core"],
  "transport-browser": ["core"],
  "platform-web": ["core"],
  "platform-node": ["core"],
  sdk: ["core", "protocol", "transport-ws", "transport-browser", "platform-web", "platform-node"],
  gateway: ["protocol"],
  react: ["sdk"],
};

const oneWay = Object.entries(layers).map(([layer, allowed]) => ({
  name: `layer-${layer}`,
  comment: `@cc/${layer} may import of ours: ${allowed.join(", ") || "nothing"}.`,
  severity: "error",
  from: { path: `^packages/${layer}/src/` },
  to: { path: "^(packages|apps|tests|bench)/", pathNot: `^packages/(${[layer, ...allowed].join("|")})/` },
}));

module.exports = {
  forbidden: [
    ...oneWay,
    {
      name: "layer-testkit",
      comment: "The testkit passes every port in: of the sdk it may see the portable entry only.",
      severity: "error",
      from: { path: "^packages/testkit/src/" },
      to: {
        path: "^(packages|apps|tests|bench)/",
        pathNot: "^packages/(testkit|core|protocol)/|^packages/sdk/(src/portable\\.ts|dist/portable\\.)",
      },
    },
    {
      name: "portable-wires-nothing",
      comment: "@cc/sdk/portable chooses no port, so nothing that it reaches may be an adapter.",
      severity: "error",
      from: { path: "^packages/sdk/src/portable\\.ts$" },
      to: { path: "^packages/(transport|platform)-", reachable: true },
    },
    {
      name: "browser-entry-without-node",
      comment: "What a browser loads never reaches an adapter of Node, or a module of Node.",
      severity: "error",
      from: { path: "^packages/sdk/src/entry\\.browser\\.ts$" },
      to: { path: "^packages/(transport-ws|platform-node)/", reachable: true },
    },
    {
      name: "no-platform-in-pure-packages",
      comment: "core and protocol depend on nothing at all; what they need comes by a port.",
      severity: "error",
      from: { path: "^packages/(core|protocol)/src/" },
      to: { dependencyTypes: ["core", "npm", "npm-dev", "npm-peer", "npm-optional", "npm-no-pkg", "npm-unknown"] },
    },
    {
      name: "no-node-in-browser-packages",
      comment: "These run in pages and workers, where no module of Node exists.",
      severity: "error",
      from: {
        path: "^packages/(transport-browser|platform-web|react)/src/|^packages/testkit/src/",
        pathNot: "^packages/testkit/src/node/",
      },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "packages-know-no-app",
      comment: "Apps, tests and benchmarks use packages, never the other way round.",
      severity: "error",
      from: { path: "^packages/[^/]+/src/" },
      to: { path: "^(apps|tests|bench|scripts)/" },
    },
    {
      name: "front-door-only",
      comment: "Another package is entered by its exports, never by a path into its folder.",
      severity: "error",
      from: { path: "^((?:packages|apps)/[^/]+|bench)/" },
      to: { path: "^(packages|apps)/", pathNot: "^$1/", dependencyTypes: ["local"] },
    },
    {
      name: "no-cycles",
      comment: "A cycle of files has no first file to read; type-only ones count.",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    {
      name: "resolvable",
      comment: "An import that resolves to nothing is a dependency that nobody declared.",
      severity: "error",
      from: { path: "^(packages|apps|bench|tests)/" },
      to: { couldNotResolve: true },
    },
    {
      name: "no-dev-dependency-in-sources",
      comment: "What a published source imports must be installed with it.",
      severity: "error",
      from: { path: "^packages/[^/]+/src/", pathNot: "^packages/(testkit/src/conformance|react/src)/" },
      to: { dependencyTypes: ["npm-dev"], dependencyTypesNot: ["type-only", "npm-peer"], pathNot: "/@types/" },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "(^|/)(dist|\\.turbo)/" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.base.json" },
    combinedDependencies: false,
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["@cc/source", "import", "node", "default", "types"],
      mainFields: ["module", "main", "types"],
    },
  },
};
