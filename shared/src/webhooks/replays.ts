import { z } from "zod";
import { defineEndpoint, page, paging, timestamp } from "../endpoint.ts";
import { defineTopic } from "../live/topic.ts";
import { reasonText } from "../reason.ts";
import { breakerState, deliveryStatus, errorClass } from "./webhooks.ts";

/** What the trail keeps of a replay of many. */
export const replayKept = [
  "state",
  "cause",
  "total",
  "excluded",
  "ratePerSecond",
  "sent",
  "succeeded",
  "failed",
  "skipped",
] as const;

/** Deliveries that one plan freezes at most; it says so when more match. */
export const replayItemsMax = 100_000;

/** The filter of the delivery log, or some deliveries of it by id. What is not set does not narrow. */
export const replayFilter = z.strictObject({
  ids: z.array(z.uuid()).min(1).max(1000).optional(),
  status: z.array(deliveryStatus).max(10).optional(),
  endpointId: z.array(z.uuid()).max(50).optional(),
  eventType: z.array(z.string().max(200)).max(50).optional(),
  errorClass: z.array(errorClass).max(50).optional(),
  from: timestamp.optional(),
  to: timestamp.optional(),
  q: z.string().trim().min(1).max(200).optional(),
});
export type ReplayFilter = z.infer<typeof replayFilter>;

/** A plan that nobody starts within 15 minutes expires. A cancelled run sends nothing more. */
export const replayState = z.enum(["planned", "running", "paused", "completed", "cancelled", "expired"]);
export type ReplayState = z.infer<typeof replayState>;

/**
 * Why a delivery that matches is not in the frozen set: an attempt is under way or scheduled; it was delivered; its
 * endpoint is switched off or deleted; its payload is no longer kept; another running replay has it.
 */
export const replayExclusions = [
  "in_flight",
  "completed",
  "endpoint_off",
  "payload_gone",
  "other_replay",
] as const;
const replayExclusion = z.enum(replayExclusions);
export type ReplayExclusion = z.infer<typeof replayExclusion>;

const counts = {
  /** Deliveries of the frozen set, each of which is sent once at most. */
  total: z.number().int(),
  sent: z.number().int(),
  succeeded: z.number().int(),
  /** Sent and not delivered: they stay dead letters. */
  failed: z.number().int(),
  /** Not sent, because they had changed since they were frozen or their endpoint was switched off. */
  skipped: z.number().int(),
};

export const replayRun = z.object({
  id: z.uuid(),
  state: replayState,
  /** Why it is paused, in words. */
  cause: z.string().nullable(),
  reason: z.string().nullable(),
  /** Most deliveries a second to each endpoint; null: as fast as they can be handed over. */
  ratePerSecond: z.number().int().nullable(),
  ...counts,
  plannedBy: z.string(),
  /** The moment of which the set is. */
  plannedAt: timestamp,
  expiresAt: timestamp,
  startedBy: z.string().nullable(),
  /** Nothing is sent before. */
  startsAt: timestamp.nullable(),
  endedAt: timestamp.nullable(),
});
export type ReplayRun = z.infer<typeof replayRun>;

export const replayTopic = defineTopic({
  name: "replays",
  kind: "heads",
  capability: "webhooks:read",
  row: replayRun,
});

/** `held`: nothing is sent until a person resumes the run. */
export const replayPhase = z.enum(["canary", "sending", "held", "done"]);
export type ReplayPhase = z.infer<typeof replayPhase>;

const replayEndpoint = z.object({
  endpointId: z.uuid(),
  name: z.string(),
  url: z.string(),
  /** Up to 5 of those in the set. */
  eventTypes: z.array(z.string()),
  breaker: breakerState,
  phase: replayPhase,
  /** Why it is held. */
  cause: z.string().nullable(),
  /** Deliveries a second that it is given now; null: without limit. */
  ratePerSecond: z.number().nullable(),
  ...counts,
});
export type ReplayEndpoint = z.infer<typeof replayEndpoint>;

export const replayHappenings = [
  "planned",
  "started",
  "canary_passed",
  "slowed",
  "held",
  "endpoint_done",
  "paused",
  "resumed",
  "completed",
  "cancelled",
] as const;
const replayHappening = z.enum(replayHappenings);
export type ReplayHappening = z.infer<typeof replayHappening>;

