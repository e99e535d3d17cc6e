/** Name, port, certificate: what has to work before a byte of HTTP. */
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import type { PeerCertificate, TLSSocket } from "node:tls";
import { Interrupted, limited } from "./limit.js";
import { type Caution, codeOf, type Facts, Fault, type Finding, isSystemError } from "./report.js";
import { openTcp, openTls, type Place, type Target } from "./target.js";

export interface Bounds {
  /** For each step, in ms. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** `dns.promises.lookup`, the resolver of the system. */
export type Lookup = (
  hostname: string,
  options: { readonly all: true },
) => Promise<readonly { readonly address: string }[]>;

/** The addresses of the name, in the order of the system's resolver. */
export async function resolveName(
  { hostname }: Target,
  { timeoutMs, signal }: Bounds,
  find: Lookup = lookup,
): Promise<Finding<string[]>> {
  if (isIP(hostname) !== 0)
    return { value: [hostname], detail: `${hostname} is an address`, facts: { addresses: [hostname] } };
  const late = (): Fault =>
    new Fault(`no answer within ${timeoutMs} ms`, {
      code: "DNS_TIMEOUT",
      meaning: "The name server of this machine does not answer.",
      remedy: "Check this machine's network and its resolver (/etc/resolv.conf), and try again.",
    });
  const found = await limited(timeoutMs, signal, late, () => find(hostname, { all: true })).catch((error: unknown) => {
    if (codeOf(error) === "ENOTFOUND") {
      throw new Fault(`ENOTFOUND ${hostname}`, {
        code: "DNS_UNKNOWN_HOST",
        meaning:
          "No address is known for this name: it is misspelt, not published yet, or known in another network only (VPN).",
        remedy:
          "Check the spelling of the host; ask its owner for the DNS record; try from the network that it belongs to.",
      });
    }
    if (!isSystemError(error)) throw error;
    throw new Fault(`${codeOf(error)} ${hostname}`, {
      code: "DNS_UNAVAILABLE",
      meaning: "The name could not be looked up; whether it exists is unknown.",
      remedy: "Check that this machine has a network and a working resolver, and try again.",
    });
  });
  const addresses = [...new Set(found.map(({ address }) => address))];
  return { value: addresses, detail: addresses.join(", "), facts: { addresses } };
}

const tcpCauses: Readonly<Record<string, Caution>> = {
  ECONNREFUSED: {
    code: "TCP_REFUSED",
    meaning:
      "The machine answers, and nothing listens on this port: the gateway is not running, listens on another port or only on another address, or a firewall rejects.",
    remedy: "Start the gateway, check the port of the URL and the address that the gateway listens on (--host).",
  },
  EHOSTUNREACH: {
    code: "TCP_UNREACHABLE",
    meaning: "There is no way from here to that address.",
    remedy: "Check this machine's network, routes and VPN, and whether the address is the right one.",
  },
};

/** Which of the addresses takes a connection: all are tried at once, the first that answers is used from here on. */
export async function reachPort(
  { port }: Target,
  addresses: readonly string[],
  { timeoutMs, signal }: Bounds,
): Promise<Finding<string>> {
  const failed = new Map<string, string>();
  const dial = (address: string, end: AbortSignal): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = openTcp({ address, port });
      end.addEventListener("abort", () => socket.destroy(), { once: true });
      socket.on("connect", () => resolve(address));
      socket.on("error", (error) => {
        failed.set(address, codeOf(error));
        reject(error);
      });
    });
  const late = (): Fault =>
    new Fault(`no answer from ${addresses.join(", ")} port ${port} within ${timeoutMs} ms`, {
      code: "TCP_TIMEOUT",
      meaning: "Packets to that address and port vanish: the machine is down, or a firewall drops them without a word.",
      remedy:
        "Check the address and port, the firewall and the security group before the gateway, and this network's own rules.",
    });
  try {
    const address = await limited(timeoutMs, signal, late, (end) =>
      Promise.any(addresses.map((one) => dial(one, end))),
    );
    const others = [...failed].map(([one, code]) => `${one}: ${code}`);
    return {
      value: address,
      detail: `${address} port ${port}${others.length === 0 ? "" : `; not: ${others.join(", ")}`}`,
      facts: { address, port, failed: Object.fromEntries(failed) },
      ...(others.length > 0 && {
        caution: {
          code: "TCP_SOME_REFUSED",
          meaning:
            "The name has addresses where nothing answers: clients that try those first connect late or not at all.",
          remedy: "Let the gateway listen on every published address, or take the others out of the DNS.",
        },
      }),
    };
  } catch (error) {
    if (!(error instanceof AggregateError)) throw error;
    const codes = [...failed].map(([one, code]) => `${code} ${one}`).join(", ");
    const known = [...failed.values()]
      .map((code) => tcpCauses[code === "ENETUNREACH" ? "EHOSTUNREACH" : code])
      .find(Boolean);
    throw new Fault(
      `${codes} port ${port}`,
      known ?? {
        code: "TCP_FAILED",
        meaning: "The connection could not be made; the system's code says why.",
        remedy: "Look up the code, and check address, port, firewall and this machine's network.",
      },
      { failed: Object.fromEntries(failed) },
    );
  }
}

