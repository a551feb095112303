import type { SourceCredentials } from "@wheelhouse/shared/sources/credentials.ts";
import type { TargetDefinition, WatchedSource } from "@wheelhouse/shared/sources.ts";
import type { AuditFields } from "#lib/change.ts";
import { heartbeatPath } from "#lib/security/heartbeat-secret.ts";
import type { CacheSource, WatchedSources } from "#observe/sources/sources.ts";
import type { SecretRow } from "./store.ts";

/** The collector's latest state of one source. */
export type SeenSource = Pick<WatchedSource, "state" | "cause" | "observedAt" | "intervalMs">;

export type Known = {
  /** Versions of sources added through the API, by id. */
  versions: ReadonlyMap<string, number>;
  credentialsOf(id: string): SourceCredentials | null;
  secretOf(serviceId: string, instance: string): SecretRow | null | undefined;
  /** Declared caches of all organizations. */
  caches: readonly CacheSource[];
  seen: ReadonlyMap<string, SeenSource>;
};

const ownIntervalMs = 1_000;

const ownOf = <T extends { organization: string }>(all: readonly T[], organization: string) =>
  all.filter((each) => each.organization === organization);

/** Fields common to every kind of source. */
function commonOf(id: string, known: Known, intervalMs = ownIntervalMs) {
  const version = known.versions.get(id) ?? null;
  const { state, cause, observedAt } = known.seen.get(id) ?? notSeen;
  return {
    id,
    origin: version === null ? ("file" as const) : ("api" as const),
    version,
    credentials: known.credentialsOf(id)?.kind ?? null,
    state,
    cause,
    observedAt,
    intervalMs: known.seen.get(id)?.intervalMs ?? intervalMs,
  };
}

function serviceView(service: WatchedSources["services"][number], known: Known): WatchedSource {
  const {
    id,
    organization: _,
    instances,
    dependsOn,
    consumes = [],
    conditions,
    checkAgeMs = null,
    ...rest
  } = service;
  const isPush = service.format === "push";
  return {
    ...commonOf(id, known, service.intervalMs),
    kind: "service",
    name: service.name,
    target: isPush ? null : hostOf(instances[0]?.url),
    definition: {
      kind: "service",
      ...rest,
      checkAgeMs,
      dependsOn: [...dependsOn],
      consumes: [...consumes],
      conditions: [...conditions],
      instances: instances.map((each) => ({ id: each.id, url: isPush ? null : each.url })),
    },
    heartbeats: isPush ? instances.map((each) => heartbeatOf(id, each.id, known)) : [],
  };
}

function cacheView(
  { sourceId, server, cache }: CacheSource,
  servers: WatchedSources["redis"],
  known: Known,
): WatchedSource {
  const redis = servers.find(({ id }) => id === server);
  const { name, service, prefix, store } = cache;
  // The cache is as reachable as its server.
  const seen = redis ? (known.seen.get(server) ?? notSeen) : serverMissing(server);
  return {
    ...commonOf(sourceId, known),
    state: seen.state,
    cause: seen.cause,
    observedAt: seen.observedAt,
    kind: "cache",
    name,
    target: hostOf(redis?.url),
    heartbeats: [],
    definition: { kind: "cache", name, service, server, prefix, bentocache: store },
  };
}

/** The organization's watched sources, services first. */
export function viewsOf(sources: WatchedSources, organization: string, known: Known): WatchedSource[] {
  const mine = <T extends { organization: string }>(all: readonly T[]) => ownOf(all, organization);
  const common = (id: string, intervalMs?: number) => commonOf(id, known, intervalMs);
  const services = mine(sources.services).map((service) => serviceView(service, known));
  const targets = mine(sources.prometheus).map(({ id, organization: _, ...rest }): WatchedSource => {
    const name = `${rest.service} ${rest.instance}`;
    return {
      ...common(id, rest.intervalMs),
      kind: "prometheus",
      name,
      target: hostOf(rest.url),
      heartbeats: [],
      definition: { kind: "prometheus", name, ...rest },
    };
  });
  const servers = (["redis", "postgres"] as const).flatMap((kind) =>
    mine(sources[kind]).map(
      ({ id, name, url, timeoutMs = null }): WatchedSource => ({
        ...common(id),
        kind,
        name,
        timeoutMs,
        target: hostOf(url),
        definition: null,
        heartbeats: [],
      }),
    ),
  );
  const caches = mine(known.caches).map((cache) => cacheView(cache, mine(sources.redis), known));
  return [...services, ...targets, ...caches, ...servers];
}

const serverMissing = (server: string) => ({
  state: "unknown" as const,
  observedAt: null,
  cause: `Redis server ${server} is not watched in this organization`,
});
const notSeen = { state: "unknown", cause: "Not checked yet", observedAt: null } as const;

function heartbeatOf(serviceId: string, instance: string, { secretOf }: Known) {
  const secret = secretOf(serviceId, instance);
  return {
    instance,
    path: heartbeatPath(serviceId, instance),
    secretHint: secret?.secret_hint ?? null,
    issuedAt: secret?.issued_at.toISOString() ?? null,
  };
}

const hostOf = (url: string | undefined): string | null =>
  url !== undefined && URL.canParse(url) ? new URL(url).host : null;

/** The audited fields of a source: no credentials, no query of an address. */
export function auditFields(definition: TargetDefinition): AuditFields {
  if (definition.kind === "cache") return definition;
  if (definition.kind === "prometheus") return { ...definition, url: withoutQuery(definition.url) };
  const { instances, ...rest } = definition;
  return {
    ...rest,
    instances: instances.map(({ id, url }) => (url === null ? id : `${id} ${withoutQuery(url)}`)),
  };
}

function withoutQuery(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}
