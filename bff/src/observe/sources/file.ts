import { readFileSync } from "node:fs";
import type { SourceCredentials } from "@wheelhouse/shared/sources/credentials.ts";
import { isMap, isNode, isScalar, LineCounter, parseDocument } from "yaml";
import type { z } from "zod";
import type { WatchedServer, WatchedSources } from "./catalogue.ts";
import { type ReadVariable, readAddress, readAuth } from "./credentials.ts";
import {
  declaredCacheOf,
  type Mistake,
  ruleOf,
  type SourcesContent,
  serviceMistakes,
  serviceOf,
  sourcesSchema,
  targetOf,
} from "./schema.ts";

/** All mistakes in the file, each with its line; never an address, which may contain a password. */
export class SourcesError extends Error {
  readonly problems: readonly string[];
  constructor(path: string, problems: readonly string[]) {
    super(`${path} has ${problems.length} problem(s):\n${problems.map((line) => `  ${line}`).join("\n")}`);
    this.name = "SourcesError";
    this.problems = problems;
  }
}

const ownRedis = "primary";
const ownPostgres = "postgres";
const maxBytes = 4 * 1024 * 1024;
const maxProblems = 50;

/**
 * Reads `wheelhouse.yaml`, the list of watched sources. Without a file, and unless the file names them, Wheelhouse's
 * own Redis (`primary`) and Postgres belong to the organization `platform`.
 * @param rules beyond the file's own: the organizations that exist, and whether an empty file is a mistake.
 * @throws SourcesError with all problems at once.
 */
export function loadSources(path: string | undefined, rules: Rules = {}): WatchedSources {
  if (path === undefined) return parseSources("", "", {});
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    throw new SourcesError(path, ["cannot be read"]);
  }
  return parseSources(text, path, rules);
}

type Rules = {
  /** Null while they are unknown. */
  organizations?: ReadonlySet<string> | null;
  /** An editor or a failed mount leaves an empty file behind, which is no wish to watch nothing. */
  isEmptyRefused?: boolean;
  variable?: ReadVariable;
};
const noVariable: ReadVariable = () => undefined;

/** Whether a list names nothing but Wheelhouse's own servers, as an empty file does. */
export const isBareList = ({ redis, postgres, services, prometheus }: WatchedSources) =>
  services.length === 0 &&
  prometheus.length === 0 &&
  [...redis, ...postgres].every(({ url, organization }) => url === undefined && organization === "platform");

/**
 * @param path the file's name in errors.
 * @throws SourcesError
 */
function parseSources(text: string, path: string, rules: Rules): WatchedSources {
  const read = contentOf(text, path, rules);
  const named = (entry: SourcesContent["postgres"][number], kind: string): WatchedServer => ({
    id: entry.id,
    url: entry.url,
    organization: entry.organization,
    name: entry.name ?? `${kind} ${entry.id}`,
    ...(entry.timeout === undefined ? {} : { timeoutMs: entry.timeout }),
  });
  const redis = read.redis.map(
    (entry): WatchedServer => ({
      ...named(entry, "Redis"),
      caches: entry.caches.map(declaredCacheOf),
      ...(entry.readOnly ? { readOnly: true } : {}),
    }),
  );
  const postgres = read.postgres.map((entry) => named(entry, "Postgres"));
  if (!redis.some(({ id }) => id === ownRedis))
    redis.unshift({ id: ownRedis, name: "Redis primary", url: undefined, organization: "platform" });
  if (!postgres.some((entry) => entry.url === undefined))
    postgres.unshift({ id: ownPostgres, name: "Postgres", url: undefined, organization: "platform" });
  const sources: WatchedSources = {
    redis,
    postgres,
    services: read.services.map(serviceOf),
    prometheus: read.prometheus.map(targetOf),
    ...(read.alerts.length === 0 ? {} : { alerts: read.alerts.map(ruleOf) }),
  };
  const entries = [...read.services, ...read.prometheus];
  const variable = rules.variable ?? noVariable;
  credentialsByList.set(
    sources,
    new Map(
      entries.flatMap(({ id, auth }) => {
        const credentials = auth && readAuth(auth, variable);
        return credentials === undefined || "fault" in credentials ? [] : [[id, credentials] as const];
      }),
    ),
  );
  return sources;
}

