import { z } from "zod";
import { defineEndpoint, slug, timestamp } from "./endpoint.ts";
import { healthState, observation } from "./health/health.ts";
import { reasonText } from "./reason.ts";

const serverKept = ["kind", "name", "target", "caches"] as const;

const targetKept = [
  "kind",
  "name",
  "group",
  "owner",
  "runbookUrl",
  "dependsOn",
  "instances",
  "format",
  "conditions",
  "intervalMs",
  "timeoutMs",
  "downAfter",
  "upAfter",
  "actuatorBreakers",
  "service",
  "instance",
  "url",
  "server",
  "prefix",
  "bentocache",
] as const;

/** `json`: whatever a service says as JSON is recognised, as it is with `spring` and `health+json`. `push`: the service reports by itself, and its silence is an outage. */
export const serviceFormats = ["json", "spring", "health+json", "status", "tcp", "push"] as const;

const name = z.string().trim().min(1).max(100);
const text = name.nullable().default(null);
const rhythm = {
  intervalMs: z.number().int().min(1_000).max(3_600_000).default(10_000),
  timeoutMs: z.number().int().min(100).max(60_000).default(5_000),
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
  /** `url`: `http:`, `https:` or `tcp:` by its format; null when it reports by itself. */
  instances: z
    .array(z.strictObject({ id: name, url: z.string().max(2_000).nullable() }))
    .min(1)
    .max(200),
  format: z.enum(serviceFormats).default("status"),
  /** In Gatus' language, such as `[STATUS] == 200`; all must hold. */
  conditions: z.array(z.string().max(500)).max(20).default([]),
  ...rhythm,
  downAfter: count.default(3),
  upAfter: count.default(2),
  /** Read `/actuator/circuitbreakers` beside each instance's URL, too. */
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
  /** As its service calls it; with the service it stands once in an organization. */
  name,
  service: name,
  /** Id of a Redis of the same organization. */
  server: z.string().min(1).max(130),
  /** What its keys begin with. */
  prefix: z.string().min(2).max(200),
  /** Name of its store, where it is one of bentocache: then its tags can be invalidated. */
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
  /** With its credentials, which are sealed at rest and never shown. */
  url: z.string().max(2_000),
});
export type ServerDefinition = z.output<typeof serverDefinition>;

export const watchedSource = z.object({
  /** Unique over all kinds; what was added here has its organization's short name before it. */
  id: z.string(),
  kind: z.enum(["redis", "postgres", "service", "prometheus", "cache"]),
  name: z.string(),
  /** What `wheelhouse.yaml` declares is changed there. */
  origin: z.enum(["file", "api"]),
  /** Host and port, never with credentials; null for Wheelhouse's own servers and for what reports by itself. */
  target: z.string().nullable(),
  /** Null for servers. */
  definition: targetDefinition.nullable(),
  /** Where each instance posts its heartbeat, of format `push` alone. */
  heartbeats: z.array(
    z.object({
      instance: z.string(),
      /** The address without its secret, which stands at its end. */
      path: z.string(),
      /** The secret's last characters; null while none was issued, and then nothing is taken. */
      secretHint: z.string().nullable(),
      issuedAt: timestamp.nullable(),
    }),
  ),
  /** Null for what the file declares. */
  version: z.number().int().nullable(),
  /** As the collector saw it last; `unknown` and never observed while it was not asked. */
  state: healthState,
  cause: z.string().nullable(),
  ...observation,
});
export type WatchedSource = z.infer<typeof watchedSource>;

/** A whole heartbeat address. It is told once: of the secret at its end only a hash is kept. */
const issuedHeartbeat = z.object({ instance: z.string(), path: z.string() });

/** `issued`: for instances that report by themselves and had no secret yet. */
const changedSource = watchedSource.extend({ issued: z.array(issuedHeartbeat) });

export const listSources = defineEndpoint({
  method: "GET",
  path: "/sources",
  summary: "What is watched in this organization, and how the last reading of wheelhouse.yaml went",
  access: "sources:read",
  snapshot: true,
  response: z.object({
    items: z.array(watchedSource),
    nextCursor: z.null(),
    file: z.object({
      /** Without its folder; null when there is none. */
      name: z.string().nullable(),
      readAt: timestamp,
      /** When what holds was read. */
      goodAt: timestamp,
      /** Since when the file is bad and what was read before holds. */
      failingSince: timestamp.nullable(),
      /** With their lines; told to the platform organization alone. */
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
  summary: "Watch a service or a place with metrics in Prometheus' format, or declare a cache of a Redis",
  access: "sources:manage",
  action: "sources.target.create",
  keeps: targetKept,
  body: z.strictObject({ slug, definition: targetDefinition, reason }),
  response: changedSource,
  status: 201,
});

export const updateTarget = defineEndpoint({
  method: "PUT",
  path: "/sources/:id",
  summary: "Change how a service, a place with metrics or a cache is declared; a stale version gets 409",
  access: "sources:manage",
  action: "sources.target.update",
  keeps: targetKept,
  params,
  body: z.strictObject({ version, definition: targetDefinition, reason }),
  response: changedSource,
});

export const deleteTarget = defineEndpoint({
  method: "DELETE",
  path: "/sources/:id",
  summary: "Watch a service or a place with metrics, or know a declared cache, no longer",
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
  summary: "Watch a Redis or Postgres server; whoever may, reads what any address of it holds",
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
  summary: "Change a watched server's name or address; a stale version gets 409",
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
  summary: "Watch a server no longer, and know the caches no longer that were declared in it",
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
  summary: "Issue a new heartbeat secret to an instance; the one before it is refused from then on",
  access: "sources:manage",
  action: "sources.heartbeat.rotate",
  keeps: ["instance", "secretHint", "issuedAt"],
  params,
  body: z.strictObject({ instance: name, reason }),
  response: issuedHeartbeat,
  status: 201,
});
