import { library } from "../../tsup.base.js";

export default library({
  entry: { index: "src/index.ts", calls: "src/calls.ts", explain: "src/explain.ts", remediation: "src/remediation.ts" },
});
