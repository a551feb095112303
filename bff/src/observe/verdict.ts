import type { Overview } from "@wheelhouse/shared/health.ts";
import { isStale } from "#observe/build-tick.ts";
import { spanOf } from "#observe/span.ts";

const worstFirst = ["down", "degraded", "stale", "unknown"] as const;
const entities: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
const escapeHtml = (text: string) => text.replace(/[&<>"']/g, (character) => entities[character] ?? "");

/** Headline and sentence of Overview as plain text, for the page before its scripts run. Old data is never called ok. */
export function verdictOf(overview: Overview, nowMs: number): { headline: string; sentence: string } {
  const { checks, problems, observedAt, intervalMs } = overview;
  const count = (state: (typeof worstFirst)[number]) =>
    problems.filter((problem) => problem.state === state).length;
  const parts = worstFirst.flatMap((state) => (count(state) > 0 ? [`${count(state)} ${state}`] : []));
  if (observedAt === null || checks.total === 0)
    return {
      headline: observedAt === null ? "Nothing is known yet" : "Nothing is watched yet",
      sentence: observedAt === null ? "The collector has not reported yet." : "",
    };
  const age = spanOf(Math.max(0, nowMs - Date.parse(observedAt)));
  const passing = `${checks.ok} of ${checks.total} checks pass.`;
  const passed = checks.ok === checks.total ? "All checks passed" : "Not all checks were judged";
  if (isStale(observedAt, intervalMs, nowMs))
    return {
      headline: parts.length > 0 ? `Was ${parts.join(", ")}, ${age} ago` : `${passed} ${age} ago`,
      sentence: `Last heard at ${observedAt.slice(11, 19)} UTC. What is shown may have changed since.`,
    };
  if (parts.length > 0) return { headline: parts.join(", "), sentence: passing };
  if (checks.ok < checks.total) return { headline: passing.slice(0, -1), sentence: "" };
  return { headline: `All ${checks.total} checks pass, verified ${age} ago`, sentence: "" };
}

export function verdictHtml(overview: Overview, nowMs: number): string {
  const { headline, sentence } = verdictOf(overview, nowMs);
  const paragraph = sentence === "" ? "" : `<p class="c2">${escapeHtml(sentence)}</p>`;
  return `<section class="verdict"><h2 class="t20 b">${escapeHtml(headline)}</h2>${paragraph}</section>`;
}
