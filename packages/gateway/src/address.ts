/**
 * Whose request it is, for limits per address.
 *
 * `X-Forwarded-For` is whatever the caller wrote unless a proxy of ours wrote it: it is read from the right, and the first
 * entry that is not a listed proxy is the client. IPv4 addresses inside IPv6 count as the IPv4 address.
 */
import ipaddr from "ipaddr.js";

/** The addresses that one holder has without asking anybody for more: one of IPv4, a /64 of IPv6. Limits count by it. */
export const limitKeyOf = (address: string): string => {
  if (!ipaddr.IPv6.isValid(address)) return address;
  return `${ipaddr.IPv6.parse(address).toNormalizedString().split(":").slice(0, 4).join(":")}::/64`;
};

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** The client's address in canonical text; `"unknown"` for a socket that has none any more. */
export type ClientAddress = (peer: string | undefined, forwardedFor: string | undefined) => string;

/** IPv4 ranges inside IPv6 count as the IPv4 range, as addresses do. */
const rangeOf = (text: string): readonly [Address, number] => {
  const [address, bits] = ipaddr.isValidCIDR(text) ? ipaddr.parseCIDR(text) : ([ipaddr.parse(text), 128] as const);
  if (address instanceof ipaddr.IPv4) return [address, Math.min(32, bits)];
  return address.isIPv4MappedAddress() && bits >= 96 ? [address.toIPv4Address(), bits - 96] : [address, bits];
};

/** Whether an address is one of them. @param trustedProxies addresses or CIDR ranges, checked by the options schema */
const proxyTest = (trustedProxies: readonly string[]): ((address: Address) => boolean) => {
  const ranges = trustedProxies.map(rangeOf);
  return (address) =>
    ranges.some(
      ([range, bits]) => range.kind() === address.kind() && address.match([range, bits] as [ipaddr.IPv4, number]),
    );
};

/** Whom limits on plain connections count: the peer by `limitKeyOf`; nobody for a listed proxy, who has the connections of many. */
export const peerKey = (trustedProxies: readonly string[]): ((peer: string | undefined) => string | undefined) => {
  const isProxy = proxyTest(trustedProxies);
  return (peer) => {
    if (peer === undefined || !ipaddr.isValid(peer)) return "unknown";
    const address = ipaddr.process(peer);
    return isProxy(address) ? undefined : limitKeyOf(address.toString());
  };
};

/** @param trustedProxies addresses or CIDR ranges, checked by the options schema */
export const clientAddress = (trustedProxies: readonly string[]): ClientAddress => {
  const isProxy = proxyTest(trustedProxies);
  return (peer, forwardedFor) => {
    if (peer === undefined || !ipaddr.isValid(peer)) return "unknown";
    let address: Address = ipaddr.process(peer);
    const hops = forwardedFor?.split(",") ?? [];
    while (isProxy(address)) {
      const hop = hops.pop()?.trim();
      if (hop === undefined || !ipaddr.isValid(hop)) break;
      address = ipaddr.process(hop);
    }
    return address.toString();
  };
};
