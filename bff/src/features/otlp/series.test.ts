import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import fc from "fast-check";
import { expect, test } from "vitest";
import { readRequest, writeResponse } from "./protobuf.ts";
import { exportRequest } from "./request.ts";
import { pushOf } from "./series.ts";

const nowMs = 1_700_000_000_000;
const nanos = (ms: number) => `${ms}000000`;
const attributesOf = (all: Record<string, string | number | boolean>) =>
  Object.entries(all).map(([key, value]) => ({
    key,
    value:
      typeof value === "string"
        ? { stringValue: value }
        : typeof value === "boolean"
          ? { boolValue: value }
          : { intValue: String(value) },
  }));
const push = (metrics: unknown[], resource: Record<string, string> = { "service.name": "shop" }) =>
  pushOf(
    exportRequest.parse({
      resourceMetrics: [{ resource: { attributes: attributesOf(resource) }, scopeMetrics: [{ metrics }] }],
    }),
    {
      organization: "acme",
      isWanted: (name) => /^(circuit|resilience|cache)/.test(name),
      reserved: "wheelhouse",
      nowMs,
    },
  );
const series = async (metrics: unknown[]) =>
  (await push(metrics)).pushes.flatMap((each) =>
    each.series.map(({ name, labels, value }) => [name, Object.fromEntries(labels), value]),
  );

test("names and labels are those that Prometheus shows for the same metric", async () => {
  const point = {
    asInt: "3",
    timeUnixNano: nanos(nowMs),
    attributes: attributesOf({ "event.name": "fire" }),
  };
  expect(
    await series([
      { name: "circuit", sum: { dataPoints: [point], isMonotonic: true, aggregationTemporality: 2 } },
      { name: "circuit_total", sum: { dataPoints: [point], isMonotonic: true } },
      { name: "circuit.up", sum: { dataPoints: [point] } },
      { name: "jvm.memory", gauge: { dataPoints: [point] } },
    ]),
  ).toEqual([
    ["circuit_total", { event_name: "fire" }, 3],
    ["circuit_total", { event_name: "fire" }, 3],
    ["circuit_up", { event_name: "fire" }, 3],
  ]);
});

test("a histogram has its unit in its name and its counts below each bound", async () => {
  const dataPoints = [{ count: "6", bucketCounts: ["1", 2, "3"], explicitBounds: [10, 50], attributes: [] }];
  expect(
    await series([{ name: "resilience.polly.pipeline.duration", unit: "ms", histogram: { dataPoints } }]),
  ).toEqual([
    ["resilience_polly_pipeline_duration_milliseconds_count", {}, 6],
    ["resilience_polly_pipeline_duration_milliseconds_bucket", { le: "10" }, 1],
    ["resilience_polly_pipeline_duration_milliseconds_bucket", { le: "50" }, 3],
    ["resilience_polly_pipeline_duration_milliseconds_bucket", { le: "+Inf" }, 6],
  ]);
});

test("an exponential histogram gets the same bounds at every scale", async () => {
  const at = async (scale: number, offset: number) =>
    new Map(
      (
        await push([
          {
            name: "resilience.calls",
            exponentialHistogram: {
              dataPoints: [{ count: "3", scale, zeroCount: 1, positive: { offset, bucketCounts: ["2"] } }],
            },
          },
        ])
      ).pushes[0]?.series.map(({ labels, value }) => [labels.get("le"), value]),
    );
  // Between 64 and 128, whether that is one bucket of two or a part of a finer scale.
  const coarse = await at(0, 6);
  for (const found of [coarse, await at(2, 26)]) {
    expect([found.get("50"), found.get("100"), found.get("+Inf")]).toEqual([1, 3, 3]);
    expect(found.size).toBe(coarse.size);
  }
});

test("a summary has its quantiles, and what has no recorded value is left out", async () => {
  const dataPoints = [
    { count: "4", quantileValues: [{ quantile: 0.95, value: 12 }] },
    { count: "9", flags: 1 },
  ];
  expect(await series([{ name: "circuit_perf", summary: { dataPoints } }])).toEqual([
    ["circuit_perf_count", {}, 4],
    ["circuit_perf", { quantile: "0.95" }, 12],
  ]);
});

