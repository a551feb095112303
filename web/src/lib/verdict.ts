import type { Overview } from "@wheelhouse/shared/health.ts";
import { formatClock, formatCount, formatPlural, formatSpanShort, type Zone, zoneName } from "#lib/format.ts";
import { judgeFreshness } from "#lib/freshness.ts";

export type VerdictTone = "ok" | "down" | "degraded" | "unknown" | "stale";
export type Verdict = {
  /** Words of the headline, worst first; only the first is tinted, and only when it is down or degraded. */
  parts: { text: string; tone: VerdictTone }[];
  sentence: string;
  tone: VerdictTone;
  /** `2 down`, `OK`, `Stale`: for the tab's title. */
  short: string;
};

const order = ["down", "degraded", "stale", "unknown"] as const;

const dayMs = 24 * 60 * 60_000;

const oldestSince = (sinceMs: number, nowMs: number, zone: Zone): string =>
  nowMs - sinceMs >= dayMs
    ? `The oldest lasts ${formatSpanShort(nowMs - sinceMs)}.`
    : `Oldest since ${formatClock(new Date(sinceMs).toISOString(), zone)} ${zoneName(zone)}.`;

/** The one roll-up that headline, tab title and favicon share. Data that is not fresh is never called ok. */
export const judgeOverview = (overview: Overview, nowMs: number, zone: Zone): Verdict => {
  const { checks, problems, observedAt } = overview;
  const fresh = judgeFreshness(overview, nowMs);
  const parts = order.flatMap((state) => {
    const count = problems.filter((problem) => problem.state === state).length;
    return count === 0 ? [] : [{ text: `${formatCount(count)} ${state}`, tone: state }];
  });
  const worst = parts[0];
  if (fresh.state !== "fresh") {
    const age = fresh.ageMs === null ? "" : `, ${formatSpanShort(fresh.ageMs)} ago`;
    const was =
      worst === undefined
        ? checks.total > 0
          ? "all checks passed"
          : null
        : parts.map(({ text }) => text).join(", ");
    const text = observedAt === null || was === null ? "Nothing is known yet" : `Was ${was}${age}`;
    const tone = fresh.state === "stale" ? "stale" : "unknown";
    return {
      parts: [{ text, tone }],
      sentence:
        observedAt === null
          ? "The collector has not reported yet."
          : `Last heard at ${formatClock(observedAt, zone)} ${zoneName(zone)}. What is shown may have changed since.`,
      tone,
      short: tone === "stale" ? "Stale" : "Unknown",
    };
  }
  if (worst !== undefined) {
    const others = checks.total - checks.ok;
    const since = problems.reduce(
      (first, problem) => Math.min(first, Date.parse(problem.since)),
      Number.POSITIVE_INFINITY,
    );
    const explained =
      problems.length < others
        ? ` ${problems.length === 1 ? "This problem explains" : `These ${problems.length} problems explain`} the other ${others}.`
        : "";
    return {
      parts,
      sentence: `${formatCount(checks.ok)} of ${formatPlural(checks.total, "check")} pass.${explained} ${oldestSince(since, nowMs, zone)}`,
      tone: worst.tone,
      short: worst.text,
    };
  }
  if (checks.total === 0) {
    return {
      parts: [{ text: "Nothing is watched yet", tone: "unknown" }],
      sentence: "",
      tone: "unknown",
      short: "No checks",
    };
  }
  if (checks.ok < checks.total) {
    return {
      parts: [
        { text: `${formatCount(checks.ok)} of ${formatPlural(checks.total, "check")} pass`, tone: "unknown" },
      ],
      sentence: `${formatCount(checks.total - checks.ok)} are not judged yet.`,
      tone: "unknown",
      short: "Unknown",
    };
  }
  const age = formatSpanShort(fresh.ageMs ?? 0);
  return {
    parts: [{ text: `All ${formatPlural(checks.total, "check")} pass, verified ${age} ago`, tone: "ok" }],
    sentence: "",
    tone: "ok",
    short: "OK",
  };
};
