import { type LookupAddress, lookup as systemLookup } from "node:dns";
import type { LookupFunction } from "node:net";
import ipaddr from "ipaddr.js";

/** Outgoing calls may not reach the address; `code` distinguishes it from a failed connection. */
export class AddressRefusedError extends Error {
  readonly code = "ADDRESS_REFUSED";
  constructor(host: string, reason: string) {
    super(`${host} may not be reached: ${reason}`);
    this.name = "AddressRefusedError";
  }
}

export type AddressFilter = {
  /** Why the IP address may not be reached, or null. */
  refusal(address: string): string | null;
  /** The same for the host of a URL if it is a literal address; names are checked when connecting. */
  refusalOfUrl(url: string): string | null;
  /**
   * For `net.connect`: resolves the name, refuses it if any of its addresses is refused, and passes on exactly the
   * addresses it checked, so that a name which resolves differently a moment later gains nothing.
   */
  lookup: LookupFunction;
};

type Resolve = (host: string, done: (error: Error | null, addresses: LookupAddress[]) => void) => void;
type Block = [ipaddr.IPv4 | ipaddr.IPv6, number];

const resolveBySystem: Resolve = (host, done) =>
  systemLookup(host, { all: true, verbatim: true }, (error, addresses) => done(error, addresses ?? []));

// Ranges that ipaddr.js does not distinguish: local-use NAT64 (RFC 8215), IPv4-compatible (RFC 4291), site-local (RFC
// 3879).
const furtherBlocks: Block[] = [
  ipaddr.parseCIDR("64:ff9b:1::/48"),
  ipaddr.parseCIDR("::/96"),
  ipaddr.parseCIDR("fec0::/10"),
];

const within = (address: ipaddr.IPv4 | ipaddr.IPv6, [network, bits]: Block) =>
  address.kind() === network.kind() && address.match(network, bits);

/** Where clouds tell a machine its credentials, and link-local networks; nothing that is watched lives there. */
const neverWatched = ["169.254.0.0/16", "fe80::/10", "fd00:ec2::254", "100.100.100.200", "168.63.129.16"];

/** This machine, private networks and carrier-grade NAT, where servers usually are. */
const privateNetworks = [
  "127.0.0.0/8",
  "::1/128",
  "10.0.0.0/8",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "100.64.0.0/10",
  "fc00::/7",
];

const blockOf = (text: string): Block => {
  if (text.includes("/")) return ipaddr.parseCIDR(text);
  const address = ipaddr.parse(text);
  return [address, address.kind() === "ipv4" ? 32 : 128];
};

/**
 * Lets outgoing calls reach public unicast addresses only (IANA special-purpose registries as of ipaddr.js): not
 * loopback, private, carrier-grade NAT, link-local, cloud metadata or documentation ranges, nor any IPv6 form that
 * carries an IPv4 address inside (mapped, NAT64, 6to4, Teredo).
 * @param allowed addresses and CIDR blocks that may be reached nevertheless; an IPv4 block covers its mapped form.
 * @param never addresses and CIDR blocks that may not be reached even if they are allowed.
 */
export function createAddressFilter(
  allowed: readonly string[],
  resolve: Resolve = resolveBySystem,
  never: readonly string[] = [],
): AddressFilter {
  const blocks = allowed.map(blockOf);
  const closed = never.map(blockOf);

  function refusal(text: string): string | null {
    const bare = text.split("%")[0] ?? text;
    if (!ipaddr.isValid(bare)) return "not an address";
    const address = ipaddr.parse(bare);
    const inner =
      address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress() ? address.toIPv4Address() : address;
    if (closed.some((block) => within(address, block) || within(inner, block)))
      return "link-local or metadata address";
    if (blocks.some((block) => within(address, block) || within(inner, block))) return null;
    const range = address.range();
    if (range !== "unicast") return `${range} address`;
    if (furtherBlocks.some((block) => within(address, block))) return "reserved address";
    return null;
  }

  return {
    refusal,
    refusalOfUrl(url) {
      // URL parsing has already normalised decimal, octal and hexadecimal forms.
      const host = new URL(url).hostname.replace(/^\[|\]$/g, "");
      return ipaddr.isValid(host) ? refusal(host) : null;
    },
    lookup(host, options, callback) {
      resolve(host, (error, addresses) => {
        if (error) return callback(error, "", 0);
        const refused = addresses.find(({ address }) => refusal(address) !== null);
        if (refused)
          return callback(
            new AddressRefusedError(host, `${refused.address} is a ${refusal(refused.address)}`),
            "",
            0,
          );
        const family = options.family === "IPv4" ? 4 : options.family === "IPv6" ? 6 : options.family;
        const wanted = family ? addresses.filter((entry) => entry.family === family) : addresses;
        const first = wanted[0];
        if (!first)
          return callback(Object.assign(new Error(`${host} has no address`), { code: "ENOTFOUND" }), "", 0);
        if (options.all) return callback(null, wanted);
        return callback(null, first.address, first.family);
      });
    },
  };
}

/** For health checks and scrapes: public addresses and `allowed`. */
export const createWatchFilter = (allowed: readonly string[], resolve?: Resolve): AddressFilter =>
  createAddressFilter(allowed, resolve, neverWatched);

/**
 * For Redis and Postgres servers, which only operators of the installation may add: this machine and private networks,
 * too.
 */
export const createServerFilter = (allowed: readonly string[], resolve?: Resolve): AddressFilter =>
  createAddressFilter([...privateNetworks, ...allowed], resolve, neverWatched);
