/** Gateways for tests: small, on free ports, and ended after each test whatever became of it. */
import { afterEach } from "vitest";
import { createGateway, type Gateway, type GatewayOptions } from "../../src/index.js";
import { endLinks, type LinkOptions, openLink, type TestLink } from "./link.js";

export const apiKey = "api-key-for-tests";
export const authKey = "auth-key-for-tests";
export const jwtSecret = "secret-for-tests-secret-for-tests";

const running = new Set<Gateway>();

afterEach(async () => {
  endLinks();
  const all = [...running];
  running.clear();
  await Promise.all(all.map((gateway) => gateway.close()));
});

/** Options that every test starts from. */
export const base: GatewayOptions = {
  appId: "app",
  apiKey,
  authKey,
  jwtSecret,
  users: [{ uid: "alice", name: "Alice" }, { uid: "bob" }, { uid: "eve" }],
  groups: [{ gid: "team", members: ["alice", "bob"] }],
  // What throttles is the test, not the load of the machine it runs on.
  throttling: false,
};

/** A gateway that ends with its test. */
export const start = async (options: Partial<GatewayOptions> = {}): Promise<Gateway> => {
  const gateway = await createGateway({ ...base, ...options });
  running.add(gateway);
  return gateway;
};

/** A link of a user, not yet welcomed. */
export const dial = async (gateway: Gateway, uid: string, options: LinkOptions = {}): Promise<TestLink> => {
  const { token } = await gateway.mintToken(uid);
  return openLink(gateway.wsUrl, { token, ...options });
};

/** A welcomed link of a user. */
export const linked = async (gateway: Gateway, uid: string, options: LinkOptions = {}): Promise<TestLink> => {
  const link = await dial(gateway, uid, options);
  await link.named("welcome");
  return link;
};

/** What came back from a request. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // JSON of any shape: tests look into it with matchers.
  readonly body: Readonly<Record<string, unknown>>;
}

export interface Call {
  readonly method?: string;
  readonly body?: unknown;
  readonly token?: string;
  /** True: the right key; text: that one. */
  readonly key?: boolean | string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Calls the HTTP side. */
export const call = async (
  gateway: Gateway,
  path: string,
  { method = "POST", body, token, key, headers = {} }: Call = {},
): Promise<Answer> => {
  const response = await fetch(`${gateway.url}${path}`, {
    method,
    headers: {
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(key === undefined || key === false ? {} : { "x-api-key": key === true ? apiKey : key }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = response.headers.get("content-type")?.includes("application/json") === true;
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : { text } };
};
