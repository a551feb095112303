import { judgeFreshness } from "@wheelhouse/shared/freshness.ts";
import type { Overview } from "@wheelhouse/shared/overview.ts";
import { judgeVerdict, type Verdict } from "@wheelhouse/shared/verdict.ts";
import { spanOf } from "#observe/span.ts";

const entities: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
const escapeHtml = (text: string) => text.replace(/[&<>"']/g, (character) => entities[character] ?? "");

function spanShort(spanMs: number): string {
  if (spanMs < 1_000) return "< 1 s";
  const minutes = Math.floor(spanMs / 60_000);
  return minutes >= 1 && minutes < 60 ? `${minutes} m` : spanOf(spanMs);
}

/** The verdict that the dashboard shows, in UTC, for the page before its scripts run. */
export const verdictOf = (overview: Overview, nowMs: number): Verdict =>
  judgeVerdict(overview, judgeFreshness(overview, nowMs), nowMs, {
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
