import type { ServerDefinition } from "@wheelhouse/shared/sources.ts";

const protocols = { redis: ["redis:", "rediss:"], postgres: ["postgres:", "postgresql:"] };
/** Other parameters select another host, another user, or a local file. */
const parameters = {
  redis: ["db", "family"],
  postgres: ["sslmode", "application_name", "connect_timeout"],
};

/**
 * Why a server address is rejected; undefined when it is accepted. Only its host may decide where it leads,
 * because clients accept parameters that redirect the connection or read files.
 */
export function serverAddressProblem({
  kind,
  url: text,
}: Pick<ServerDefinition, "kind" | "url">): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || !protocols[kind].includes(url.protocol))
    return `must be a URL that begins with ${protocols[kind][0]}//`;
  // A host that is a path is a local socket, and an empty host depends on the environment.
  if (url.hostname === "" || url.hostname.includes("%")) return "must name a host";
  const other = [...url.searchParams.keys()].find((name) => !parameters[kind].includes(name));
  if (other === undefined) return undefined;
  return `must have no parameters except ${parameters[kind].join(", ")}`;
}
