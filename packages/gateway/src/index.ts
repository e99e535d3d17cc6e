/** `@cc/gateway`: the gateway as a library. The program is `cc-gateway`. */
export type {
  DrainOptions,
  Gateway,
  GatewayStats,
  LoadStats,
  Operations,
  Published,
  PublishRequest,
  Session,
} from "./api.js";
export { type Claims, TokenError, type TokenFault } from "./auth/tokens.js";
export { type MemoryBrokerOptions, memoryBroker } from "./broker/memory.js";
export type { Clock } from "./clock.js";
export { GatewayError, type GatewayErrorCode } from "./errors.js";
export { fileStore } from "./fileStore.js";
export { createGateway } from "./gateway.js";
export { openApi } from "./http/openapi.js";
export { createLogger, type LoggerOptions } from "./logger.js";
export type {
  GatewayLimits,
  GatewayOptions,
  GatewayStore,
  GroupSeed,
  LogBounds,
  ThrottlingOptions,
  TlsOptions,
  User,
  UserSeed,
} from "./options.js";
