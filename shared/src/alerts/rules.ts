import { z } from "zod";
import { defineEndpoint, shownCharacters, shownCharactersText, timestamp } from "../endpoint.ts";

export const severity = z.enum(["critical", "warning", "info"]);
export type Severity = z.infer<typeof severity>;
/** Worst first. */
export const severities = severity.options;

const shortText = (most: number) =>
  z.string().trim().min(1).max(most).regex(shownCharacters, shownCharactersText);
const metric = shortText(60);
const kind = shortText(60);
const dayMs = 86_400_000;
const duration = z.number().int().min(0).max(dayMs);

export const side = z.enum(["over", "under"]);
export type Side = z.infer<typeof side>;
/** How the values of a window become one; `rise` is the last minus the first. */
export const aggregate = z.enum(["last", "mean", "max", "min", "sum", "rise", "risePerMinute"]);
export type Aggregate = z.infer<typeof aggregate>;

const comparison = { metric, when: side, threshold: z.number() };

/** A figure of the history, e.g. `{ kind: "series", of: "queue", metric: "oldestWaitingMs", … }`. */
export const seriesCondition = z.strictObject({
  kind: z.literal("series"),
  /** Kind of thing, as in `/history/series`. */
  of: kind,
  ...comparison,
  /** The figure is divided by this one of the same thing. */
  dividedBy: metric.optional(),
  aggregate: aggregate.default("last"),
  /** The last value alone when 0. */
  windowMs: z
    .number()
    .int()
    .min(0)
    .max(6 * 3_600_000)
    .default(0),
  /** It resolves on the other side of this value; that of the threshold when it is left out. */
  resolveAt: z.number().optional(),
  /** Must hold, too. */
  and: z.strictObject(comparison).optional(),
});
/** No value of a figure of a thing that is watched. */
const absenceCondition = z.strictObject({ kind: z.literal("absence"), of: kind, metric });
/** A state of the board: the thing has a problem. */
const problemCondition = z.strictObject({
  kind: z.literal("problem"),
  /** Patterns of nodes, e.g. `service:*`. */
  nodes: z.array(shortText(200)).min(1).max(20),
  /** Any when left out. */
  states: z
    .array(z.enum(["down", "degraded", "unknown", "stale"]))
    .min(1)
    .optional(),
  labels: z.array(shortText(60)).min(1).max(20).optional(),
  /** What it means that nothing is found at a node any more: no data, or that it is over. */
  absent: z.enum(["unknown", "clear"]).default("unknown"),
});
export const condition = z.discriminatedUnion("kind", [seriesCondition, absenceCondition, problemCondition]);
export type Condition = z.infer<typeof condition>;

/** What a rule does while its figure has no value. */
export const noDataSetting = z.enum(["keep", "warn", "fire", "ok"]);

export const ruleDefinition = z.strictObject({
  name: shortText(100),
  isEnabled: z.boolean().default(true),
  condition,
  /** Patterns of ids or names of things, such as `orders*`; all when empty. Those with a leading `!` are left out. */
  things: z.array(shortText(200)).max(50).default([]),
  severity,
  /** How long the condition must hold before it fires. */
  forMs: duration.default(0),
  /** How long it must not hold before it resolves. */
  resolveForMs: duration.default(0),
  /** It fires for this long after the condition last held. */
  keepFiringForMs: duration.default(0),
  /**
   * `keep`: the alert stays as it is, never resolved by silence. `warn`: the same, and a warning of its own after
   * `noDataAfterMs`. `fire` and `ok`: as if the condition did or did not hold.
   */
  noData: noDataSetting.default("keep"),
  noDataAfterMs: duration.default(300_000),
  /** After three times within half an hour it resolves only when it did not hold for this long. */
  flapHoldMs: duration.default(600_000),
  labels: z
    .record(
      z.string().regex(/^[a-z][a-z0-9_]{0,39}$/, "must be lowercase letters, digits and _"),
      shortText(100),
    )
    .default({}),
  /** Team or person that the rule belongs to. */
  owner: shortText(100).nullable().default(null),
  runbook: z
    .url({ protocol: /^https?$/ })
    .max(500)
    .nullable()
    .default(null),
});
export type RuleDefinition = z.infer<typeof ruleDefinition>;
export type RuleInput = z.input<typeof ruleDefinition>;

export const ruleKey = z
  .string()
  .min(1)
  .max(63)
  .regex(/^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/, "must consist of lowercase letters, digits and inner hyphens");

