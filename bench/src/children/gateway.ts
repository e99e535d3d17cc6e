/** The real gateway, on its own defaults but for the rates of frames and of connects: what is measured is what one costs, not when it is refused. */
import { createGateway } from "@cc/gateway";
import { task, tell } from "../lib/child.js";
import { appId, type Listening, type ServerTask } from "../lib/tasks.js";

const { jwtSecret } = task<ServerTask>();
const gateway = await createGateway({
  appId,
  apiKey: "bench-api-key",
  jwtSecret,
  createUsers: true,
  users: [{ uid: "alice" }, { uid: "bob" }],
  limits: { frameRate: 10_000_000 },
  admissionPerSecond: 1_000_000,
});
await tell({ port: gateway.address.port } satisfies Listening);
