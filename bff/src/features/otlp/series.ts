import { setImmediate } from "node:timers/promises";
import type { z } from "zod";
import type { PushedSeries, PushToKeep } from "#observe/pushes/pushes.ts";
import {
  dataOf,
  type ExponentialPoint,
  type ExportMetric,
  type exportRequest,
  type Kind,
  type MetricData,
  type Point,
  pointSchemas,
} from "./request.ts";

/** Attributes that tell one instance of a service from another; the first that a resource has counts. */
const instanceAttributes = ["service.instance.id", "k8s.pod.name", "container.id", "host.name"];
const longestName = 200;
const mostLabels = 32;
const longestLabel = 500;
const noRecordedValue = 1;
/** Read without giving way to other requests. */
const pointsAtOnce = 200;
/** A histogram makes a series of each of its buckets. */
const mostSeries = 20_000;
const tooMany = `exceeds the ${mostSeries} series that one request may have`;

/** Why data points are not kept, and how many. */
export type Rejections = Map<string, number>;
export type Push = { pushes: PushToKeep[]; rejections: Rejections; hasMetrics: boolean };

const escaped = (name: string) => name.replace(/[^a-zA-Z0-9_:]/gu, "_");
/** Micrometer writes units out. */
const unitSuffixes: Record<string, string> = {
  s: "_seconds",
  seconds: "_seconds",
  ms: "_milliseconds",
  milliseconds: "_milliseconds",
};

/** The name that Prometheus gives to a metric, without what it appends for parts of a histogram. */
function nameOf({ name, unit }: ExportMetric, { kind, isMonotonic }: MetricData): string {
  const base = escaped(name);
  if (kind === "sum" && isMonotonic) return base.endsWith("_total") ? base : `${base}_total`;
  if (kind === "gauge" || kind === "sum") return base;
  const suffix = unitSuffixes[unit] ?? "";
  return base.endsWith(suffix) ? base : `${base}${suffix}`;
}

/** Bounds in steps of 1, 2 and 5, which stay the same when the scale of an exponential histogram changes. */
const steadyBounds = Array.from({ length: 11 }, (_, at) => at - 5).flatMap((power) =>
  [1, 2, 5].map((step) => Number(`${step}e${power}`)),
);

/** Counts per bound, each with the calls of all lower ones; by the middle of each exponential bucket. */
function steadyBuckets({ scale, zeroCount, positive, count }: ExponentialPoint): [string, number][] {
  const counts = steadyBounds.map(() => 0);
  const add = (value: number, amount: number) => {
    const at = steadyBounds.findIndex((bound) => value <= bound);
    if (at >= 0) counts[at] = (counts[at] ?? 0) + amount;
  };
  add(0, zeroCount);
  for (const [at, amount] of (positive?.bucketCounts ?? []).entries())
    if (amount > 0) add(2 ** (((positive?.offset ?? 0) + at + 0.5) / 2 ** scale), amount);
  let below = 0;
  const cumulative = steadyBounds.map((bound, at): [string, number] => {
    below += counts[at] ?? 0;
    return [String(bound), below];
  });
  return [...cumulative, ["+Inf", count]];
}

/** Counts per bound, each with the calls of all lower ones, as Prometheus writes them. */
function cumulativeBuckets(bounds: readonly number[], counts: readonly number[]): [string, number][] {
  let below = 0;
  return counts.map((count, at): [string, number] => {
    below += count;
    const bound = bounds[at];
    return [bound === undefined ? "+Inf" : String(bound), below];
  });
}

type Value = { ending: string; extra: readonly [string, string][]; value: number };

const counted = (count: number, buckets: readonly [string, number][]): Value[] => [
  { ending: "_count", extra: [], value: count },
  ...buckets.map(([le, value]): Value => ({ ending: "_bucket", extra: [["le", le]], value })),
];

/**
 * What Prometheus would show of a data point.
 * @throws ZodError for one of another shape.
 */
function valuesOf(kind: Kind, raw: unknown): { point: Point; values: Value[] } {
  switch (kind) {
    case "gauge":
    case "sum": {
      const point = pointSchemas[kind].parse(raw);
      const value = point.asDouble ?? point.asInt ?? Number.NaN;
      return { point, values: [{ ending: "", extra: [], value }] };
    }
    case "histogram": {
      const point = pointSchemas.histogram.parse(raw);
      const buckets = cumulativeBuckets(point.explicitBounds, point.bucketCounts);
      return { point, values: counted(point.count, buckets) };
    }
    case "exponentialHistogram": {
      const point = pointSchemas.exponentialHistogram.parse(raw);
      return { point, values: counted(point.count, steadyBuckets(point)) };
    }
    case "summary": {
      const point = pointSchemas.summary.parse(raw);
      const quantiles = point.quantileValues.map(
        ({ quantile, value }): Value => ({ ending: "", extra: [["quantile", String(quantile)]], value }),
      );
      return { point, values: [...counted(point.count, []), ...quantiles] };
    }
  }
}

