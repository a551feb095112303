import { condition, ruleDefinition, ruleKey, severity } from "@wheelhouse/shared/alerts/rules.ts";
import { slug } from "@wheelhouse/shared/endpoint.ts";
import { serviceFormats } from "@wheelhouse/shared/sources.ts";
import { z } from "zod";
import { ConditionError, parseCondition } from "#lib/conditions.ts";
import { mistakeIn, offsetIn } from "#lib/time/cron.ts";
import { durationMs } from "#lib/time/duration.ts";
import { ownService, reportedId } from "#observe/reports/reports.ts";
import type { DeclaredCache, DeclaredRule, WatchedService, WatchedTarget } from "./catalogue.ts";
import { auth } from "./credentials.ts";

const shortestMs = 1_000;
const longestMs = 3_600_000;
const longestAgeMs = 24 * 3_600_000;

const url = (protocols: readonly string[]) =>
  z
    .string()
    .max(2_000)
    .refine(
      (text) => URL.canParse(text) && protocols.includes(new URL(text).protocol),
      `must be a URL that begins with ${protocols.map((protocol) => `${protocol}//`).join(" or ")}`,
    );
const duration = (minMs: number, maxMs: number) =>
  z
    .string(`must be a duration such as 10s`)
    .refine(
      (text) => {
        const ms = durationMs(text);
        return ms >= minMs && ms <= maxMs;
      },
      `must be a duration such as 10s, from ${minMs} ms to ${maxMs / 60_000} m`,
    )
    .transform(durationMs);
/** Reserved for Wheelhouse's own processes. */
const id = slug.refine((given) => given !== ownService, `${ownService} is Wheelhouse's own`);
const text = z.string().trim().min(1).max(100);
const count = z.number().int().min(1).max(20);

const rhythm = { interval: duration(shortestMs, longestMs), timeout: duration(100, 60_000) };

const server = (protocols: readonly string[]) =>
  z.strictObject({
    id,
    name: text.optional(),
    /** Absent for Wheelhouse's own server. */
    url: url(protocols).optional(),
    organization: slug.default("platform"),
    /** How long connecting and each command may take. */
    timeout: rhythm.timeout.optional(),
  });

/** Prefixes that hold no cache: removing their keys would delete queues, sessions and commands. */
const reservedPrefixes = ["bull:", "wheelhouse:"];

/** The problem with the prefix of a cache's keys; null if there is none. */
export const prefixMistake = (prefix: string): string | null =>
  reservedPrefixes.some((held) => prefix.startsWith(held) || held.startsWith(prefix))
    ? `must not overlap with ${reservedPrefixes.join(" or ")}`
    : null;

/** A cache in this Redis, so that its keys can be removed even while its service does not report it. */
const declaredCache = z.strictObject({
  name: text,
  service: text,
  prefix: z
    .string()
    .min(2)
    .max(200)
    .refine((prefix) => prefixMistake(prefix) === null, {
      error: ({ input }) => prefixMistake(String(input)) ?? "",
    }),
  /** The store's name if this is a bentocache store, so that its tags can be invalidated. */
  bentocache: text.optional(),
});

const healthUrl = url(["http:", "https:", "tcp:"]);

const service = z.strictObject({
  id,
  name: text.optional(),
  organization: slug.default("platform"),
  group: text.optional(),
  owner: text.optional(),
  runbook: url(["http:", "https:"]).optional(),
  dependsOn: z.array(slug).max(100).default([]),
  /** Ids of the queues on which it works. */
  consumes: z.array(z.string().min(1).max(600)).max(100).default([]),
  /** One instance, named like the service; several are listed under `instances`. */
  url: healthUrl.optional(),
  instances: z
    .array(z.strictObject({ id: text, url: healthUrl.optional() }))
    .min(1)
    .max(2_000)
    .optional(),
  format: z.enum(serviceFormats).default("status"),
  conditions: z.array(z.string().max(500)).max(20).default([]),
  interval: rhythm.interval.default(10_000),
  timeout: rhythm.timeout.default(5_000),
  downAfter: count.default(3),
  upAfter: count.default(2),
  /** When a job that reports by itself runs; each heartbeat tells the end of a run. */
  schedule: z
    .strictObject({
      pattern: z.string().min(1).max(200),
      timeZone: z.string().min(1).max(60).default("UTC"),
      /** How late its heartbeat may come. */
      grace: duration(shortestMs, longestAgeMs).default(300_000),
    })
    .optional(),
  checkAge: duration(shortestMs, longestAgeMs).optional(),
  actuatorBreakers: z.boolean().default(false),
  auth: auth.optional(),
});

