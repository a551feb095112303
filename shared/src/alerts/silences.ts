import { z } from "zod";
import { defineEndpoint, page, paging, timestamp } from "../endpoint.ts";
import { reasonText } from "../reason.ts";

/** Compares a label of an alert with a pattern, in which `*` stands for any text. */
export const matcher = z.strictObject({
  label: z.string().min(1).max(60),
  pattern: z.string().min(1).max(200),
  /** Matches what the pattern does not. */
  isNot: z.boolean().default(false),
});
export type Matcher = z.infer<typeof matcher>;

export const silence = z.object({
  id: z.uuid(),
  /** All must match. */
  matchers: z.array(matcher),
  reason: z.string(),
  startsAt: timestamp,
  endsAt: timestamp,
  createdBy: z.string(),
  createdAt: timestamp,
  endedAt: timestamp.nullable(),
  endedBy: z.string().nullable(),
  /** Alerts that it matches now. */
  firing: z.number().int(),
  pending: z.number().int(),
});
export type Silence = z.infer<typeof silence>;

const kept = ["matchers", "startsAt", "endsAt", "endedAt"] as const;

export const listSilences = defineEndpoint({
  method: "GET",
  path: "/alerts/silences",
  summary: "Silences, newest first",
  access: "alerts:read",
  query: z.strictObject({ state: z.enum(["open", "ended"]).default("open"), ...paging }),
  response: page(silence),
});

export const createSilence = defineEndpoint({
  method: "POST",
  path: "/alerts/silences",
  summary: "Hold the notifications of matching alerts until a time; their incidents stay",
  access: "alerts:act",
  action: "alerts.silence.create",
  keeps: kept,
  body: z.strictObject({
    matchers: z.array(matcher).min(1).max(10),
    reason: reasonText,
    /** Defaults to now. */
    startsAt: timestamp.optional(),
    /** At most 90 days after the start. */
    endsAt: timestamp,
  }),
  response: silence,
  status: 201,
});

export const endSilence = defineEndpoint({
  method: "DELETE",
  path: "/alerts/silences/:id",
  summary: "End a silence early",
  access: "alerts:act",
  action: "alerts.silence.end",
  keeps: kept,
  params: z.strictObject({ id: z.uuid() }),
  response: silence,
});
