import { judgeFreshness } from "@wheelhouse/shared/freshness.ts";
import { judgeVerdict, type Verdict } from "@wheelhouse/shared/health/verdict.ts";
import type { Overview } from "@wheelhouse/shared/overview.ts";
import { formatSpanShort } from "@wheelhouse/shared/span.ts";

const entities: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
const escapeHtml = (text: string) => text.replace(/[&<>"']/g, (character) => entities[character] ?? "");

/** The verdict shown on the dashboard, in UTC, for the page before its scripts run. */
export const verdictOf = (overview: Overview, nowMs: number): Verdict =>
  judgeVerdict(overview, judgeFreshness(overview, nowMs), nowMs, {
    count: (value) => value.toLocaleString("en-US"),
    span: formatSpanShort,
    clock: (iso) => `${iso.slice(11, 16)} UTC`,
  });

export function verdictHtml(overview: Overview, nowMs: number): string {
  const { parts, sentence } = verdictOf(overview, nowMs);
  const headline = parts.map(({ text }) => text).join(", ");
  const paragraph = sentence === "" ? "" : `<p class="c2">${escapeHtml(sentence)}</p>`;
  return `<section class="verdict"><h2 class="t20 b">${escapeHtml(headline)}</h2>${paragraph}</section>`;
}