const prometheus = z.strictObject({
  id,
  service: slug,
  instance: text.optional(),
  url: url(["http:", "https:"]),
  organization: slug.default("platform"),
  interval: rhythm.interval.default(10_000),
  timeout: rhythm.timeout.default(5_000),
  auth: auth.optional(),
});

const ruleSpan = duration(0, longestAgeMs);
/** An alert rule: as in the API, with its spans as text. */
const alert = z.strictObject({
  id: ruleKey,
  organization: slug.default("platform"),
  name: text,
  enabled: z.boolean().default(true),
  condition: z
    .looseObject({ window: ruleSpan.optional() })
    .transform(({ window, ...rest }) => (window === undefined ? rest : { ...rest, windowMs: window }))
    .pipe(condition),
  things: z.array(z.string().min(1).max(200)).max(50).default([]),
  severity,
  for: ruleSpan.default(0),
  resolveFor: ruleSpan.default(0),
  keepFiringFor: ruleSpan.default(0),
  noData: z.enum(["keep", "warn", "fire", "ok"]).default("keep"),
  noDataAfter: ruleSpan.default(300_000),
  labels: z.record(z.string().regex(/^[a-z][a-z0-9_]{0,39}$/), text).default({}),
  owner: text.nullable().default(null),
  runbook: url(["http:", "https:"]).nullable().default(null),
});

/** The schema of `wheelhouse.yaml`. */
export const sourcesSchema = z.strictObject({
  redis: z
    .array(
      server(["redis:", "rediss:"]).extend({
        caches: z.array(declaredCache).max(200).default([]),
        /** Nobody may change anything in its queues. */
        readOnly: z.boolean().default(false),
      }),
    )
    .max(50)
    .default([]),
  postgres: z
    .array(server(["postgres:", "postgresql:"]))
    .max(50)
    .default([]),
  services: z.array(service).max(5_000).default([]),
  prometheus: z.array(prometheus).max(5_000).default([]),
  alerts: z.array(alert).max(2_000).default([]),
});
export type SourcesContent = z.output<typeof sourcesSchema>;
type ServiceEntry = SourcesContent["services"][number];

type DeclaredEntry = SourcesContent["redis"][number]["caches"][number];

export const declaredCacheOf = ({
  name,
  service,
  prefix,
  bentocache,
}: Pick<DeclaredEntry, "name" | "service" | "prefix" | "bentocache">): DeclaredCache => ({
  id: reportedId(service, name),
  name,
  service,
  prefix,
  store: bentocache ?? null,
});

/** A mistake that the schema alone does not catch; `path` as in the file. */
export type Mistake = { path: (string | number)[]; message: string };

