import { library } from "../../tsup.base.js";

export default library({
  entry: {
    index: "src/index.ts",
    node: "src/node/index.ts",
    conformance: "src/conformance/index.ts",
    sim: "src/sim/index.ts",
    trace: "src/trace/index.ts",
    model: "src/model/index.ts",
  },
});
