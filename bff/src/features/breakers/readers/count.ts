import { breakersOf, isBreakerMetric } from "./metrics.ts";
import { MetricsError, readMetrics } from "./prometheus.ts";

/** The number of breakers in a metrics text; null when it is not one. */
export function countBreakers({ body, isWhole }: { body: string; isWhole: boolean }): number | null {
  try {
    return breakersOf(readMetrics(body, isBreakerMetric, { isWhole })).length;
  } catch (error) {
    if (!(error instanceof MetricsError)) throw error;
    return null;
  }
}
