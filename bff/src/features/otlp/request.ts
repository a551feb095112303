import { z } from "zod";
import { readData } from "./protobuf.ts";

/** 64-bit integers are text in JSON and a bigint in protobuf; numbers that JSON cannot carry are text, too. */
const number = z
  .union([
    z.number(),
    z.nan(),
    z.literal([Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]),
    z.bigint(),
    z.string().regex(/^(NaN|-?Infinity|-?\d+(\.\d+)?(e[+-]?\d+)?)$/i, "must be a number"),
  ])
  .transform(Number);
const nanos = number.transform((value) => value / 1e6).default(0);

const attribute = z.object({
  key: z.string(),
  value: z
    .object({
      stringValue: z.string().optional(),
      boolValue: z.boolean().optional(),
      intValue: number.optional(),
      doubleValue: number.optional(),
    })
    .optional(),
});
const attributes = z
  .array(attribute)
  .default([])
  .transform(
    (all): ReadonlyMap<string, string> =>
      new Map(
        all.flatMap(({ key, value = {} }): [string, string][] => {
          const { stringValue, boolValue, intValue, doubleValue } = value;
          const scalar = stringValue ?? boolValue ?? intValue ?? doubleValue;
          return scalar === undefined ? [] : [[key, String(scalar)]];
        }),
      ),
  );

const point = z.object({
  attributes,
  startTimeUnixNano: nanos,
  timeUnixNano: nanos,
  flags: number.default(0),
});
const numberPoint = point.extend({ asDouble: number.optional(), asInt: number.optional() });
const histogramPoint = point.extend({
  count: number.default(0),
  bucketCounts: z.array(number).max(500).default([]),
  explicitBounds: z.array(number).max(500).default([]),
});
const exponentialPoint = point.extend({
  count: number.default(0),
  scale: z.number().int().min(-20).max(30).default(0),
  zeroCount: number.default(0),
  positive: z
    .object({ offset: z.number().int().default(0), bucketCounts: z.array(number).max(2_000).default([]) })
    .optional(),
});
const summaryPoint = point.extend({
  count: number.default(0),
  quantileValues: z
    .array(z.object({ quantile: number.default(0), value: number.default(0) }))
    .max(100)
    .default([]),
});

/** A number in OTLP's JSON; some senders write the name. True for delta. */
const isDelta = z
  .union([z.number(), z.string()])
  .default(0)
  .transform((value) => (typeof value === "number" ? value === 1 : value.endsWith("_DELTA")));

/** Points are read one by one, so that a request of thousands leaves time for others. */
const dataSchema = z.object({
  dataPoints: z.array(z.unknown()).max(50_000).default([]),
  aggregationTemporality: isDelta,
  isMonotonic: z.boolean().default(false),
});
export const pointSchemas = {
  gauge: numberPoint,
  sum: numberPoint,
  histogram: histogramPoint,
  exponentialHistogram: exponentialPoint,
  summary: summaryPoint,
};
export type Kind = keyof typeof pointSchemas;
const kinds = ["gauge", "sum", "histogram", "exponentialHistogram", "summary"] as const satisfies Kind[];

const metric = z.object({
  name: z.string().max(500).default(""),
  unit: z.string().max(100).default(""),
  gauge: z.unknown().optional(),
  sum: z.unknown().optional(),
  histogram: z.unknown().optional(),
  exponentialHistogram: z.unknown().optional(),
  summary: z.unknown().optional(),
});

/** `ExportMetricsServiceRequest`; the data of its metrics are read one by one, and only those that are wanted. */
export const exportRequest = z.object({
  resourceMetrics: z
    .array(
      z.object({
        resource: z.object({ attributes }).default({ attributes: new Map() }),
        scopeMetrics: z
          .array(z.object({ metrics: z.array(metric).max(50_000).default([]) }))
          .max(10_000)
          .default([]),
      }),
    )
    .max(10_000)
    .default([]),
});

export type ExportMetric = z.output<typeof metric>;
export type Point = z.output<typeof point>;
export type ExponentialPoint = z.output<typeof exponentialPoint>;

export type MetricData = {
  kind: Kind;
  /** Values are what was added since the last ones. */
  isDelta: boolean;
  isMonotonic: boolean;
  /** To be read by `pointSchemas`. */
  points: readonly unknown[];
};

/**
 * The data of a metric; null when it has none.
 * @throws ZodError for data of another shape.
 */
export function dataOf(from: ExportMetric): MetricData | null {
  const kind = kinds.find((each) => from[each] !== undefined && from[each] !== null);
  if (kind === undefined) return null;
  const { dataPoints, aggregationTemporality, isMonotonic } = dataSchema.parse(readData(kind, from[kind]));
  const isDelta = kind !== "gauge" && kind !== "summary" && aggregationTemporality;
  return { kind, isDelta, isMonotonic, points: dataPoints };
}
