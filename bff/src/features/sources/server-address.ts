import type { ServerDefinition } from "@wheelhouse/shared/sources.ts";
import { readEnteredAddress } from "#lib/entered-address.mjs";

/**
 * A server's address as it is stored, or why it is rejected. Only its host may decide where it leads, because clients
 * accept parameters that redirect the connection or read files.
 */
export function readServerAddress({
  kind,
  url,
}: Pick<ServerDefinition, "kind" | "url">): { url: string; shown: string } | { problem: string } {
  const read = readEnteredAddress(url);
  if ("kind" in read && read.kind !== kind) return { problem: `must be a URL that begins with ${kind}://` };
  if ("problem" in read && !new RegExp(`^\\s*${kind}`, "i").test(url))
    return { problem: `must be a URL that begins with ${kind}://` };
  return read;
}