const trust = (code: string, meaning: string, remedy: string): Caution => ({ code, meaning, remedy });
const unknownAuthority = trust(
  "TLS_UNKNOWN_AUTHORITY",
  "The certificate is vouched for by nobody whom this machine knows: an own authority, a missing intermediate certificate, or a proxy that reads along.",
  "Serve the full chain with the intermediates; for an own authority pass its certificate by --ca, and to clients by the transport's `ca` or NODE_EXTRA_CA_CERTS.",
);
const tlsCauses: Readonly<Record<string, Caution>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: trust(
    "TLS_SELF_SIGNED",
    "The certificate is signed by itself: clients cannot know who answers, and browsers refuse it without asking for WebSockets.",
    "Use a certificate of a public authority; in development pass the certificate by --ca, and to clients by the transport's `ca`.",
  ),
  SELF_SIGNED_CERT_IN_CHAIN: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: unknownAuthority,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: unknownAuthority,
  CERT_HAS_EXPIRED: trust(
    "TLS_EXPIRED",
    "The certificate has ended, or the clock of this machine is ahead.",
    "Renew the certificate and make the server load it; compare this machine's clock.",
  ),
  CERT_NOT_YET_VALID: trust(
    "TLS_NOT_YET_VALID",
    "The certificate is not good yet: it is new, or the clock of this machine is behind.",
    "Set this machine's clock; if it is right, wait or use the former certificate.",
  ),
  ERR_TLS_CERT_ALTNAME_INVALID: trust(
    "TLS_WRONG_NAME",
    "The certificate is for other names than the one in the URL: another site answers, or the name is missing in it.",
    "Use a name that the certificate has, or get one that has this name.",
  ),
};

/** The handshake and the certificate, looked at by a connection that carries nothing. */
export async function secureIt(place: Place, { timeoutMs, signal }: Bounds): Promise<Finding> {
  const late = (): Fault =>
    new Fault(`no TLS answer within ${timeoutMs} ms`, {
      code: "TLS_TIMEOUT",
      meaning:
        "The port takes connections and does not speak TLS: another service waits there for something else, or the server hangs.",
      remedy: "Check the port; if the gateway serves without TLS, use http:// or ws://.",
    });
  const socket = await limited(timeoutMs, signal, late, (end) => handshake(place, end)).catch((error: unknown) => {
    const code = codeOf(error);
    if (!isSystemError(error)) throw error;
    if (/WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST|UNKNOWN_PROTOCOL|RECORD_LAYER_FAILURE/.test(code)) {
      throw new Fault(code, {
        code: "TLS_NOT_TLS",
        meaning: "What answers on this port does not speak TLS; most likely it is plain HTTP.",
        remedy: "Use http:// or ws:// for this port, or the port where TLS is served.",
      });
    }
    throw new Fault(code, {
      code: "TLS_FAILED",
      meaning:
        "The TLS handshake was broken off: no common version or cipher, a client certificate is asked for, no certificate for this name, or a device in between.",
      remedy: "Look into the log of whatever ends TLS there; try `openssl s_client` to see the handshake.",
    });
  });
  const { authorized, authorizationError: refusal } = socket;
  const certificate = socket.getPeerCertificate();
  const version = socket.getProtocol() ?? "TLS";
  socket.destroy();
  const facts = factsOf(certificate, version);
  if (!authorized) {
    const code = typeof refusal === "string" ? refusal : codeOf(refusal);
    throw new Fault(
      `${code}; ${describe(certificate)}`,
      tlsCauses[code] ?? {
        code: "TLS_UNTRUSTED",
        meaning: "The certificate does not hold; the code says why.",
        remedy: "Renew or replace the certificate.",
      },
      facts,
    );
  }
  const days = Math.floor((Date.parse(certificate.valid_to) - Date.now()) / 86_400_000);
  return {
    value: undefined,
    detail: `${version}; ${describe(certificate)}`,
    facts,
    ...(days < 14 && {
      caution: {
        code: "TLS_ENDS_SOON",
        meaning: `The certificate ends in ${days} days.`,
        remedy: "Renew it; if that should happen by itself, find out why it did not.",
      },
    }),
  };
}

