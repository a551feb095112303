import ipaddr from "ipaddr.js";

/**
 * The address that a per-address limit counts: a household or a machine has a whole /64 of IPv6, so its addresses count
 * as one, such as `2001:db8:1:2::/64`. An IPv4 address counts by itself, even when written as IPv6.
 */
export function addressBlockOf(address: string): string {
  const bare = address.replace(/%.*$/, "");
  if (!ipaddr.isValid(bare)) return address;
  const parsed = ipaddr.process(bare);
  if (!(parsed instanceof ipaddr.IPv6)) return parsed.toString();
  const prefix = new ipaddr.IPv6([...parsed.parts.slice(0, 4), 0, 0, 0, 0]);
  return `${prefix.toString()}/64`;
}
