import { library } from "../../tsup.base.js";

export default library({
  entry: {
    "entry.browser": "src/entry.browser.ts",
    "entry.node": "src/entry.node.ts",
    portable: "src/portable.ts",
    cometchat: "src/cometchat.ts",
    explain: "src/explain.ts",
    remediation: "src/remediation.ts",
  },
});