/** Resolves also for a certificate that does not hold; then the socket is the caller's. */
const handshake = (place: Place, end: AbortSignal): Promise<TLSSocket> =>
  new Promise((resolve, reject) => {
    const socket = openTls(place, true);
    let done = false;
    end.addEventListener("abort", () => void (done || socket.destroy()), { once: true });
    socket.on("secureConnect", () => {
      done = true;
      resolve(socket);
    });
    socket.on("error", reject);
    socket.on("close", () => reject(Object.assign(new Error("closed"), { code: "ECONNRESET" })));
  });

export const clientCertificate: Caution = trust(
  "TLS_CLIENT_CERTIFICATE",
  "The server takes clients with a certificate of an authority of its own only, and doctor shows none.",
  "Let this client through without one (the gateway's tls.ca asks for it), or examine from behind whatever holds the certificate.",
);

/**
 * Whether the server goes away for want of a client's certificate. With TLS 1.3 it says so after the handshake, and a request that is
 * under way by then turns its word into a reset: so this one asks for nothing and listens.
 */
export async function wantsCertificate(place: Place, { timeoutMs, signal }: Bounds): Promise<boolean> {
  const listen = (end: AbortSignal): Promise<boolean> =>
    new Promise((resolve) => {
      const socket = openTls(place);
      end.addEventListener("abort", () => socket.destroy(), { once: true });
      socket.on("error", (error) => resolve(/CERTIFICATE_REQUIRED/.test(codeOf(error))));
      socket.on("close", () => resolve(false));
      socket.resume();
    });
  return limited(timeoutMs, signal, () => new Error("late"), listen).catch((error: unknown) => {
    if (error instanceof Interrupted) throw error;
    return false;
  });
}

/** Whether TLS is spoken there, whatever the certificate: for a port that does not understand HTTP. */
export async function speaksTls(place: Place, { timeoutMs, signal }: Bounds): Promise<boolean> {
  try {
    const socket = await limited(
      timeoutMs,
      signal,
      () => new Error("late"),
      (end) => handshake(place, end),
    );
    socket.destroy();
    return true;
  } catch {
    return false;
  }
}

const nameOf = (subject: PeerCertificate["subject"] | undefined): string =>
  String(subject?.CN ?? subject?.O ?? "nobody");
const describe = ({ subject, issuer, valid_from, valid_to, subjectaltname }: PeerCertificate): string =>
  `certificate for ${subjectaltname ?? nameOf(subject)}, by ${nameOf(issuer)}, ${valid_from} to ${valid_to}`;
const factsOf = (
  { subject, issuer, valid_from, valid_to, subjectaltname }: PeerCertificate,
  version: string,
): Facts => ({
  version,
  subject: nameOf(subject),
  issuer: nameOf(issuer),
  validFrom: valid_from,
  validTo: valid_to,
  names: subjectaltname ?? null,
});
