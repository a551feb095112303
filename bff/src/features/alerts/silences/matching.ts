import type { Matcher } from "@wheelhouse/shared/alerts/silences.ts";
import { globExpression } from "@wheelhouse/shared/reporter/glob.ts";

/** Whether an alert with these labels is matched by all; a label that it does not have is empty. */
export const isMatched = (matchers: readonly Matcher[], labels: Readonly<Record<string, string>>): boolean =>
  matchers.every(({ label, pattern, isNot }) => globExpression(pattern).test(labels[label] ?? "") !== isNot);

export type SilenceTimes = { startsMs: number; endsMs: number; endedMs: number | null };

/** Whether a silence holds at a moment; one in the past or ended early never does. */
export const isInForce = ({ startsMs, endsMs, endedMs }: SilenceTimes, atMs: number): boolean =>
  startsMs <= atMs && atMs < endsMs && (endedMs === null || atMs < endedMs);