export const replayDetail = replayRun.extend({
  filter: replayFilter,
  plan: z.object({
    /** Matches of the filter when it was frozen, each kind counted up to its bound (`matchedIsBound`). */
    matched: z.number().int(),
    matchedIsBound: z.boolean(),
    /** More than the set can hold match: plan the rest when this run is through. */
    isCut: z.boolean(),
    excluded: z.array(z.object({ why: replayExclusion, count: z.number().int() })),
    oldestAt: timestamp.nullable(),
    newestAt: timestamp.nullable(),
    /** Of the set: their last answer is not known, so the receiver may have them already. */
    maybeTwice: z.number().int(),
    /** First sent to each endpoint, before more. */
    canary: z.number().int(),
    /** Starting it asks for a step-up. */
    asksStepUp: z.boolean(),
    /** Seconds between the start and the first delivery, in which it can be cancelled. */
    holdMs: z.number(),
  }),
  endpoints: z.array(replayEndpoint),
  /** Newest first, at most 50. */
  journal: z.array(
    z.object({
      at: timestamp,
      what: replayHappening,
      endpointName: z.string().nullable(),
      detail: z.string().nullable(),
    }),
  ),
  /** What failed, by endpoint and answer, most first; of the first 10,000. */
  failures: z.array(
    z.object({
      endpointId: z.uuid(),
      endpointName: z.string(),
      statusCode: z.number().int().nullable(),
      errorClass: errorClass.nullable(),
      count: z.number().int(),
    }),
  ),
});
export type ReplayDetail = z.infer<typeof replayDetail>;

export const listReplays = defineEndpoint({
  method: "GET",
  path: "/webhooks/replays",
  summary: "Replays that were started, newest first",
  access: "webhooks:read",
  query: z.strictObject({ ...paging }),
  response: page(replayRun),
});

export const planReplay = defineEndpoint({
  method: "POST",
  path: "/webhooks/replays/plan",
  summary: "Freeze the dead letters that match, count what is left out and why; nothing is sent",
  access: "webhooks:replay",
  action: "webhooks.replay.plan",
  keeps: [...replayKept, "ids", "status", "endpointId", "eventType", "errorClass", "from", "to", "q"],
  body: replayFilter,
  response: replayDetail,
  status: 201,
});

const id = z.strictObject({ id: z.uuid() });

export const startReplay = defineEndpoint({
  method: "POST",
  path: "/webhooks/replays",
  summary:
    "Send what a plan froze, each delivery once: a canary first, then at a rate that the receiver bears",
  access: "webhooks:replay",
  action: "webhooks.replay.start",
  keeps: replayKept,
  stepUp: "when the plan holds more deliveries than the threshold",
  body: z.strictObject({
    planId: z.uuid(),
    reason: reasonText,
    ratePerSecond: z.number().int().min(1).max(10_000).nullable(),
  }),
  response: replayDetail,
  status: 202,
});

export const readReplay = defineEndpoint({
  method: "GET",
  path: "/webhooks/replays/:id",
  summary: "A plan or a run: how far it has come, by endpoint, what failed and what happened",
  access: "webhooks:read",
  params: id,
  response: replayDetail,
});

export const pauseReplay = defineEndpoint({
  method: "POST",
  path: "/webhooks/replays/:id/pause",
  summary: "Send nothing more of a running replay until it is resumed",
  access: "webhooks:replay",
  action: "webhooks.replay.pause",
  keeps: replayKept,
  params: id,
  response: replayDetail,
});

export const resumeReplay = defineEndpoint({
  method: "POST",
  path: "/webhooks/replays/:id/resume",
  summary: "Go on with a paused replay; endpoints that were held begin with a canary again",
  access: "webhooks:replay",
  action: "webhooks.replay.resume",
  keeps: replayKept,
  params: id,
  response: replayDetail,
});

export const cancelReplay = defineEndpoint({
  method: "POST",
  path: "/webhooks/replays/:id/cancel",
  summary: "End a plan or a run; what was sent stays sent",
  access: "webhooks:replay",
  action: "webhooks.replay.cancel",
  keeps: replayKept,
  params: id,
  response: replayDetail,
});
