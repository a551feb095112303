import type { RuleDefinition } from "@wheelhouse/shared/alerts/rules.ts";
import type { serviceFormats } from "@wheelhouse/shared/sources.ts";

/** A cache in a Redis behind a prefix, whether or not its service reports it. */
export type DeclaredCache = {
  /** `<service>~<name>`, each part percent-encoded, like the id of a reported cache. */
  id: string;
  name: string;
  service: string;
  prefix: string;
  /** Name of the bentocache store; null for any other cache. */
  store: string | null;
};

/** A declared cache with its position in the list of sources. */
export type CacheSource = {
  /** Id in the list; for caches of the file, the cache's own id. */
  sourceId: string;
  organization: string;
  /** Id of its Redis. */
  server: string;
  cache: DeclaredCache;
};

/** `url` is undefined for Wheelhouse's own server. */
export type WatchedServer = {
  id: string;
  name: string;
  url: string | undefined;
  organization: string;
  /** How long connecting and each command may take, in ms; absent for the default. */
  timeoutMs?: number;
  /** For a Redis: nobody may change anything in its queues. */
  readOnly?: boolean;
  /** For a Redis; absent if there are none. */
  caches?: readonly DeclaredCache[];
};

/** A service whose instances are checked for health, or report by themselves (`push`, with an empty `url`). */
export type WatchedService = {
  id: string;
  name: string;
  /** Slug of the owning organization. */
  organization: string;
  group: string | null;
  owner: string | null;
  runbookUrl: string | null;
  /** Ids of services and servers. */
  dependsOn: readonly string[];
  /** Ids of the queues on which it works. */
  consumes?: readonly string[];
  instances: readonly { id: string; url: string }[];
  format: (typeof serviceFormats)[number];
  /** In Gatus' language and valid; all must hold. */
  conditions: readonly string[];
  /** The expected interval of `push` reports; silence for this plus `timeoutMs` is an outage. */
  intervalMs: number;
  timeoutMs: number;
  /** When a job that reports by itself runs; absent for others. */
  schedule?: { pattern: string; timeZone: string; graceMs: number };
  downAfter: number;
  upAfter: number;
  /** How old a part's own result may be before it is unknown; null or absent for the default. */
  checkAgeMs?: number | null;
  /** Whether `/actuator/circuitbreakers` beside each instance's URL is read too. */
  actuatorBreakers: boolean;
};

/** One metrics endpoint in Prometheus' text format, of one instance of a service. */
export type WatchedTarget = {
  id: string;
  service: string;
  instance: string;
  url: string;
  organization: string;
  intervalMs: number;
  timeoutMs: number;
};

/** An alert rule of the file. */
export type DeclaredRule = { key: string; organization: string; definition: RuleDefinition };

/** Ids are unique across all kinds. An unchanged entry is equal in value from one list to the next, not in identity. */
export type WatchedSources = {
  redis: readonly WatchedServer[];
  postgres: readonly WatchedServer[];
  services: readonly WatchedService[];
  prometheus: readonly WatchedTarget[];
  /** Of the file alone. */
  alerts?: readonly DeclaredRule[];
};

/** What is watched now. */
export type Catalogue = {
  current(): WatchedSources;
  /**
   * Calls back after each change.
   * @returns how to unsubscribe.
   */
  onChange(listener: (sources: WatchedSources) => void): () => void;
};
