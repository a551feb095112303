import { readFileSync } from "node:fs";
import { slug } from "@wheelhouse/shared/endpoint.ts";
import { parse, YAMLParseError } from "yaml";
import { z } from "zod";

const url = (protocols: readonly string[]) =>
  z
    .string()
    .refine(
      (text) => URL.canParse(text) && protocols.includes(new URL(text).protocol),
      `must be a URL that begins with ${protocols.map((protocol) => `${protocol}//`).join(" or ")}`,
    );
const source = (protocols: readonly string[]) =>
  z.strictObject({
    id: slug,
    name: z.string().trim().min(1).max(100).optional(),
    /** Left out: Wheelhouse's own server. */
    url: url(protocols).optional(),
    organization: slug.default("platform"),
  });
const file = z.strictObject({
  redis: z
    .array(source(["redis:", "rediss:"]))
    .max(50)
    .default([]),
  postgres: z
    .array(source(["postgres:", "postgresql:"]))
    .max(50)
    .default([]),
});

export type WatchedSource = { id: string; name: string; url: string | undefined; organization: string };
export type WatchedSources = { redis: WatchedSource[]; postgres: WatchedSource[] };

/** Every mistake in the file, each with its place; never with an address, which may hold a password. */
export class SourcesError extends Error {
  constructor(path: string, problems: readonly string[]) {
    super(`${path} has ${problems.length} problem(s):\n${problems.map((line) => `  ${line}`).join("\n")}`);
    this.name = "SourcesError";
  }
}

const ownRedis = "primary";
const ownPostgres = "postgres";

/**
 * Reads `wheelhouse.yaml`, the list of watched sources. Without a file, and for what the file does not name,
 * Wheelhouse's own Redis (`primary`) and Postgres belong to the organization `platform`.
 * @throws SourcesError with all problems at once.
 */
export function loadSources(path: string | undefined): WatchedSources {
  const read = path === undefined ? file.parse({}) : readSources(path);
  const named = (entry: z.infer<typeof file>["redis"][number], kind: string): WatchedSource => ({
    ...{ id: entry.id, url: entry.url, organization: entry.organization },
    name: entry.name ?? `${kind} ${entry.id}`,
  });
  const redis = read.redis.map((entry) => named(entry, "Redis"));
  const postgres = read.postgres.map((entry) => named(entry, "Postgres"));
  if (!redis.some(({ id }) => id === ownRedis))
    redis.unshift({ id: ownRedis, name: "Redis primary", url: undefined, organization: "platform" });
  if (!postgres.some((entry) => entry.url === undefined))
    postgres.unshift({ id: ownPostgres, name: "Postgres", url: undefined, organization: "platform" });
  return { redis, postgres };
}

function readSources(path: string): z.infer<typeof file> {
  let content: unknown;
  try {
    content = parse(readFileSync(path, "utf8")) ?? {};
  } catch (error) {
    const reason =
      error instanceof YAMLParseError
        ? `line ${error.linePos?.[0].line ?? "?"}: is not valid YAML (${error.code})`
        : "cannot be read";
    throw new SourcesError(path, [reason]);
  }
  const parsed = file.safeParse(content);
  const problems = (parsed.error?.issues ?? []).map(
    (issue) => `${issue.path.map(String).join(".") || "file"}: ${issue.message}`,
  );
  if (parsed.success) {
    const seen = new Set<string>();
    for (const kind of ["redis", "postgres"] as const)
      for (const { id, url: address } of parsed.data[kind]) {
        if (seen.has(id)) problems.push(`${kind}.${id}: an id may stand once`);
        seen.add(id);
        if (kind === "redis" && (id === ownRedis) !== (address === undefined))
          problems.push(
            `redis.${id}: ${id === ownRedis ? "is Wheelhouse's own and takes no url" : "needs a url"}`,
          );
      }
    if (parsed.data.postgres.filter(({ url: address }) => address === undefined).length > 1)
      problems.push("postgres: only one may be without url, Wheelhouse's own");
    if (problems.length === 0) return parsed.data;
  }
  throw new SourcesError(path, problems);
}
