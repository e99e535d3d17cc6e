/** The forbidden imports that `pnpm layering` plants into a copy of the sources, and the rule that must name each. */

export interface Plant {
  readonly file: string;
  readonly text: string;
  /** The rule that must name this file; without one, the file only stands between another plant and what that reaches. */
  readonly rule?: string;
}

const importing = (layer: string, target: string, rule: string = `layer-${layer}`): Plant => ({
  file: `packages/${layer}/src/planted-${rule}.ts`,
  text: `import * as planted from "${target}";\n\nexport const kept: unknown = planted;\n`,
  rule,
});

export const plants: readonly Plant[] = [
  importing("core", "@cc/protocol"),
  importing("protocol", "@cc/core"),
  importing("transport-ws", "@cc/protocol"),
  importing("transport-browser", "@cc/platform-web"),
  importing("platform-web", "@cc/transport-browser"),
  importing("platform-node", "@cc/protocol"),
  importing("sdk", "@cc/testkit"),
  importing("gateway", "@cc/core"),
  importing("react", "@cc/core"),
  importing("testkit", "@cc/sdk"),
  importing("core", "node:timers", "no-platform-in-pure-packages"),
  importing("platform-web", "node:fs", "no-node-in-browser-packages"),
  importing("gateway", "../../protocol/src/index.js", "front-door-only"),
  importing("core", "@cc/nowhere", "resolvable"),
  importing("react", "./planted-no-cycles.js", "no-cycles"),
  {
    file: "packages/core/src/planted-type-only.ts",
    text: 'import type * as planted from "@cc/protocol";\n\nexport type Kept = typeof planted;\n',
    rule: "layer-core",
  },
  {
    file: "packages/sdk/src/portable.ts",
    text: 'export * from "./planted-between.js";\n',
    rule: "portable-wires-nothing",
  },
  {
    file: "packages/sdk/src/entry.browser.ts",
    text: 'export * from "./planted-between.js";\n',
    rule: "browser-entry-without-node",
  },
  {
    file: "packages/sdk/src/planted-between.ts",
    text: 'export * from "@cc/platform-node";\n',
  },
];