/** The contradictions between the entries of one service. */
export function serviceMistakes(
  entry: Pick<
    ServiceEntry,
    "id" | "format" | "url" | "instances" | "conditions" | "dependsOn" | "actuatorBreakers"
  > & { schedule?: ServiceEntry["schedule"] },
  place: (string | number)[],
): Mistake[] {
  const mistakes: Mistake[] = [];
  const note = (path: (string | number)[], message: string) => {
    mistakes.push({ path: [...place, ...path], message });
  };
  const isPush = entry.format === "push";
  if (entry.instances !== undefined && entry.url !== undefined)
    note(["url"], "either url or instances, not both");
  if (!isPush && entry.instances === undefined && entry.url === undefined)
    note([], "needs url, or instances with a url each");
  const known = new Set<string>();
  const urls = [
    { path: ["url"], url: entry.url, isExpected: entry.instances === undefined },
    ...(entry.instances ?? []).map((instance, i) => {
      if (known.has(instance.id)) note(["instances", i, "id"], "the id is already used");
      known.add(instance.id);
      return { path: ["instances", i, "url"], url: instance.url, isExpected: true };
    }),
  ];
  for (const { path, url: address, isExpected } of urls) {
    if (address === undefined) {
      if (!isPush && isExpected && entry.instances !== undefined) note(path, "is required");
    } else if (!healthUrl.safeParse(address).success)
      note(path, "must be a URL that begins with http://, https:// or tcp://");
    else if (isPush) note(path, "a service that reports by itself (push) has no url");
    else if ((new URL(address).protocol === "tcp:") !== (entry.format === "tcp"))
      note(path, entry.format === "tcp" ? "must begin with tcp://" : "tcp:// goes with format tcp");
    else if (entry.format === "tcp" && new URL(address).port === "") note(path, "needs a port");
    else if (new URL(address).username || new URL(address).password) note(path, "must not carry credentials");
  }
  for (const [i, condition] of entry.conditions.entries()) {
    const fault = faultOf(condition);
    if (fault !== null) note(["conditions", i], fault);
  }
  if (isPush && entry.conditions.length > 0)
    note(["conditions"], "a service that reports by itself (push) has no answer to judge");
  if (entry.schedule !== undefined) {
    const { pattern, timeZone } = entry.schedule;
    if (!isPush) note(["schedule"], "goes with format push: a heartbeat tells the end of each run");
    if (offsetIn(timeZone, 0) === null)
      note(["schedule", "timeZone"], "is no time zone; use a name such as Europe/Berlin");
    else {
      const mistake = mistakeIn(pattern, timeZone);
      if (mistake !== null) note(["schedule", "pattern"], `is no cron pattern: ${mistake}`);
    }
  }
  if (entry.dependsOn.includes(entry.id)) note(["dependsOn"], "a service cannot depend on itself");
  if (entry.actuatorBreakers && (isPush || entry.format === "tcp"))
    note(["actuatorBreakers"], `needs a url over HTTP, not format ${entry.format}`);
  return mistakes;
}

function faultOf(condition: string): string | null {
  try {
    parseCondition(condition);
    return null;
  } catch (error) {
    if (!(error instanceof ConditionError)) throw error;
    return `${condition.slice(0, 100)} ${error.message}`;
  }
}

export function serviceOf(entry: ServiceEntry): WatchedService {
  const instances = entry.instances ?? [{ id: entry.id, url: entry.url }];
  return {
    id: entry.id,
    name: entry.name ?? entry.id,
    organization: entry.organization,
    group: entry.group ?? null,
    owner: entry.owner ?? null,
    runbookUrl: entry.runbook ?? null,
    dependsOn: entry.dependsOn,
    consumes: entry.consumes,
    instances: instances.map(({ id, url: address }) => ({ id, url: address ?? "" })),
    format: entry.format,
    conditions: entry.conditions,
    intervalMs: entry.interval,
    timeoutMs: entry.timeout,
    downAfter: entry.downAfter,
    upAfter: entry.upAfter,
    ...(entry.schedule === undefined
      ? {}
      : {
          schedule: {
            pattern: entry.schedule.pattern,
            timeZone: entry.schedule.timeZone,
            graceMs: entry.schedule.grace,
          },
        }),
    checkAgeMs: entry.checkAge ?? null,
    actuatorBreakers: entry.actuatorBreakers,
  };
}

export const ruleOf = (entry: SourcesContent["alerts"][number]): DeclaredRule => ({
  key: entry.id,
  organization: entry.organization,
  definition: ruleDefinition.parse({
    name: entry.name,
    isEnabled: entry.enabled,
    condition: entry.condition,
    things: entry.things,
    severity: entry.severity,
    forMs: entry.for,
    resolveForMs: entry.resolveFor,
    keepFiringForMs: entry.keepFiringFor,
    noData: entry.noData,
    noDataAfterMs: entry.noDataAfter,
    labels: entry.labels,
    owner: entry.owner,
    runbook: entry.runbook,
  }),
});

export const targetOf = (entry: SourcesContent["prometheus"][number]): WatchedTarget => ({
  id: entry.id,
  service: entry.service,
  instance: entry.instance ?? entry.service,
  url: entry.url,
  organization: entry.organization,
  intervalMs: entry.interval,
  timeoutMs: entry.timeout,
});
