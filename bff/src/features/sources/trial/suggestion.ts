import { isIP } from "node:net";
import type { EnteredAddress } from "#lib/entered-address.mjs";
import type { Found } from "./found.ts";

const slugMax = 40;
const defaultPorts: Record<string, string> = { redis: "6379", postgres: "5432" };
const words = { redis: "Redis", postgres: "Postgres" };

/** A name and a short name for an address; the short name is none of `taken`. */
export function suggestionFor(
  { url: text }: EnteredAddress,
  { kind }: Found["kept"],
  taken: ReadonlySet<string>,
): { name: string; slug: string } {
  const url = new URL(text);
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const isShort = isIP(host) === 0 && (kind === "service" || kind === "prometheus");
  const place = isShort ? (host.split(".")[0] ?? host) : host;
  const port = url.port === "" || url.port === defaultPorts[kind] || isShort ? "" : `:${url.port}`;
  const name =
    kind === "redis" || kind === "postgres"
      ? `${words[kind]} ${place}${port}${ofDatabase(kind, url)}`
      : kind === "prometheus"
        ? `${place}${port} metrics`
        : `${place}${port}`;
  const base =
    name
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, "-")
      .slice(0, slugMax)
      .replace(/^-|-$/g, "") || kind;
  let slug = base;
  for (let next = 2; taken.has(slug); next += 1) slug = `${base}-${next}`;
  return { name: name.slice(0, 100), slug };
}

function ofDatabase(kind: "redis" | "postgres", { pathname }: URL): string {
  const database = decodeURIComponent(pathname.replace(/^\/|\/$/g, ""));
  return database === "" || (kind === "redis" && database === "0") ? "" : ` ${database}`;
}
