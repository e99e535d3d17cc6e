import { library } from "../../tsup.base.js";

export default library({
  entry: {},
  bin: { cli: "src/cli.ts" },
});
