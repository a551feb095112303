import { isDeepStrictEqual } from "node:util";
import { type SourceCredentials, sourceCredentials } from "@wheelhouse/shared/sources/credentials.ts";
import { targetDefinition } from "@wheelhouse/shared/sources.ts";
import type { Logger } from "pino";
import { z } from "zod";
import type { Subscribe } from "#lib/channel.ts";
import type { SecretBox } from "#lib/security/secret-box.ts";
import type {
  CacheSource,
  Catalogue,
  SourcesFile,
  WatchedService,
  WatchedSources,
  WatchedTarget,
} from "#observe/sources/sources.ts";
import { declaredCacheOf } from "#observe/sources/sources.ts";
import type { SecretRow, SourceRow, SourcesStore } from "./store.ts";

const rereadEveryMs = 10_000;

export const credentialsPurpose = (id: string) => `watched-source/${id}/credentials`;
export const urlPurpose = (id: string) => `watched-source/${id}`;
/** A short name contains no dot, so ids of the file and of organizations never collide. */
export const idOf = (organization: string, slug: string) => `${organization}.${slug}`;

const secretKey = (...parts: [organization: string, service: string, instance: string]) =>
  JSON.stringify(parts);

type Row = SourceRow & { organization: string };

const server = z.object({ name: z.string(), timeoutMs: z.number().optional() });

/**
 * The sources declared by rows. A row that cannot be parsed was written by another version and is skipped.
 */
export function sourcesOf(
  rows: readonly Row[],
  box: Pick<SecretBox, "open">,
): WatchedSources & { caches: CacheSource[] } {
  const caches: CacheSource[] = [];
  const redis: WatchedSources["redis"][number][] = [];
  const postgres: WatchedSources["postgres"][number][] = [];
  const services: WatchedService[] = [];
  const prometheus: WatchedTarget[] = [];
  for (const row of rows) {
    const id = idOf(row.organization, row.slug);
    const { organization } = row;
    if (row.kind === "redis" || row.kind === "postgres") {
      const read = server.safeParse(row.definition);
      const url = openUrl(row, box);
      if (read.success && url !== null) {
        const { name, timeoutMs } = read.data;
        (row.kind === "redis" ? redis : postgres).push({
          id,
          name,
          url,
          organization,
          ...(timeoutMs === undefined ? {} : { timeoutMs }),
        });
      }
      continue;
    }
    const read = targetDefinition.safeParse(row.definition);
    if (!read.success) continue;
    if (read.data.kind === "service") {
      const { kind: _, ...definition } = read.data;
      const instances = definition.instances.map((instance) => ({
        id: instance.id,
        url: instance.url ?? "",
      }));
      services.push({ id, organization, ...definition, instances });
    } else if (read.data.kind === "cache") {
      const { name, service, server: of, prefix, bentocache } = read.data;
      const cache = declaredCacheOf({ name, service, prefix, bentocache: bentocache ?? undefined });
      caches.push({ sourceId: id, organization, server: of, cache });
    } else {
      const { kind: _, name: __, ...definition } = read.data;
      prometheus.push({ id, organization, ...definition });
    }
  }
  return { redis, postgres, services, prometheus, caches };
}

/** Caches declared in the list itself, under their servers. */
const cachesOf = ({ redis }: WatchedSources): CacheSource[] =>
  redis.flatMap(({ id, organization, caches = [] }) =>
    caches.map((cache) => ({ sourceId: cache.id, organization, server: id, cache })),
  );

/** Each server with the caches added to it; if a cache is declared twice, the file wins. */
function withCaches(
  servers: WatchedSources["redis"],
  added: readonly CacheSource[],
  declared: readonly CacheSource[],
): WatchedSources["redis"] {
  const keyOf = ({ organization, cache }: CacheSource) => JSON.stringify([organization, cache.id]);
  const taken = new Set(declared.map(keyOf));
  return servers.map((server) => {
    const more = added.filter(
      (each) =>
        each.server === server.id && each.organization === server.organization && !taken.has(keyOf(each)),
    );
    return more.length === 0
      ? server
      : { ...server, caches: [...(server.caches ?? []), ...more.map(({ cache }) => cache)] };
  });
}

function openUrl(row: Row, box: Pick<SecretBox, "open">): string | null {
  try {
    return row.url_box && box.open(row.url_box, urlPurpose(row.id));
  } catch {
    return null;
  }
}