/** Kept apart from the lists, so that nothing that shows a source can show its credentials. */
const credentialsByList = new WeakMap<WatchedSources, ReadonlyMap<string, SourceCredentials>>();
const noCredentials: ReadonlyMap<string, SourceCredentials> = new Map();

/** The credentials of a list that was read from a file, by the id of their source. */
export const credentialsOfList = (sources: WatchedSources) => credentialsByList.get(sources) ?? noCredentials;

function contentOf(
  text: string,
  path: string,
  { organizations = null, isEmptyRefused = false, variable = noVariable }: Rules,
): SourcesContent {
  if (text.length > maxBytes) throw new SourcesError(path, [`is larger than ${maxBytes / 1024 / 1024} MiB`]);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const faults = document.errors.map(
    ({ code, linePos }) => `line ${linePos?.[0].line ?? "?"}: is not valid YAML (${code})`,
  );
  if (faults.length > 0) throw new SourcesError(path, faults.slice(0, maxProblems));

  if (isEmptyRefused && document.contents === null)
    throw new SourcesError(path, [
      "is empty: write {} if nothing but Wheelhouse's own servers is to be watched",
    ]);

  // A missing key has no line, so the line of its parent is reported.
  const lineOf = (place: readonly PropertyKey[]): number => {
    for (let length = place.length; length > 0; length--) {
      const name = place[length - 1];
      const parent = length === 1 ? document.contents : document.getIn(place.slice(0, length - 1), true);
      const key = isMap(parent)
        ? parent.items.find((pair) => isScalar(pair.key) && pair.key.value === name)?.key
        : undefined;
      const node = key ?? document.getIn(place.slice(0, length), true);
      if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
    }
    return 1;
  };
  let content: unknown;
  try {
    content = document.toJS() ?? {};
  } catch {
    throw new SourcesError(path, ["its aliases expand to too many nodes"]);
  }
  const unset = fillAddresses(content, variable);
  const parsed = sourcesSchema.safeParse(content);
  const judged = () =>
    parsed.success
      ? [
          ...mistakesOf(parsed.data),
          ...foreignOf(parsed.data, organizations),
          ...authMistakes(parsed.data, variable),
        ]
      : parsed.error.issues.map(mistakeOf);
  // An address without its variable would be called malformed as well.
  const mistakes = unset.length > 0 ? unset : judged();
  if (parsed.success && mistakes.length === 0) return parsed.data;
  const problems = mistakes
    .map(({ path: place, message }) => ({ line: lineOf(place), place: placeOf(place, content), message }))
    .sort((a, b) => a.line - b.line)
    .map(({ line, place, message }) => `line ${line}: ${place}: ${message}`);
  throw new SourcesError(path, problems.slice(0, maxProblems));
}

const mistakeOf = (issue: z.core.$ZodIssue): Mistake => ({
  path: [
    ...issue.path.map((step) => (typeof step === "number" ? step : String(step))),
    ...(issue.code === "unrecognized_keys" ? issue.keys.slice(0, 1) : []),
  ],
  message: issue.code === "unrecognized_keys" ? "is not known" : issue.message,
});

/** `services.shop.url`: a list entry is named by its id if it has one. */
function placeOf(place: readonly (string | number)[], content: unknown): string {
  const [kind, index, ...rest] = place;
  if (kind === undefined) return "file";
  const list: unknown = isRecord(content) ? content[String(kind)] : undefined;
  const entry: unknown = Array.isArray(list) && typeof index === "number" ? list[index] : undefined;
  const id =
    isRecord(entry) && typeof entry.id === "string" && /^[a-z0-9-]{1,63}$/.test(entry.id) ? entry.id : index;
  return [kind, id, ...rest].filter((step) => step !== undefined).join(".");
}
const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * Fills in the variables that addresses of servers name, in place.
 * @returns the addresses whose variable is not set.
 */
