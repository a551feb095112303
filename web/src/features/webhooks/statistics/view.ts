import type { EndpointResult } from "@wheelhouse/shared/endpoint.ts";
import type { readWebhookStatistics } from "@wheelhouse/shared/webhooks/dead-letters.ts";

export type Statistics = EndpointResult<typeof readWebhookStatistics>;
export type Series = Statistics["series"][number];
type Point = Series["points"][number];

const dayMs = 86_400_000;

export const spans = [7, 30, 90] as const;
export type SpanDays = (typeof spans)[number];

/** Whole days in UTC, the last of them today. */
export const rangeOfDays = (nowMs: number, days: number): { from: string; to: string } => {
  const endMs = (Math.floor(nowMs / dayMs) + 1) * dayMs;
  return { from: new Date(endMs - days * dayMs).toISOString(), to: new Date(endMs).toISOString() };
};

/** Share of attempts that succeeded, 0 to 1; null without any. */
export const successOf = ({ delivered, failed }: Pick<Point, "delivered" | "failed">): number | null =>
  delivered + failed === 0 ? null : delivered / (delivered + failed);

/** Delivered and dead letters of each day of a range, also of those on which nothing happened. */
export const barsOf = (series: Series | undefined, from: string, days: number): [number, number][] => {
  const byDay = new Map(series?.points.map((point) => [Date.parse(point.at), point]));
  return Array.from({ length: days }, (_, day): [number, number] => {
    const point = byDay.get(Date.parse(from) + day * dayMs);
    return [point?.delivered ?? 0, point?.deadLetters ?? 0];
  });
};
