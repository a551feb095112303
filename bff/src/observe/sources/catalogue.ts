import type { serviceFormats } from "@wheelhouse/shared/sources.ts";

/** A cache that lies in a Redis behind a prefix, whether its service reports it or not. */
export type DeclaredCache = {
  /** `<service>~<name>`, each part percent-encoded, as reported caches are called. */
  id: string;
  name: string;
  service: string;
  prefix: string;
  /** Store of bentocache that it is; null for another making. */
  store: string | null;
};

/** A declared cache with its place in the list of sources. */
export type CacheSource = {
  /** Id in the list: of the file's the cache's own. */
  sourceId: string;
  organization: string;
  /** Id of its Redis. */
  server: string;
  cache: DeclaredCache;
};

/** `url` undefined: Wheelhouse's own server. */
export type WatchedServer = {
  id: string;
  name: string;
  url: string | undefined;
  organization: string;
  /** Of a Redis; left out for none. */
  caches?: readonly DeclaredCache[];
};

/** A service whose instances are asked for their health, or report by themselves (`push`, then `url` is empty). */
export type WatchedService = {
  id: string;
  name: string;
  /** Slug of the organization that it belongs to. */
  organization: string;
  group: string | null;
  owner: string | null;
  runbookUrl: string | null;
  /** Ids of services and servers. */
  dependsOn: readonly string[];
  instances: readonly { id: string; url: string }[];
  format: (typeof serviceFormats)[number];
  /** In Gatus' language, each known to be readable; all must hold. */
  conditions: readonly string[];
  /** `push`: how often it means to report; with `timeoutMs` on top, silence is an outage. */
  intervalMs: number;
  timeoutMs: number;
  downAfter: number;
  upAfter: number;
  /** Whether `/actuator/circuitbreakers` beside each instance's URL is read, too. */
  actuatorBreakers: boolean;
};

/** One place with metrics in Prometheus' text format, of one instance of a service. */
export type WatchedTarget = {
  id: string;
  service: string;
  instance: string;
  url: string;
  organization: string;
  intervalMs: number;
  timeoutMs: number;
};

/** Ids are unique over all kinds. What did not change from one list to the next is equal in value, not identity. */
export type WatchedSources = {
  redis: readonly WatchedServer[];
  postgres: readonly WatchedServer[];
  services: readonly WatchedService[];
  prometheus: readonly WatchedTarget[];
};

/** What is watched at this moment. */
export type Catalogue = {
  current(): WatchedSources;
  /** Calls back after each change. @returns how to stop. */
  onChange(listener: (sources: WatchedSources) => void): () => void;
};
