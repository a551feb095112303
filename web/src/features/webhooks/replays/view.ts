import type {
  ReplayDetail,
  ReplayEndpoint,
  ReplayExclusion,
  ReplayFilter,
  ReplayHappening,
  ReplayPhase,
  ReplayRun,
  ReplayState,
} from "@wheelhouse/shared/webhooks/replays.ts";
import { formatCount, formatPlural } from "#lib/format.ts";
import type { Tone } from "#ui/page/status.tsx";
import type { RunPhaseView } from "#ui/run/run-frame.tsx";
import type { WebhooksSearch } from "../search.ts";

/** The filter of the list, in the form a plan expects. */
export const replayFilterOf = (search: WebhooksSearch): ReplayFilter => {
  const { status, endpointId, eventType, errorClass, from, to, q } = search;
  return {
    ...(status === undefined ? {} : { status }),
    ...(endpointId === undefined ? {} : { endpointId }),
    ...(eventType === undefined ? {} : { eventType }),
    ...(errorClass === undefined ? {} : { errorClass }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(q === undefined ? {} : { q }),
  };
};

export const stateViews: Record<ReplayState, { tone: Tone; label: string }> = {
  planned: { tone: "neutral", label: "Planned" },
  running: { tone: "run", label: "Running" },
  paused: { tone: "degraded", label: "Paused" },
  completed: { tone: "ok", label: "Completed" },
  cancelled: { tone: "neutral", label: "Cancelled" },
  expired: { tone: "neutral", label: "Expired" },
};

const phaseViews: Record<ReplayPhase, { tone: Tone; label: string }> = {
  canary: { tone: "run", label: "Canary" },
  sending: { tone: "run", label: "Sending" },
  held: { tone: "degraded", label: "On hold" },
  done: { tone: "ok", label: "Done" },
};

/** State of one endpoint, given the state of its run. */
export const laneView = (
  run: Pick<ReplayRun, "state">,
  lane: ReplayEndpoint,
): { tone: Tone; label: string } => {
  if (lane.phase === "held" && lane.breaker === "open")
    return { tone: "down", label: "On hold: breaker open" };
  if (lane.phase === "held" || lane.phase === "done" || run.state === "running")
    return phaseViews[lane.phase];
  return run.state === "paused" ? { tone: "paused", label: "Paused" } : stateViews[run.state];
};

export const exclusionWords: Record<ReplayExclusion, string> = {
  in_flight: "Attempt in progress or due",
  completed: "Already delivered",
  endpoint_off: "Endpoint disabled or deleted",
  payload_gone: "Payload no longer stored",
  other_replay: "In another running replay",
};

export const happeningWords: Record<ReplayHappening, string> = {
  planned: "Snapshot taken",
  started: "Started",
  canary_passed: "Canary passed",
  slowed: "Rate halved",
  held: "On hold",
  endpoint_done: "Finished",
  skipped: "Left out",
  rate_set: "Rate set",
  paused: "Paused",
  resumed: "Resumed",
  completed: "Completed",
  cancelled: "Cancelled",
};

/** What the parts of a progress bar are called. */
export const replayWords = { succeeded: "delivered", open: "waiting for a response" };

/** From the snapshot to the report, in the words of replays. */
export const replayPhases = (run: ReplayDetail): RunPhaseView[] => {
  const { state, plan, endpoints, succeeded, sent, startsAt } = run;
  const excluded = plan.excluded.reduce((sum, { count }) => sum + count, 0);
  const isOver = state === "completed" || state === "cancelled";
  const inCanary = endpoints.filter(({ phase }) => phase === "canary").length;
  const isSending = startsAt !== null && inCanary < endpoints.length;
  const rate =
    run.ratePerSecond === null ? "no limit" : `learned, at most ${formatCount(run.ratePerSecond)} /s`;
  return [
    {
      name: "Snapshot",
      detail: `${formatCount(plan.matched)} match, ${formatCount(excluded)} excluded`,
      is: "done",
    },
    {
      name: isSending || isOver ? "Canary passed" : "Canary",
      detail:
        inCanary > 0 && !isOver
          ? `${plan.canary} per endpoint, ${formatPlural(inCanary, "endpoint")} to go`
          : `${plan.canary} per endpoint`,
      is: isSending || isOver ? "done" : "now",
    },
    { name: "Adaptive rate", detail: rate, is: isOver ? "done" : isSending ? "now" : "to come" },
    {
      name: state === "cancelled" ? "Cancelled" : "Finish",
      detail: isOver
        ? `${formatCount(succeeded)} of ${formatCount(sent)} delivered`
        : "report and audit event",
      is: isOver ? "done" : "to come",
    },
  ];
};

/** Headline of a run. */
export const replayVerdict = (run: ReplayDetail): string => {
  const { state, endpoints, succeeded, total, cause, sent, skipped, failed } = run;
  if (state === "paused") return cause === null ? "Paused" : `Paused: ${cause}`;
  if (state === "cancelled")
    return `Cancelled after ${formatCount(sent)} of ${formatPlural(total, "delivery", "deliveries")}`;
  if (state === "expired") return "Expired: nobody started this plan";
  if (state === "planned") return `Planned: ${formatPlural(total, "delivery", "deliveries")}, nothing sent`;
  if (state === "completed") {
    const rest = [
      failed > 0 && `${formatCount(failed)} failed`,
      skipped > 0 && `${formatCount(skipped)} skipped`,
    ].filter((part) => part !== false);
    return `Completed: ${formatCount(succeeded)} of ${formatCount(total)} delivered${rest.length > 0 ? `, ${rest.join(", ")}` : ""}`;
  }
  const count = (...phases: ReplayPhase[]) => endpoints.filter(({ phase }) => phases.includes(phase)).length;
  const parts = [
    [count("canary"), "in canary"],
    [count("sending"), "sending"],
    [count("held"), "on hold"],
    [count("done"), "done"],
  ] as const;
  const shown = parts.filter(([many]) => many > 0);
  return `Running: ${shown
    .map(([many, word], index) => `${index === 0 ? formatPlural(many, "endpoint") : many} ${word}`)
    .join(", ")}`;
};

/**
 * Minimum duration in seconds when each endpoint is sent to at its limit.
 * @returns null without a limit.
 */
export const leastSeconds = (endpoints: readonly { total: number }[], rate: number | null): number | null =>
  rate === null ? null : Math.max(0, ...endpoints.map(({ total }) => total / rate));

/** Above this count, or when a receiver is failing, the count has to be typed. */
const typedAbove = 25;
export const asksCount = ({ total, endpoints }: Pick<ReplayDetail, "total" | "endpoints">): boolean =>
  total > typedAbove || endpoints.some(({ breaker }) => breaker !== "closed");