function fillAddresses(content: unknown, variable: ReadVariable): Mistake[] {
  if (!isRecord(content)) return [];
  return ["redis", "postgres"].flatMap((kind) => {
    const list: unknown = content[kind];
    if (!Array.isArray(list)) return [];
    return list.flatMap((entry: unknown, i) => {
      if (!isRecord(entry) || typeof entry.url !== "string") return [];
      const read = readAddress(entry.url, variable);
      if ("fault" in read) return [{ path: [kind, i, "url"], message: read.fault }];
      entry.url = read.url;
      return [];
    });
  });
}

function authMistakes(content: SourcesContent, variable: ReadVariable): Mistake[] {
  return (["services", "prometheus"] as const).flatMap((kind) =>
    content[kind].flatMap(({ auth }, i) => {
      const read = auth && readAuth(auth, variable);
      return read && "fault" in read ? [{ path: [kind, i, "auth"], message: read.fault }] : [];
    }),
  );
}

function foreignOf(content: SourcesContent, organizations: ReadonlySet<string> | null): Mistake[] {
  if (organizations === null) return [];
  return (["redis", "postgres", "services", "prometheus", "alerts"] as const).flatMap((kind) =>
    content[kind].flatMap(({ organization }, i) =>
      organizations.has(organization)
        ? []
        : [
            {
              path: [kind, i, "organization"],
              message: `${organization} is not an organization of this installation: create it on the Access page, or correct the name`,
            },
          ],
    ),
  );
}

function mistakesOf(content: SourcesContent): Mistake[] {
  const mistakes: Mistake[] = [];
  const seen = new Set([ownRedis]);
  const own = content.postgres.filter(({ url }) => url === undefined);
  if (own.length === 0) seen.add(ownPostgres);
  for (const kind of ["redis", "postgres", "services", "prometheus"] as const)
    for (const [i, { id }] of content[kind].entries()) {
      const isOwn = kind === "redis" && id === ownRedis;
      if (seen.has(id) && !isOwn) mistakes.push({ path: [kind, i, "id"], message: "the id is already used" });
      seen.add(id);
    }
  const rules = new Set<string>();
  for (const [i, { organization, id }] of content.alerts.entries()) {
    const rule = JSON.stringify([organization, id]);
    if (rules.has(rule)) mistakes.push({ path: ["alerts", i, "id"], message: "the id is already used" });
    rules.add(rule);
  }
  let primaries = 0;
  for (const [i, { id, url }] of content.redis.entries()) {
    if (id === ownRedis && ++primaries > 1)
      mistakes.push({ path: ["redis", i, "id"], message: "the id is already used" });
    if ((id === ownRedis) !== (url === undefined))
      mistakes.push({
        path: ["redis", i, "url"],
        message: id === ownRedis ? "is Wheelhouse's own and takes no url" : "needs a url",
      });
  }
  const declared = new Set<string>();
  for (const [i, { organization, caches }] of content.redis.entries())
    for (const [j, { service, name }] of caches.entries()) {
      const cache = JSON.stringify([organization, service, name]);
      if (declared.has(cache))
        mistakes.push({ path: ["redis", i, "caches", j], message: "the cache is already declared" });
      declared.add(cache);
    }
  if (own.length > 1)
    mistakes.push({ path: ["postgres"], message: "only one entry, Wheelhouse's own server, may omit url" });
  for (const [i, entry] of content.services.entries()) {
    mistakes.push(...serviceMistakes(entry, ["services", i]));
    if (entry.auth !== undefined && (entry.format === "push" || entry.format === "tcp"))
      mistakes.push({
        path: ["services", i, "auth"],
        message: `goes with a url over HTTP, not format ${entry.format}`,
      });
    for (const [j, id] of entry.dependsOn.entries())
      if (!seen.has(id))
        mistakes.push({ path: ["services", i, "dependsOn", j], message: `${id} is not in this file` });
  }
  for (const [i, { url }] of content.prometheus.entries())
    if (new URL(url).username || new URL(url).password)
      mistakes.push({ path: ["prometheus", i, "url"], message: "must not carry credentials" });
  return mistakes;
}
