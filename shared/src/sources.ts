import { z } from "zod";
import { defineEndpoint, slug, timestamp } from "./endpoint.ts";
import { healthState, observation } from "./health/health.ts";
import { reasonText } from "./reason.ts";
import { credentialKinds, sourceCredentials } from "./sources/credentials.ts";

const serverKept = ["kind", "name", "target", "timeoutMs", "caches"] as const;

const targetKept = [
  "kind",
  "name",
  "group",
  "owner",
  "runbookUrl",
  "dependsOn",
  "consumes",
  "instances",
  "format",
  "conditions",
  "intervalMs",
  "timeoutMs",
  "downAfter",
  "upAfter",
  "checkAgeMs",
  "actuatorBreakers",
  "service",
  "instance",
  "url",
  "server",
  "prefix",
  "bentocache",
  "authentication",
] as const;

/**
 * `json`: recognises any health JSON, as do `spring` and `health+json`. `push`: the service reports by
 * itself, and its silence is an outage.
 */
export const serviceFormats = ["json", "spring", "health+json", "status", "tcp", "push"] as const;

const name = z.string().trim().min(1).max(100);
const text = name.nullable().default(null);
const timeoutMs = z.number().int().min(100).max(60_000);
const rhythm = {
  intervalMs: z.number().int().min(1_000).max(3_600_000).default(10_000),
  timeoutMs: timeoutMs.default(5_000),
};
const count = z.number().int().min(1).max(20);

const serviceDefinition = z.strictObject({
  kind: z.literal("service"),
  name,
  group: text,
  owner: text,
  runbookUrl: z
    .url({ protocol: /^https?$/ })
    .max(2_000)
    .nullable()
    .default(null),
  /** Ids of services and servers of the same organization. */
  dependsOn: z.array(z.string().max(130)).max(100).default([]),
  /** Ids of the queues on which it works: without it, they have no worker. */
  consumes: z.array(z.string().min(1).max(600)).max(100).default([]),
  /** `url`: `http:`, `https:` or `tcp:` depending on the format; null when it reports by itself. */
  instances: z
    .array(z.strictObject({ id: name, url: z.string().max(2_000).nullable() }))
    .min(1)
    .max(200),
  format: z.enum(serviceFormats).default("status"),
  /** Conditions in Gatus syntax, such as `[STATUS] == 200`; all must hold. */
  conditions: z.array(z.string().max(500)).max(20).default([]),
  ...rhythm,
  downAfter: count.default(3),
  upAfter: count.default(2),
  /** How old a part's own result may be before it is unknown; null for 2.5 minutes, or twice the interval. */
  checkAgeMs: z.number().int().min(1_000).max(86_400_000).nullable().default(null),
  /** Also read `/actuator/circuitbreakers` next to each instance's URL. */
  actuatorBreakers: z.boolean().default(false),
});

const prometheusDefinition = z.strictObject({
  kind: z.literal("prometheus"),
  name,
  service: z.string().min(1).max(130),
  instance: name,
  url: z.url({ protocol: /^https?$/ }).max(2_000),
  ...rhythm,
});

const cacheDefinition = z.strictObject({
  kind: z.literal("cache"),
  /** Name as used by its service; unique per service and organization. */
  name,
  service: name,
  /** Id of a Redis server of the same organization. */
  server: z.string().min(1).max(130),
  /** Prefix of its keys. */
  prefix: z.string().min(2).max(200),
  /** Name of its bentocache store, if it is one: its tags can then be invalidated. */
  bentocache: text,
});

export const targetDefinition = z.discriminatedUnion("kind", [
  serviceDefinition,
  prometheusDefinition,
  cacheDefinition,
]);
export type TargetDefinition = z.output<typeof targetDefinition>;

export const serverDefinition = z.strictObject({
  kind: z.enum(["redis", "postgres"]),
  name,
  /** Including credentials, which are sealed at rest and never shown. */
  url: z.string().max(2_000),
  /**
   * How long connecting and each command may take; null for the default, 3 s for Redis and 5 s for Postgres. Absent in a
   * change, it stays as it is.
   */
  timeoutMs: timeoutMs.nullable().optional(),
});
export type ServerDefinition = z.output<typeof serverDefinition>;

