/** `pnpm openapi`: writes docs/openapi.json. */
import { writeFileSync } from "node:fs";
import { openApi } from "../src/http/openapi.js";

writeFileSync(new URL("../../../docs/openapi.json", import.meta.url), `${JSON.stringify(openApi(), null, 2)}\n`);
