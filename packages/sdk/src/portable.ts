/** `@cc/sdk/portable`: wires nothing. `createClient` takes every port. */
export { createClient } from "./client.js";
export * from "./shared.js";
