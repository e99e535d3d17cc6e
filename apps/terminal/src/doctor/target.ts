/** Where the gateway is said to be. Law: one address is chosen once, and every later step goes to that address by the connection made here. */
import { readFileSync } from "node:fs";
import { isIP, type Socket, connect as tcpConnect } from "node:net";
import { checkServerIdentity, type TLSSocket, connect as tlsConnect } from "node:tls";
import { Fault, type Finding } from "./report.js";

const schemes: Readonly<Record<string, { secure: boolean; port: number }>> = {
  "http:": { secure: false, port: 80 },
  "ws:": { secure: false, port: 80 },
  "https:": { secure: true, port: 443 },
  "wss:": { secure: true, port: 443 },
};
const connectPath = "/v1/connect";

export interface Target {
  readonly secure: boolean;
  /** As in the URL, without the brackets of IPv6. */
  readonly hostname: string;
  readonly port: number;
  /** The `Host` header. */
  readonly host: string;
  /** Before `/healthz` and `/v1/connect`; empty, or with a slash in front and none behind. */
  readonly base: string;
}

/** The text without what may be secret: user, password, query, fragment. */
export function withoutSecrets(url: string): string {
  return url.replace(/[?#].*$/s, "").replace(/^([a-z][a-z0-9+.-]*:\/*)?[^/]*@/i, "$1");
}

/** Throws `Fault` for what is no URL of a gateway. */
export function parseTarget(text: string): Finding<Target> {
  const bad = (detail: string, remedy: string): Fault =>
    new Fault(detail, { code: "URL_INVALID", meaning: "This is no address that a client could dial.", remedy });
  const form = "Write it as https://HOST, https://HOST:PORT/PREFIX, or with http:, ws:, wss:.";
  if (!/^[a-z][a-z0-9+.-]*:\/\/[^/?#]/i.test(text)) throw bad("no scheme and host", form);
  if (!URL.canParse(text)) throw bad("not a URL", form);
  const url = new URL(text);
  const scheme = schemes[url.protocol];
  if (scheme === undefined) throw bad(`the scheme ${url.protocol} is not one of http:, https:, ws:, wss:`, form);
  if (url.search !== "" || url.hash !== "" || url.username !== "" || url.password !== "") {
    throw bad(
      "the URL has a query, a fragment or credentials",
      "Leave them out: a token travels in the first frame, never in a URL, where proxies would log it.",
    );
  }
  const base = url.pathname
    .replace(/\/+$/, "")
    .replace(new RegExp(`${connectPath}$`), "")
    .replace(/\/+$/, "");
  const target: Target = {
    secure: scheme.secure,
    hostname: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port === "" ? scheme.port : Number(url.port),
    host: url.host,
    base,
  };
  return {
    value: target,
    detail: `${target.hostname} port ${target.port}, ${scheme.secure ? "TLS" : "no TLS"}, ${base}${connectPath}`,
    facts: { host: target.hostname, port: target.port, secure: scheme.secure, path: base + connectPath },
  };
}

/** A target at one of its addresses. */
export interface Place extends Target {
  readonly address: string;
  readonly ca: Buffer | undefined;
}

/** Reads `--ca`. Throws the system's error. */
export const readAuthority = (file: string): Buffer => readFileSync(file);

export const openTcp = ({ address, port }: Pick<Place, "address" | "port">): Socket =>
  tcpConnect({ host: address, port, noDelay: true });

/** `trusting`: goes on with a certificate that nobody vouches for, so that it can be looked at. Nothing is sent over such a one. */
export const openTls = ({ address, port, hostname, ca }: Place, trusting = false): TLSSocket =>
  tlsConnect({
    host: address,
    port,
    // A name only: an address may not stand there (RFC 6066), and is checked by `checkServerIdentity` all the same.
    ...(isIP(hostname) === 0 ? { servername: hostname } : {}),
    // The name that the certificate has to have is that of the URL, not the address that was dialled.
    checkServerIdentity: (_dialled, certificate) => checkServerIdentity(hostname, certificate),
    ALPNProtocols: ["http/1.1"],
    rejectUnauthorized: !trusting,
    ...(ca && { ca }),
  });

export const open = (place: Place): Socket => (place.secure ? openTls(place) : openTcp(place));
