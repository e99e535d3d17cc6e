import { library } from "../../tsup.base.js";

export default library({
  entry: {},
  bin: { main: "src/main.ts" },
});