export const ruleView = z.object({
  key: z.string(),
  /** `file`: from wheelhouse.yaml, where it is edited. */
  source: z.enum(["builtin", "page", "file", "objective"]),
  /** 0: as it is built in. */
  version: z.number().int(),
  definition: ruleDefinition,
  updatedAt: timestamp.nullable(),
  updatedBy: z.string().nullable(),
  /** Alerts of it now. */
  pending: z.number().int(),
  firing: z.number().int(),
});
export type RuleView = z.infer<typeof ruleView>;

export const ruleVersion = z.object({
  version: z.number().int(),
  /** Null when it was deleted, or set back to what is built in. */
  definition: ruleDefinition.nullable(),
  by: z.string(),
  at: timestamp,
});

/** Figures that a condition can name, with the things that have them now. */
export const ruleSeries = z.object({
  kind: z.string(),
  metrics: z.array(z.string()),
  /** At most 200. */
  things: z.array(z.object({ id: z.string(), name: z.string() })),
  count: z.number().int(),
});

export const ruleKept = [
  "name",
  "isEnabled",
  "severity",
  "condition",
  "things",
  "forMs",
  "resolveForMs",
  "keepFiringForMs",
  "noData",
  "noDataAfterMs",
  "flapHoldMs",
  "labels",
  "owner",
  "runbook",
  "version",
] as const;

const params = z.strictObject({ key: ruleKey });

export const listRules = defineEndpoint({
  method: "GET",
  path: "/alerts/rules",
  summary: "All alert rules: built in, from the page, from wheelhouse.yaml and of objectives, by name",
  access: "alerts:read",
  response: z.object({ items: z.array(ruleView), nextCursor: z.null() }),
});

export const readRule = defineEndpoint({
  method: "GET",
  path: "/alerts/rules/:key",
  summary: "One alert rule with its versions, newest first, at most 50",
  access: "alerts:read",
  params,
  response: ruleView.extend({ versions: z.array(ruleVersion) }),
});

export const listRuleSeries = defineEndpoint({
  method: "GET",
  path: "/alerts/series",
  summary: "Kinds of things with the figures that a rule can watch",
  access: "alerts:read",
  response: z.object({ items: z.array(ruleSeries) }),
});

export const createRule = defineEndpoint({
  method: "POST",
  path: "/alerts/rules",
  summary: "Create an alert rule",
  access: "alerts:configure",
  action: "alerts.rule.create",
  keeps: ruleKept,
  body: z.strictObject({ key: ruleKey, definition: ruleDefinition }),
  response: ruleView,
  status: 201,
});

export const updateRule = defineEndpoint({
  method: "PUT",
  path: "/alerts/rules/:key",
  summary: "Change an alert rule; 409 when it has been changed since `version`",
  access: "alerts:configure",
  action: "alerts.rule.update",
  keeps: ruleKept,
  params,
  body: z.strictObject({ version: z.number().int().min(0), definition: ruleDefinition }),
  response: ruleView,
});

export const deleteRule = defineEndpoint({
  method: "DELETE",
  path: "/alerts/rules/:key",
  summary: "Delete an alert rule, or set a built-in one back; its open alerts end without a notification",
  access: "alerts:configure",
  action: "alerts.rule.delete",
  keeps: ruleKept,
  params,
  query: z.strictObject({ version: z.coerce.number().int().min(0) }),
  response: z.object({ key: z.string() }),
});

const definitionText = z
  .string()
  .max(8_000)
  .transform((text, context): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      context.addIssue({ code: "custom", message: "is not valid JSON" });
      return z.NEVER;
    }
  })
  .pipe(ruleDefinition);

export const previewRule = defineEndpoint({
  method: "GET",
  path: "/alerts/preview",
  summary: "When a rule would have fired over the last day or week, from the history of one thing",
  access: "alerts:read",
  query: z.strictObject({
    /** The rule as JSON, as in `POST /alerts/rules`. */
    definition: definitionText,
    /** The thing to draw; the first that the rule matches when it is left out. */
    thing: shortText(600).optional(),
    span: z.enum(["day", "week"]).default("day"),
  }),
  response: z.object({
    /** Null when nothing matches. */
    thing: z.object({ id: z.string(), name: z.string() }).nullable(),
    from: timestamp,
    to: timestamp,
    stepMs: z.number(),
    values: z.array(z.number().nullable()),
    /** When it would have fired; `to` is null while it still would. */
    firings: z.array(z.object({ from: timestamp, to: timestamp.nullable(), peak: z.number().nullable() })),
    /** Since when it would be pending now. */
    pendingSince: timestamp.nullable(),
    firingMs: z.number(),
    /** Why there is no preview; null when there is one. */
    unavailable: z.string().nullable(),
  }),
});
export type RulePreview = z.infer<(typeof previewRule)["response"]>;
