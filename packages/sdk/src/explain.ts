export { type Explanation, explain } from "@cc/core/explain";
