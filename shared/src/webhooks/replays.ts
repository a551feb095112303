import { z } from "zod";
import { defineEndpoint, page, paging, timestamp, withExamples } from "../endpoint.ts";
import { defineTopic } from "../live/topic.ts";
import { reasonText } from "../reason.ts";
import { laneChange, runPhase, runRates, runState } from "../runs.ts";
import { breakerState, deliveryStatus, errorClass } from "./webhooks.ts";

/** Audited fields of a run. */
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
  "lane",
  "do",
  "phase",
] as const;

/** Maximum number of deliveries in the snapshot of a plan; `isCut` is set when more match. */
export const replayItemsMax = 100_000;

/** The filter of the delivery log, or some deliveries by id. Unset fields do not narrow it. */
export const replayFilter = z.strictObject({
  ids: z.array(z.uuid()).min(1).max(1000).optional(),
  /** Deliveries that failed in this earlier replay. */
  failedIn: z.uuid().optional(),
  status: z.array(deliveryStatus).max(10).optional(),
  endpointId: z.array(z.uuid()).max(50).optional(),
  eventType: z.array(z.string().max(200)).max(50).optional(),
  errorClass: z.array(errorClass).max(50).optional(),
  from: timestamp.optional(),
  to: timestamp.optional(),
  q: z.string().trim().min(1).max(200).optional(),
});
export type ReplayFilter = z.infer<typeof replayFilter>;

/** A plan that is not started within 15 minutes expires. A cancelled run sends nothing more. */
export const replayState = runState;
export type ReplayState = z.infer<typeof replayState>;

/**
 * Why a matching delivery is not in the snapshot: an attempt is running or scheduled; it was delivered; its
 * endpoint is disabled or deleted; its payload is no longer stored; another running replay includes it.
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
  /** Deliveries in the snapshot, each of which is sent at most once. */
  total: z.number().int(),
  sent: z.number().int(),
  succeeded: z.number().int(),
  /** Sent but not delivered: they stay dead letters. */
  failed: z.number().int(),
  /** Not sent, because they changed after the snapshot or their endpoint was disabled. */
  skipped: z.number().int(),
};

export const replayRun = z.object({
  id: z.uuid(),
  state: replayState,
  /** Why it is paused, in words. */
  cause: z.string().nullable(),
  reason: z.string().nullable(),
  /** Maximum deliveries per second to each endpoint; null: as fast as possible. */
  ratePerSecond: z.number().int().nullable(),
  ...counts,
  plannedBy: z.string(),
  /** Time of the snapshot. */
  plannedAt: timestamp,
  expiresAt: timestamp,
  startedBy: z.string().nullable(),
  /** Nothing is sent before this time. */
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
export const replayPhase = runPhase;
export type ReplayPhase = z.infer<typeof replayPhase>;

const replayEndpoint = z.object({
  endpointId: z.uuid(),
  name: z.string(),
  url: z.string(),
  /** Up to 5 event types in the snapshot. */
  eventTypes: z.array(z.string()),
  breaker: breakerState,
  phase: replayPhase,
  /** Why it is paused. */
  cause: z.string().nullable(),
  /** Its current rate in deliveries per second; null: unlimited. */
  ratePerSecond: z.number().nullable(),
  /** A limit that a person gave it; null: that of the replay. */
  limitPerSecond: z.number().int().nullable(),
  /** A person left out what still waits. */
  isLeftOut: z.boolean(),
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
  "skipped",
  "rate_set",
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
    /**
     * Matches of the filter at the time of the snapshot, each kind counted up to its bound
     * (`matchedIsBound`).
     */
    matched: z.number().int(),
    matchedIsBound: z.boolean(),
    /** More deliveries match than the snapshot can hold: plan the rest after this run. */
    isCut: z.boolean(),
    excluded: z.array(z.object({ why: replayExclusion, count: z.number().int() })),
    oldestAt: timestamp.nullable(),
    newestAt: timestamp.nullable(),
    /** Deliveries in the snapshot whose last outcome is unknown, so the receiver may already have them. */
    maybeTwice: z.number().int(),
    /** Sent first to each endpoint. */
    canary: z.number().int(),
    /** Starting it requires a step-up. */
    asksStepUp: z.boolean(),
    /** Time in ms between the start and the first delivery, in which it can be cancelled. */
    holdMs: z.number(),
  }),
  endpoints: z.array(replayEndpoint),
  rates: runRates,
  /** Newest first, at most 50. */
  journal: z.array(
    z.object({
      at: timestamp,
      what: replayHappening,
      endpointName: z.string().nullable(),
      detail: z.string().nullable(),
    }),
  ),
  /** Failures by endpoint and response, most first; of the first 10,000. */
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
  summary: "Started replays, newest first",
  access: "webhooks:read",
  query: z.strictObject({ ...paging }),
  response: page(replayRun),
});