/** The longest times that are believed; others come from a wrong clock. */
const longestIntervalMs = 3_600_000;

/** The series of one data point; a text when it cannot be kept. */
function seriesOf(
  name: string,
  { point, values }: { point: Point; values: readonly Value[] },
  { isDelta, nowMs }: { isDelta: boolean; nowMs: number },
): PushedSeries[] | string {
  if ((point.flags & noRecordedValue) !== 0) return [];
  const labels = [...point.attributes].map(([key, value]): [string, string] => [escaped(key), value]);
  if (labels.length > mostLabels || labels.some(([, value]) => value.length > longestLabel))
    return `has more than ${mostLabels} attributes or one of over ${longestLabel} characters`;
  const timeMs = point.timeUnixNano > 0 ? point.timeUnixNano : nowMs;
  const gatheredMs = point.startTimeUnixNano > 0 ? timeMs - point.startTimeUnixNano : 0;
  const intervalMs = isDelta && gatheredMs > 0 && gatheredMs < longestIntervalMs ? gatheredMs : null;
  return values
    .filter(({ value }) => !isDelta || Number.isFinite(value))
    .map(({ ending, extra, value }) => ({
      name: `${name}${ending}`,
      labels: new Map([...labels, ...extra]),
      value,
      isDelta,
      timeMs,
      intervalMs,
    }));
}

type Sender = { service: string; instance: string };

/** Who sent a resource's metrics; a text when it does not say so. */
function senderOf(resource: ReadonlyMap<string, string>, reserved: string): Sender | string {
  const service = resource.get("service.name") ?? "";
  const instance = instanceAttributes.map((key) => resource.get(key)).find(Boolean) ?? service;
  if (service === "") return "has no service.name in its resource";
  if (service === reserved) return `has the service.name ${reserved}, which is Wheelhouse's own`;
  if (service.length > longestName || instance.length > longestName)
    return `has a service or instance of over ${longestName} characters`;
  return { service, instance };
}

/**
 * Turns a request into series named as Prometheus names them, by instance.
 * @param isWanted whether a metric, by its name, is read by anybody; the others are left out and not counted as rejected.
 * @param reserved a service name that nobody may push.
 * @throws ZodError when a wanted metric has another shape.
 */
export async function pushOf(
  { resourceMetrics }: z.output<typeof exportRequest>,
  {
    organization,
    isWanted,
    reserved,
    nowMs,
  }: { organization: string; isWanted: (name: string) => boolean; reserved: string; nowMs: number },
): Promise<Push> {
  const byInstance = new Map<string, PushToKeep & { series: PushedSeries[] }>();
  const rejections: Rejections = new Map();
  let room = mostSeries;
  const reject = (why: string, count = 1) => rejections.set(why, (rejections.get(why) ?? 0) + count);
  const keptOf = (sender: Sender) => {
    const key = JSON.stringify([sender.service, sender.instance]);
    const pusher = { organization, service: sender.service, instance: sender.instance };
    const known = byInstance.get(key) ?? { pusher, series: [] };
    byInstance.set(key, known);
    return known.series;
  };
  const take = async (metric: ExportMetric, read: MetricData, kept: PushedSeries[]) => {
    const name = nameOf(metric, read);
    const { kind, isDelta, points } = read;
    for (const [at, raw] of points.entries()) {
      if (at % pointsAtOnce === pointsAtOnce - 1) await setImmediate();
      const made = room > 0 ? seriesOf(name, valuesOf(kind, raw), { isDelta, nowMs }) : tooMany;
      if (typeof made === "string") {
        reject(made);
        continue;
      }
      const wanted = made.filter((one) => isWanted(one.name));
      kept.push(...wanted);
      room -= wanted.length;
    }
  };
  for (const { resource, scopeMetrics } of resourceMetrics) {
    const sender = senderOf(resource.attributes, reserved);
    for (const metric of scopeMetrics.flatMap(({ metrics }) => metrics)) {
      const read = mayBeWanted(metric, isWanted) ? dataOf(metric) : null;
      if (read === null) continue;
      if (typeof sender === "string") reject(sender, read.points.length);
      else await take(metric, read, keptOf(sender));
    }
    // An instance counts as heard, whatever it sent.
    if (typeof sender !== "string") keptOf(sender);
  }
  const hasMetrics = resourceMetrics.some(({ scopeMetrics }) =>
    scopeMetrics.some(({ metrics }) => metrics.length > 0),
  );
  return { pushes: [...byInstance.values()], rejections, hasMetrics };
}

/** What the name of a metric may get until it is one that somebody reads. */
const endings = ["", "_total", "_count", "_bucket", "_seconds_count", "_milliseconds_count"];
const mayBeWanted = ({ name }: ExportMetric, isWanted: (name: string) => boolean) =>
  endings.some((ending) => isWanted(`${escaped(name)}${ending}`));
