import { z } from "zod";
import { metricsOnlyNote, r4jState } from "./metrics.ts";
import { emptyBreaker, ratioOfPercent, type ScrapedBreaker } from "./scraped.ts";

const mostBreakers = 1_000;

const breaker = z.object({
  state: z.string(),
  failureRate: z.unknown().optional(),
  slowCallRate: z.unknown().optional(),
  failureRateThreshold: z.unknown().optional(),
});
const answer = z.object({ circuitBreakers: z.record(z.string(), z.unknown()) });

/** Ratios are written as `"50.0%"`; `"-1.0%"` means too few calls. */
const ratioOf = (text: unknown): number | null =>
  typeof text === "string"
    ? ratioOfPercent(Number.parseFloat(text))
    : typeof text === "number"
      ? ratioOfPercent(text)
      : null;

/**
 * Reads the response of Spring's `/actuator/circuitbreakers`. Only ratios are used, because `bufferedCalls`
 * and `failedCalls` count the library's sliding window and not calls per time. Entries of another shape are
 * skipped.
 * @throws ZodError when the response as a whole has another shape.
 */
export function readActuator(body: unknown): ScrapedBreaker[] {
  return Object.entries(answer.parse(body).circuitBreakers)
    .slice(0, mostBreakers)
    .flatMap(([name, value]) => {
      const read = breaker.safeParse(value);
      if (!read.success) return [];
      const { state, failureRate, slowCallRate, failureRateThreshold } = read.data;
      return [
        {
          ...emptyBreaker(name, "resilience4j"),
          state: r4jState(state),
          note: state.toLowerCase() === "metrics_only" ? metricsOnlyNote : null,
          failureRatio: ratioOf(failureRate),
          slowRatio: ratioOf(slowCallRate),
          threshold: ratioOf(failureRateThreshold),
        },
      ];
    });
}
