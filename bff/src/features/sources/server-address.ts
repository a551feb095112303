import type { ServerDefinition } from "@wheelhouse/shared/sources.ts";

const protocols = { redis: ["redis:", "rediss:"], postgres: ["postgres:", "postgresql:"] };
/** Others name another host, another user, or a file of this machine. */
const parameters = {
  redis: ["db", "family"],
  postgres: ["sslmode", "application_name", "connect_timeout"],
};

/**
 * Why an address of a server is not taken; undefined when it is. It has to say by its host alone where it leads: the
 * clients take parameters that lead elsewhere or have files read.
 */
export function serverAddressProblem({
  kind,
  url: text,
}: Pick<ServerDefinition, "kind" | "url">): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || !protocols[kind].includes(url.protocol))
    return `must be a URL that begins with ${protocols[kind][0]}//`;
  // A host that is a path is a socket of this machine, and none is whatever its environment says.
  if (url.hostname === "" || url.hostname.includes("%")) return "must name a host";
  const other = [...url.searchParams.keys()].find((name) => !parameters[kind].includes(name));
  if (other === undefined) return undefined;
  return `must have no parameters but ${parameters[kind].join(", ")}`;
}
