/**
 * `--break`: one thing altered in the running client or gateway. Law: the checker is never touched, and does not know.
 *
 * resume    the client's hello loses its position on the way to the socket: the server takes it for a new client
 * status    the client does not hear that its socket was closed until long after
 * lease     the client's lease is four times as long as it should be
 * throttle  the gateway forgets when a throttling ends, and does not lift it
 */
import type { Gateway } from "@cc/gateway";
import { type Cc1Send, type ClientOptions, cc1, type OpenLink, type ProtocolFactory } from "@cc/sdk";
import type { Breakage } from "../flags.js";

const DEAF_MS = 10_000;
const FOREVER_MS = 3_600_000;

/** The options that this client really gets. */
export function brokenClient(options: ClientOptions, broken: Breakage | undefined): ClientOptions {
  switch (broken) {
    case "resume":
      return { ...options, protocol: withoutResume(cc1()) };
    case "status":
      return options.openLink ? { ...options, openLink: deaf(options.openLink) } : options;
    case "lease":
      return { ...options, policy: { ...options.policy, leaseMs: (options.policy?.leaseMs ?? 30_000) * 4 } };
    default:
      return options;
  }
}

/** The gateway that is really run. */
export function brokenGateway(gateway: Gateway, broken: Breakage | undefined): Gateway {
  if (broken !== "throttle") return gateway;
  return altered(gateway, {
    throttle: (features) => {
      if (features.length > 0) gateway.throttle(features.map((one) => ({ ...one, forMs: FOREVER_MS })));
    },
  });
}

/** `target` with some of its members replaced. The others run on the target itself, so it may have private parts. */
const altered = <T extends object>(target: T, members: Partial<T>): T =>
  new Proxy(target, {
    get(_, key) {
      if (Object.hasOwn(members, key)) return Reflect.get(members, key);
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });

const withoutResume = (protocol: ProtocolFactory<Cc1Send>): ProtocolFactory<Cc1Send> =>
  altered(protocol, {
    create(context) {
      const session = protocol.create(context);
      return altered(session, {
        attach: (link, host) =>
          session.attach(
            link,
            altered(host, { send: (data) => host.send(typeof data === "string" ? forgetful(data) : data) }),
          ),
      });
    },
  });

function forgetful(text: string): string {
  const frame: unknown = JSON.parse(text);
  if (typeof frame !== "object" || frame === null || !("resume" in frame)) return text;
  const { resume: _forgotten, ...rest } = frame;
  return JSON.stringify(rest);
}

const deaf =
  (open: OpenLink): OpenLink =>
  (url, options, handlers) =>
    open(
      url,
      options,
      altered(handlers, {
        // unref: the run ends long before, and this timer is nobody's business then.
        closed: (close) => void setTimeout(() => handlers.closed(close), DEAF_MS).unref(),
      }),
    );
