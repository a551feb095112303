import { Resolver } from "node:dns/promises";
import { isIP } from "node:net";

const timeoutMs = 2_000;

/** Response codes by what Node makes of them; an answer without addresses is one without an error. */
const rcodes: Readonly<Record<string, string>> = {
  ENODATA: "NOERROR",
  EFORMERR: "FORMERR",
  ESERVFAIL: "SERVFAIL",
  ENOTFOUND: "NXDOMAIN",
  ENOTIMP: "NOTIMP",
  EREFUSED: "REFUSED",
};

/**
 * The response code that the name servers give for the host of an address, such as `NOERROR`; null when it has no name,
 * or when they do not answer within 2 seconds. Names of `/etc/hosts` are unknown to name servers.
 * @param servers other name servers than those of this machine.
 */
export async function dnsRcodeOf(
  url: string,
  { signal, servers }: { signal: AbortSignal; servers?: readonly string[] },
): Promise<string | null> {
  const host = new URL(url).hostname.replace(/^\[|\]$/g, "");
  if (host === "" || isIP(host)) return null;
  const resolver = new Resolver({ timeout: timeoutMs, tries: 1 });
  if (servers) resolver.setServers(servers);
  const cancel = () => resolver.cancel();
  signal.addEventListener("abort", cancel, { once: true });
  try {
    await resolver.resolve4(host);
    return "NOERROR";
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    return rcodes[code] ?? null;
  } finally {
    signal.removeEventListener("abort", cancel);
  }
}
