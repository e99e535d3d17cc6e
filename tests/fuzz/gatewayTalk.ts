/** What the storm and its gateway say to each other over the channel of the fork. */

export const gatewayKeys = {
  appId: "fuzz",
  apiKey: "api-key-of-the-fuzz",
  authKey: "auth-key-of-the-fuzz",
  jwtSecret: "a secret of the fuzz, as long as it must be",
} as const;

export const evilUid = (index: number): string => `evil-${index}`;

export interface GatewayQuestion {
  readonly ask: "memory" | "stats" | "close";
}

export type GatewayAnswer =
  | {
      readonly told: "ready";
      readonly host: string;
      readonly port: number;
      readonly url: string;
      readonly tokens: readonly (readonly [uid: string, token: string])[];
    }
  | { readonly told: "memory"; readonly heapUsed: number; readonly external: number; readonly rss: number }
  | {
      readonly told: "stats";
      readonly connections: number;
      readonly linked: number;
      readonly faults: readonly string[];
    };
