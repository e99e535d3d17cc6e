/** The network of this machine, reduced to what matters for a connection. */
import { networkInterfaces } from "node:os";

/**
 * The addresses a connection can start from, as one comparable string: no loopback, and no link-local addresses, which
 * every container that starts beside us brings along. Empty where the platform refuses to tell.
 */
export function reachableAddresses(): string {
  try {
    return Object.entries(networkInterfaces())
      .flatMap(([name, addresses = []]) => addresses.map((address) => ({ name, ...address })))
      .filter(({ internal, address }) => !internal && !/^(fe[89ab].:|169\.254\.)/i.test(address))
      .map(({ name, address }) => `${name} ${address}`)
      .sort()
      .join(", ");
  } catch {
    // Android and some sandboxes forbid it; a network that cannot be seen does not change.
    return "";
  }
}
