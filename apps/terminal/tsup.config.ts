import { library } from "../../tsup.base.ts";

export default library({
  entry: {  },
  bin: { cli: "src/cli.ts" },
});
