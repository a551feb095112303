import { breakerList, type readBreaker } from "@wheelhouse/shared/breakers.ts";
import type { EndpointResult } from "@wheelhouse/shared/endpoint.ts";
import { notFound } from "#lib/http/errors.ts";
import { noSeries, type Past, readFrame } from "#observe/spread/spread.ts";

const spanMs = 10 * 60_000;

/** A breaker as it was at a past time. @throws AppError `not_found` */
export async function pastBreaker(
  past: Past,
  organizationId: string,
  id: string,
  at: string,
): Promise<Omit<EndpointResult<typeof readBreaker>, "changedBefore" | "effectOf">> {
  const frame = { schema: breakerList, part: "breakers" };
  const { observedAt, intervalMs, items } = await readFrame(past, frame, organizationId, at);
  const breaker = items.find((each) => each.id === id);
  if (!breaker) throw notFound("breaker");
  const metrics = ["failureRatio", "failedPerMinute"];
  const [failureRatio = noSeries, failedPerMinute = noSeries] = await past.seriesBefore(organizationId, {
    kind: "breaker",
    id,
    at,
    spanMs,
    metrics,
  });
  return { observedAt, intervalMs, breaker, failureRatio, failedPerMinute };
}