export const watchedSource = z.object({
  /** Unique over all kinds; ids of sources added here start with the organization's short name. */
  id: z.string(),
  kind: z.enum(["redis", "postgres", "service", "prometheus", "cache"]),
  name: z.string(),
  /** Sources in `wheelhouse.yaml` can only be changed there. */
  origin: z.enum(["file", "api"]),
  /**
   * Host and port, without credentials; null for Wheelhouse's own servers and for services that report by
   * themselves.
   */
  target: z.string().nullable(),
  /** Null for servers. */
  definition: targetDefinition.nullable(),
  /** Of a server: how long connecting and each command may take; null for the default. Absent for other kinds. */
  timeoutMs: timeoutMs.nullable().optional(),
  /** Where each instance posts its heartbeat; format `push` only. */
  heartbeats: z.array(
    z.object({
      instance: z.string(),
      /** The address without the secret at its end. */
      path: z.string(),
      /** The secret's last characters; null until one is issued, and then no heartbeat is accepted. */
      secretHint: z.string().nullable(),
      issuedAt: timestamp.nullable(),
    }),
  ),
  /** The kind of credentials that its endpoint gets; null without any. */
  credentials: z.enum(credentialKinds).nullable(),
  /** Null for sources of the file. */
  version: z.number().int().nullable(),
  /** Latest state seen by the collector; `unknown` and never observed before the first check. */
  state: healthState,
  cause: z.string().nullable(),
  ...observation,
});
export type WatchedSource = z.infer<typeof watchedSource>;

/** A complete heartbeat address. It is returned only once: of the secret at its end only a hash is stored. */
const issuedHeartbeat = z.object({ instance: z.string(), path: z.string() });

/** `issued`: for instances that report by themselves and had no secret yet. */
const changedSource = watchedSource.extend({ issued: z.array(issuedHeartbeat) });

export const listSources = defineEndpoint({
  method: "GET",
  path: "/sources",
  summary: "Watched sources of this organization, and the state of wheelhouse.yaml",
  access: "sources:read",
  snapshot: true,
  response: z.object({
    items: z.array(watchedSource),
    nextCursor: z.null(),
    file: z.object({
      /** Without its folder; null when there is none. */
      name: z.string().nullable(),
      readAt: timestamp,
      /** When the version in effect was read. */
      goodAt: timestamp,
      /** Since when the file has been invalid and the previous version stays in effect. */
      failingSince: timestamp.nullable(),
      /** With line numbers; visible to the platform organization only. */
      problems: z.array(z.string()),
    }),
  }),
});

const params = z.strictObject({ id: z.string().min(1).max(130) });
const version = z.number().int();
const reason = reasonText.optional();

export const createTarget = defineEndpoint({
  method: "POST",
  path: "/sources",
  summary: "Watch a service or a Prometheus metrics endpoint, or declare a cache in a Redis server",
  access: "sources:manage",
  action: "sources.target.create",
  keeps: targetKept,
  body: z.strictObject({
    slug,
    definition: targetDefinition,
    /** For services and metrics endpoints over HTTP. */
    credentials: sourceCredentials.nullable().optional(),
    reason,
  }),
  response: changedSource,
  status: 201,
});

export const updateTarget = defineEndpoint({
  method: "PUT",
  path: "/sources/:id",
  summary: "Change the declaration of a service, metrics endpoint or cache; 409 for a stale version",
  access: "sources:manage",
  action: "sources.target.update",
  keeps: targetKept,
  params,
  body: z.strictObject({
    version,
    definition: targetDefinition,
    /** Absent keeps those that are stored, null deletes them. */
    credentials: sourceCredentials.nullable().optional(),
    reason,
  }),
  response: changedSource,
});

export const deleteTarget = defineEndpoint({
  method: "DELETE",
  path: "/sources/:id",
  summary: "Stop watching a service or metrics endpoint, or remove a declared cache",
  access: "sources:manage",
  action: "sources.target.delete",
  keeps: targetKept,
  params,
  query: z.strictObject({ reason }),
  response: z.null(),
  status: 204,
});

export const createServer = defineEndpoint({
  method: "POST",
  path: "/sources/servers",
  summary:
    "Watch a Redis or Postgres server; this permission gives access to the data of any reachable server",
  access: "sources:connect",
  action: "sources.server.create",
  keeps: serverKept,
  body: z.strictObject({ slug, definition: serverDefinition, reason }),
  response: watchedSource,
  status: 201,
});

export const updateServer = defineEndpoint({
  method: "PUT",
  path: "/sources/servers/:id",
  summary: "Change a watched server's name or address; 409 for a stale version",
  access: "sources:connect",
  action: "sources.server.update",
  keeps: serverKept,
  params,
  body: z.strictObject({ version, definition: serverDefinition, reason }),
  response: watchedSource,
});

export const deleteServer = defineEndpoint({
  method: "DELETE",
  path: "/sources/servers/:id",
  summary: "Stop watching a server, and remove the caches declared in it",
  access: "sources:connect",
  action: "sources.server.delete",
  keeps: serverKept,
  params,
  query: z.strictObject({ reason }),
  response: z.null(),
  status: 204,
});

export const rotateHeartbeat = defineEndpoint({
  method: "POST",
  path: "/sources/:id/heartbeats",
  summary: "Issue a new heartbeat secret to an instance; the previous one is revoked",
  access: "sources:manage",
  action: "sources.heartbeat.rotate",
  keeps: ["instance", "secretHint", "issuedAt"],
  params,
  body: z.strictObject({ instance: name, reason }),
  response: issuedHeartbeat,
  status: 201,
});