/** Null without any, and when they were sealed with another key. */
export function openCredentials(
  row: Pick<SourceRow, "id" | "credentials_box">,
  box: Pick<SecretBox, "open">,
): SourceCredentials | null {
  if (row.credentials_box === null) return null;
  try {
    return sourceCredentials.parse(JSON.parse(box.open(row.credentials_box, credentialsPurpose(row.id))));
  } catch {
    return null;
  }
}

/**
 * Everything watched, from the file and the API, in each process. Changes are announced over Redis; without
 * it, they are picked up at the next poll.
 */
export function createSourcesCatalogue({
  file,
  store,
  onOrganizations,
  box,
  subscribe,
  log,
}: {
  file: Catalogue & Pick<SourcesFile, "credentialsOf">;
  store: Pick<SourcesStore, "all" | "secrets" | "organizations">;
  /** Hears which organizations exist, after each read in which they have changed. */
  onOrganizations(slugs: ReadonlySet<string>): void;
  box: SecretBox;
  subscribe: Subscribe;
  log: Logger;
}) {
  const listeners = new Set<(sources: WatchedSources) => void>();
  let rows: readonly Row[] = [];
  let secrets: ReadonlyMap<string, SecretRow> | undefined;
  let credentials: ReadonlyMap<string, SourceCredentials> = new Map();
  let organizations: ReadonlySet<string> | undefined;
  let sources = file.current();
  let caches: readonly CacheSource[] = cachesOf(sources);
  let reading: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;

  const merge = () => {
    const own = file.current();
    const added = sourcesOf(rows, box);
    const declared = cachesOf(own);
    caches = [...declared, ...added.caches];
    const merged: WatchedSources = {
      redis: withCaches([...own.redis, ...added.redis], added.caches, declared),
      postgres: [...own.postgres, ...added.postgres],
      services: [...own.services, ...added.services],
      prometheus: [...own.prometheus, ...added.prometheus],
      ...(own.alerts === undefined ? {} : { alerts: own.alerts }),
    };
    if (isDeepStrictEqual(merged, sources)) return;
    sources = merged;
    for (const listener of listeners) listener(sources);
  };
  const read = async () => {
    const [added, issued, existing] = await Promise.all([
      store.all(),
      store.secrets(),
      store.organizations(),
    ]);
    const slugs = new Set(existing.map(({ slug }) => slug));
    if (!isDeepStrictEqual(slugs, organizations)) {
      organizations = slugs;
      onOrganizations(slugs);
    }
    rows = added;
    credentials = new Map(
      added.flatMap((row) => {
        const opened = openCredentials(row, box);
        return opened === null ? [] : [[idOf(row.organization, row.slug), opened] as const];
      }),
    );
    secrets = new Map(issued.map((row) => [secretKey(row.organization, row.service, row.instance), row]));
    merge();
  };
  /** Resolves once everything committed before the call is watched; never rejects. */
  const refresh = async () => {
    // A read already running may have missed it.
    await reading;
    reading ??= read()
      .catch((err: unknown) => log.debug({ err }, "the added sources could not be read"))
      .finally(() => {
        reading = undefined;
      });
    await reading;
  };
  const forget = file.onChange(merge);
  const told = subscribe({
    topic: "sources.changed",
    message: z.object({}),
    onMessage: () => void refresh(),
  });

  return {
    current: () => sources,
    /**
     * What the endpoints of a source ask for; null for nothing. Kept apart from the sources, so that no list of them
     * can carry a secret.
     */
    credentialsOf: (id: string): SourceCredentials | null => credentials.get(id) ?? file.credentialsOf(id),
    /** Declared caches of the file and those added, even if their Redis server is not watched. */
    caches: () => caches,
    onChange(listener: (changed: WatchedSources) => void) {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
    /** Versions of added sources, by id. */
    versions: (): ReadonlyMap<string, number> =>
      new Map(rows.map(({ organization, slug, version }) => [idOf(organization, slug), version])),
    /**
     * Secret of one instance that reports by itself; null when it has none, undefined while that is unknown.
     */
    secretOf: (organization: string, service: string, instance: string): SecretRow | null | undefined =>
      secrets && (secrets.get(secretKey(organization, service, instance)) ?? null),
    /** Call after a commit: refreshes this process at once and the others over Redis. */
    async changed() {
      await refresh();
      told.publish({});
    },
    /** Does not wait: while Postgres is unavailable, the sources of the file are watched. */
    start() {
      void refresh();
      timer = setInterval(() => void refresh(), rereadEveryMs).unref();
    },
    stop() {
      clearInterval(timer);
      forget();
    },
  };
}
export type SourcesCatalogue = ReturnType<typeof createSourcesCatalogue>;