test("numbers that JSON cannot carry are read, and a delta that is none is left out", async () => {
  const dataPoints = [{ asDouble: "NaN" }, { asDouble: "-Infinity" }, { asDouble: 1.5 }];
  const gauge = (await push([{ name: "circuit", gauge: { dataPoints } }])).pushes[0]?.series;
  expect(gauge?.map(({ value }) => value)).toEqual([Number.NaN, Number.NEGATIVE_INFINITY, 1.5]);
  const sum = { dataPoints, aggregationTemporality: "AGGREGATION_TEMPORALITY_DELTA", isMonotonic: true };
  expect(await series([{ name: "circuit", sum }])).toEqual([["circuit_total", {}, 1.5]]);
  await expect(push([{ name: "circuit", gauge: { dataPoints: [{ asInt: "seven" }] } }])).rejects.toThrow(
    "number",
  );
});

test("the interval of a delta is what it says, and a time that is missing is now", async () => {
  const sum = (startTimeUnixNano: string, timeUnixNano: string) => ({
    name: "circuit",
    sum: {
      dataPoints: [{ asInt: 1, startTimeUnixNano, timeUnixNano }],
      isMonotonic: true,
      aggregationTemporality: 1,
    },
  });
  const { pushes } = await push([sum(nanos(nowMs - 15_000), nanos(nowMs)), sum("0", "0")]);
  const found = pushes[0]?.series;
  expect(found).toMatchObject([
    { isDelta: true, timeMs: nowMs, intervalMs: 15_000 },
    { timeMs: nowMs, intervalMs: null },
  ]);
});

test.each([
  [{ "service.name": "a", "service.instance.id": "i", "host.name": "h" }, "i"],
  [{ "service.name": "a", "host.name": "h" }, "h"],
  [{ "service.name": "a" }, "a"],
])("an instance is told by its resource: %j is %s", async (resource, instance) => {
  const { pushes } = await push([], resource);
  expect(pushes).toMatchObject([{ pusher: { organization: "acme", service: "a", instance } }]);
});

test("a request with more series than may be read is read up to the limit", async () => {
  const dataPoints = Array.from({ length: 5_000 }, (_, at) => ({
    count: "1",
    bucketCounts: ["1", "0", "0", "0"],
    explicitBounds: [1, 2, 3],
    attributes: attributesOf({ name: String(at) }),
  }));
  const metric = { name: "resilience.calls", histogram: { dataPoints } };
  const { pushes, rejections } = await push([metric, metric]);
  expect(pushes[0]?.series).toHaveLength(20_000);
  expect([...rejections.values()]).toEqual([6_000]);
});

test("unknown fields of protobuf are skipped, in whatever wire type", async () => {
  const name = new BinaryWriter().tag(1, WireType.LengthDelimited).string("circuit").finish();
  const metric = new BinaryWriter()
    .tag(90, WireType.Varint)
    .uint32(7)
    .tag(91, WireType.Bit32)
    .fixed32(7)
    .tag(1, WireType.Varint)
    .uint32(1)
    .raw(name)
    .finish();
  const nest = (field: number, bytes: Uint8Array) =>
    new BinaryWriter().tag(field, WireType.LengthDelimited).bytes(bytes).finish();
  expect(readRequest(nest(1, nest(2, nest(2, metric))))).toEqual({
    resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: "circuit" }] }] }],
  });
});

test("any bytes are either a request or refused", async () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      let read: unknown;
      try {
        read = readRequest(bytes);
      } catch {
        return;
      }
      exportRequest.safeParse(read);
    }),
    { numRuns: 500 },
  );
});

test("a partial success of protobuf holds the number and the reason, a full one nothing", async () => {
  expect(writeResponse(null)).toHaveLength(0);
  const bytes = Buffer.from(writeResponse({ rejected: 300, message: "why" }));
  expect(bytes.toString("hex")).toBe("0a0808ac021203776879");
});
