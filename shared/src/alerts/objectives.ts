import { z } from "zod";
import { defineEndpoint, shownName, timestamp } from "../endpoint.ts";
import { ruleKey, severity } from "./rules.ts";

/** Two windows must burn faster: the long one proves it, the short one says that it still does. */
const burn = z.strictObject({
  /** Times the rate that would use up the budget exactly at the end of the window. */
  over: z.number().min(1).max(1_000),
  severity,
});

export const objectiveDefinition = z.strictObject({
  name: shownName,
  /** `service`: share of time in which it was up. `endpoint`: share of attempts to a webhook endpoint that succeeded. */
  of: z.enum(["service", "endpoint"]),
  /** Id of the service or the endpoint. */
  thing: z.string().min(1).max(200),
  /** 0–1. */
  target: z.number().min(0.5).max(0.99999),
  windowDays: z.number().int().min(1).max(90).default(30),
  /** Over 1 h and 5 m. */
  fast: burn.default({ over: 14.4, severity: "critical" }),
  /** Over 6 h and 30 m. */
  slow: burn.default({ over: 6, severity: "warning" }),
  owner: shownName.nullable().default(null),
  runbook: z
    .url({ protocol: /^https?$/ })
    .max(500)
    .nullable()
    .default(null),
});
export type ObjectiveDefinition = z.infer<typeof objectiveDefinition>;

/** Null while there is not enough data. */
const figure = z.number().nullable();
export const objective = z.object({
  key: z.string(),
  version: z.number().int(),
  definition: objectiveDefinition,
  updatedAt: timestamp,
  updatedBy: z.string(),
  thingName: z.string(),
  /** 0–1, over the window, or over what is known of it. */
  achieved: figure,
  /** Days of the window with data. */
  knownDays: z.number(),
  /** 1 is untouched, negative is overdrawn. */
  budgetLeft: figure,
  burn: z.object({ m5: figure, m30: figure, h1: figure, h6: figure }),
});
export type Objective = z.infer<typeof objective>;

const kept = ["name", "of", "thing", "target", "windowDays", "owner", "runbook", "version"] as const;
/** Its rules have longer keys. */
const key = ruleKey.max(50);
const params = z.strictObject({ key });

export const listObjectives = defineEndpoint({
  method: "GET",
  path: "/alerts/objectives",
  summary: "Service objectives with the error budget that is left and how fast it burns",
  access: "alerts:read",
  response: z.object({ items: z.array(objective), nextCursor: z.null() }),
});

export const createObjective = defineEndpoint({
  method: "POST",
  path: "/alerts/objectives",
  summary: "Create a service objective, with its burn-rate alerts",
  access: "alerts:configure",
  action: "alerts.objective.create",
  keeps: kept,
  body: z.strictObject({ key, definition: objectiveDefinition }),
  response: objective,
  status: 201,
});

export const updateObjective = defineEndpoint({
  method: "PUT",
  path: "/alerts/objectives/:key",
  summary: "Change a service objective; 409 when it has been changed since `version`",
  access: "alerts:configure",
  action: "alerts.objective.update",
  keeps: kept,
  params,
  body: z.strictObject({ version: z.number().int().min(1), definition: objectiveDefinition }),
  response: objective,
});

export const deleteObjective = defineEndpoint({
  method: "DELETE",
  path: "/alerts/objectives/:key",
  summary: "Delete a service objective and its alerts",
  access: "alerts:configure",
  action: "alerts.objective.delete",
  keeps: kept,
  params,
  query: z.strictObject({ version: z.coerce.number().int().min(1) }),
  response: z.object({ key: z.string() }),
});
