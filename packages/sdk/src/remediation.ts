export { remediation } from "@cc/core/remediation";
