import { z } from "zod";
import { defineEndpoint, page, paging, queryList, timestamp } from "./endpoint.ts";

/**
 * What history is kept of, as the topics declare it (`live/history-kinds.ts`). `organization`: the checks and problems of all
 * of it; `webhooks`: delivery of all of it; `process`: one process of Wheelhouse itself, by the id of its instance.
 */
const historyKind = z.string().min(1).max(60);
/** A kind of the journal, as the topics declare it. */
const journalKind = z.string().min(1).max(60);

const range = { from: timestamp, to: timestamp };
const name = z.string().min(1).max(600);

/** Values in order, null where nothing was heard. */
const values = z.array(z.number().nullable());

export const seriesPoints = 1500;

const seriesAnswer = z.object({
  kind: historyKind,
  id: z.string(),
  /** Time of the first value; cut to whole steps. */
  from: timestamp,
  /** Between two values; the finest that is kept for the whole range and gives 1,500 values at most. */
  stepMs: z.number(),
  series: z.array(
    z.object({
      metric: z.string(),
      /** Means over each step. */
      values,
      /** Extremes of the 10 s means within each step; null where a step is 10 s and has one. */
      mins: values.nullable(),
      maxs: values.nullable(),
      /** Of the means of the finest steps that are kept for the range; null where nothing is known. */
      percentiles: z
        .object({ stepMs: z.number(), p50: z.number(), p95: z.number(), p99: z.number() })
        .nullable(),
    }),
  ),
});
export type HistorySeries = z.infer<typeof seriesAnswer>;

export const readSeries = defineEndpoint({
  method: "GET",
  path: "/history/series",
  summary:
    "Figures of one queue, server, service, breaker or cache over a range of up to 13 months, in at most 1,500 steps",
  access: "overview:read",
  query: z.strictObject({ kind: historyKind, id: name, metrics: queryList(name), ...range }),
  response: seriesAnswer,
});

/** One change of state as the collector saw it. */
const journalEntry = z.object({
  id: z.uuid(),
  at: timestamp,
  kind: journalKind,
  /** Id of the row that changed, where it is known. */
  subjectId: z.string().nullable(),
  subject: z.string(),
  /** State and word before and after; null where it was not told. */
  from: z.string().nullable(),
  to: z.string().nullable(),
  text: z.string(),
  cause: z.string(),
});
export type JournalEntry = z.infer<typeof journalEntry>;

export const listJournal = defineEndpoint({
  method: "GET",
  path: "/history/journal",
  summary: "Changes of state, newest first, kept for 13 months",
  access: "overview:read",
  query: z.strictObject({
    kind: queryList(journalKind).optional(),
    /** Id or name of what changed. */
    subject: name.optional(),
    from: timestamp.optional(),
    to: timestamp.optional(),
    ...paging,
  }),
  response: page(journalEntry),
});

/** Something that happened at a moment: a change of state, a deployment, or an act of the audit trail. */
export const annotation = z.object({
  id: z.string(),
  at: timestamp,
  source: z.enum(["journal", "deployment", "audit"]),
  text: z.string(),
  by: z.string(),
  state: z.enum(["down", "degraded"]).nullable(),
  /** Name of what changed or was deployed; null for acts. */
  subject: z.string().nullable(),
});
export type Annotation = z.infer<typeof annotation>;

export const annotationsMax = 300;

export const listAnnotations = defineEndpoint({
  method: "GET",
  path: "/history/annotations",
  summary: "Changes of state, deployments and acts within a range, newest first, the newest 300",
  access: "overview:read",
  query: z.strictObject(range),
  response: z.object({
    items: z.array(annotation),
    /** More happened than is listed. */
    isCut: z.boolean(),
  }),
});

const deployment = z.object({
  id: z.uuid(),
  service: z.string(),
  version: z.string(),
  /** When it was rolled out, as told. */
  at: timestamp,
  by: z.string(),
  url: z.url().nullable(),
  createdAt: timestamp,
});
export type Deployment = z.infer<typeof deployment>;

const word = z.string().trim().min(1).max(100);

export const createDeployment = defineEndpoint({
  method: "POST",
  path: "/deployments",
  summary: "Tells that a version of a service was rolled out; it is shown beside what changed",
  access: "deployments:write",
  action: "history.deployment.create",
  keeps: ["service", "version", "at", "by", "url"],
  body: z.strictObject({
    service: word,
    version: word,
    /** Now unless told; up to 7 days ago. */
    at: timestamp.optional(),
    /** The caller's name unless told. */
    by: word.optional(),
    url: z
      .url({ protocol: /^https?$/ })
      .max(500)
      .optional(),
  }),
  response: deployment,
  status: 201,
});

export const listDeployments = defineEndpoint({
  method: "GET",
  path: "/deployments",
  summary: "Deployments that were told, newest first",
  access: "overview:read",
  query: z.strictObject({ service: word.optional(), ...paging }),
  response: page(deployment),
});
