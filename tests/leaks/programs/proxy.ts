/** The fault proxy in a process of its own, so that what it holds is nobody else's. argv: the gateway's URL. Any message: cut. */
import { createFaultProxy } from "@cc/testkit/node";

const { hostname: host, port } = new URL(process.argv[2] ?? "");
const proxy = await createFaultProxy({ target: { host, port: Number(port) } });
process.on("message", () => proxy.cut());
process.send?.({ url: proxy.url("http") });
process.on("disconnect", () => process.exit(0));
