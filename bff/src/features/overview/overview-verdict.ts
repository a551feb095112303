import type { Overview } from "@wheelhouse/shared/overview.ts";
import { judgeVerdict, type Verdict } from "@wheelhouse/shared/verdict.ts";
import { isStale, spanOf } from "#observe/tick/tick.ts";

const unknownIntervals = 5;
const shortestUnknownMs = 3_000;
const entities: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
const escapeHtml = (text: string) => text.replace(/[&<>"']/g, (character) => entities[character] ?? "");

function freshnessOf({ observedAt, intervalMs }: Overview, nowMs: number) {
  if (observedAt === null) return { state: "unknown" as const, ageMs: null };
  const ageMs = Math.max(0, nowMs - Date.parse(observedAt));
  if (ageMs > Math.max(unknownIntervals * intervalMs, shortestUnknownMs))
    return { state: "unknown" as const, ageMs };
  const state: "stale" | "fresh" = isStale(observedAt, intervalMs, nowMs) ? "stale" : "fresh";
  return { state, ageMs };
}

function spanShort(spanMs: number): string {
  if (spanMs < 1_000) return "< 1 s";
  const minutes = Math.floor(spanMs / 60_000);
  return minutes >= 1 && minutes < 60 ? `${minutes} m` : spanOf(spanMs);
}

/** The verdict that the dashboard shows, in UTC, for the page before its scripts run. */
export const verdictOf = (overview: Overview, nowMs: number): Verdict =>
  judgeVerdict(overview, freshnessOf(overview, nowMs), nowMs, {
    count: (value) => value.toLocaleString("en-US"),
    span: spanShort,
    clock: (iso) => `${iso.slice(11, 16)} UTC`,
  });

export function verdictHtml(overview: Overview, nowMs: number): string {
  const { parts, sentence } = verdictOf(overview, nowMs);
  const headline = parts.map(({ text }) => text).join(", ");
  const paragraph = sentence === "" ? "" : `<p class="c2">${escapeHtml(sentence)}</p>`;
  return `<section class="verdict"><h2 class="t20 b">${escapeHtml(headline)}</h2>${paragraph}</section>`;
}
