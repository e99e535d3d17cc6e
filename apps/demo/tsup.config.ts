import { library } from "../../tsup.base.ts";

export default library({
  entry: {  },
  bin: { main: "src/main.ts" },
});
