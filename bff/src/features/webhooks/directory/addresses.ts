import ipaddr from "ipaddr.js";
import { invalidField } from "#lib/http/errors.ts";

type Block = [ipaddr.IPv4 | ipaddr.IPv6, number];

function blockOf(text: string): Block {
  if (text.includes("/")) return ipaddr.parseCIDR(text);
  const address = ipaddr.process(text);
  return [address, address.kind() === "ipv4" ? 32 : 128];
}

/** @throws AppError naming the entry that is neither an address nor a CIDR block. */
export function assertAddresses(addresses: readonly string[], field: string) {
  for (const [at, text] of addresses.entries())
    try {
      blockOf(text);
    } catch {
      throw invalidField(
        `${field}.${at}`,
        `must be an address or a CIDR block, such as 192.0.2.0/24, not ${text}`,
      );
    }
}

/** Whether one of the addresses and CIDR blocks holds the client's address; an empty list holds all. */
export function holdsAddress(addresses: readonly string[], client: string): boolean {
  if (addresses.length === 0) return true;
  const bare = client.replace(/%.*$/, "");
  if (!ipaddr.isValid(bare)) return false;
  const address = ipaddr.process(bare);
  return addresses.some((text) => {
    const [network, bits] = blockOf(text);
    return address.kind() === network.kind() && address.match(network, bits);
  });
}
