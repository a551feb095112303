import { z } from "zod";
import { defineEndpoint, page, paging, queryList, timestamp } from "./endpoint.ts";
import { fold } from "./live/flaps.ts";

/**
 * What history is kept of, as the topics declare it (`live/history-kinds.ts`). `organization`: the checks and problems of the
 * organization as a whole; `webhooks`: its webhook delivery as a whole; `process`: one process of Wheelhouse itself, by the id of its instance.
 */
const historyKind = z.string().min(1).max(60);
/** A kind of the journal, as the topics declare it. */
const journalKind = z.string().min(1).max(60);

const range = { from: timestamp, to: timestamp };
const name = z.string().min(1).max(600);

/** Values in order, null where there was no data. */
const values = z.array(z.number().nullable());

export const seriesPoints = 1500;

const seriesAnswer = z.object({
  kind: historyKind,
  id: z.string(),
  /** Time of the first value; aligned to steps. */
  from: timestamp,
  /** Between two values; the finest kept for the whole range that yields at most 1,500 values. */
  stepMs: z.number(),
  series: z.array(
    z.object({
      metric: z.string(),
      /** Means over each step. */
      values,
      /** Extremes of the 10 s means within each step; null for 10 s steps, which have only one. */
      mins: values.nullable(),
      maxs: values.nullable(),
      /** Of the means of the finest steps kept for the range; null where nothing is known. */
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

/** One state change, as the collector observed it. */
const journalEntry = z.object({
  id: z.uuid(),
  at: timestamp,
  kind: journalKind,
  /** Id of the row that changed, where it is known. */
  subjectId: z.string().nullable(),
  subject: z.string(),
  /** State and label before and after; null where unknown. */
  from: z.string().nullable(),
  to: z.string().nullable(),
  text: z.string(),
  cause: z.string(),
});
export type JournalEntry = z.infer<typeof journalEntry>;

export const listJournal = defineEndpoint({
  method: "GET",
  path: "/history/journal",
  summary: "State changes, newest first, kept for 13 months",
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

/** An event at a moment: a state change, a deployment, or an audited change. */
export const annotation = z.object({
  id: z.string(),
  at: timestamp,
  source: z.enum(["journal", "deployment", "audit"]),
  text: z.string(),
  by: z.string(),
  state: z.enum(["down", "degraded"]).nullable(),
  /** Name of what changed or was deployed; null for audited changes. */
  subject: z.string().nullable(),
  /** The changes of a flapping thing behind this line; null where it stands for itself. */
  fold: fold.nullable(),
});
export type Annotation = z.infer<typeof annotation>;

export const annotationsMax = 300;

export const listAnnotations = defineEndpoint({
  method: "GET",
  path: "/history/annotations",
  summary:
    "State changes (flaps folded), deployments and audited changes within a range, newest first, at most 300, of everything or of one thing and what it depends on",
  access: "overview:read",
  query: z.strictObject({
    ...range,
    /** Of one thing, as in `/history/series`: its own changes, those of what it depends on, and acts on and deployments of either. */
    kind: historyKind.optional(),
    id: name.optional(),
  }),
  response: z.object({
    items: z.array(annotation),
    /** More happened than is listed; what is listed is spread evenly over the range. */
    isCut: z.boolean(),
  }),
});

const deployment = z.object({
  id: z.uuid(),
  service: z.string(),
  version: z.string(),
  /** When it was deployed, as reported. */
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
  summary: "Records the deployment of a version of a service, to be shown beside other changes",
  access: "deployments:write",
  action: "history.deployment.create",
  keeps: ["service", "version", "at", "by", "url"],
  body: z.strictObject({
    service: word,
    version: word,
    /** Defaults to now; up to 7 days ago. */
    at: timestamp.optional(),
    /** Defaults to the caller's name. */
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
  summary: "Recorded deployments, newest first",
  access: "overview:read",
  query: z.strictObject({ service: word.optional(), ...paging }),
  response: page(deployment),
});