export const planReplay = defineEndpoint({
  method: "POST",
  path: "/webhooks/replays/plan",
  summary:
    "Take a snapshot of the matching dead letters and count those left out, by reason; nothing is sent",
  access: "webhooks:replay",
  action: "webhooks.replay.plan",
  keeps: [
    ...replayKept,
    "ids",
    "status",
    "endpointId",
    "eventType",
    "errorClass",
    "from",
    "to",
    "q",
    "failedIn",
  ],
  body: withExamples(replayFilter, { status: ["dead_letter"], errorClass: ["http_5xx"] }),
  response: replayDetail,
  status: 201,
});

const id = z.strictObject({ id: z.uuid() });

export const startReplay = defineEndpoint({
  method: "POST",
  path: "/webhooks/replays",
  summary: "Send the deliveries of a plan, each once: a canary first, then at a rate the receiver can handle",
  access: "webhooks:replay",
  action: "webhooks.replay.start",
  keeps: replayKept,
  stepUp: "when the plan holds more deliveries than the threshold",
  body: withExamples(
    z.strictObject({
      planId: z.uuid(),
      reason: reasonText,
      ratePerSecond: z.number().int().min(1).max(10_000).nullable(),
    }),
    {
      planId: "01985c3e-8f00-7000-8000-000000000002",
      reason: "the receiver is back",
      ratePerSecond: 50,
    },
  ),
  response: replayDetail,
  status: 202,
});

export const readReplay = defineEndpoint({
  method: "GET",
  path: "/webhooks/replays/:id",
  summary: "A plan or run with its progress by endpoint, failures and journal",
  access: "webhooks:read",
  params: id,
  response: replayDetail,
});

export const pauseReplay = defineEndpoint({
  method: "POST",
  path: "/webhooks/replays/:id/pause",
  summary: "Pause a running replay: nothing more is sent until it is resumed",
  access: "webhooks:replay",
  action: "webhooks.replay.pause",
  keeps: replayKept,
  params: id,
  response: replayDetail,
});

export const resumeReplay = defineEndpoint({
  method: "POST",
  path: "/webhooks/replays/:id/resume",
  summary: "Resume a paused replay; paused endpoints start with a canary again",
  access: "webhooks:replay",
  action: "webhooks.replay.resume",
  keeps: replayKept,
  params: id,
  response: replayDetail,
});

export const cancelReplay = defineEndpoint({
  method: "POST",
  path: "/webhooks/replays/:id/cancel",
  summary: "Cancel a plan or run; deliveries already sent stay sent",
  access: "webhooks:replay",
  action: "webhooks.replay.cancel",
  keeps: replayKept,
  params: id,
  response: replayDetail,
});

export const steerReplay = defineEndpoint({
  method: "POST",
  path: "/webhooks/replays/:id/endpoints/:endpointId",
  summary: "Pause, resume or leave out one endpoint of a replay, or give it a rate of its own",
  access: "webhooks:replay",
  action: "webhooks.replay.steer",
  keeps: replayKept,
  params: z.strictObject({ id: z.uuid(), endpointId: z.uuid() }),
  body: laneChange,
  response: replayDetail,
});

export const readReplayResult = defineEndpoint({
  method: "GET",
  path: "/webhooks/replays/:id/result",
  summary: "What became of each delivery of a replay, as CSV",
  access: "webhooks:read",
  params: id,
  response: z.any(),
});
