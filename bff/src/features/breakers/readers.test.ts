import { createRequire } from "node:module";
import CircuitBreaker from "opossum";
import { describe, expect, test } from "vitest";
import { readActuator } from "./readers/actuator.ts";
import { createFollower, type Followed } from "./readers/follow.ts";
import { breakersOf, isBreakerMetric } from "./readers/metrics.ts";
import { readMetrics } from "./readers/prometheus.ts";

const read = (text: string) => breakersOf(readMetrics(text, isBreakerMetric));
const minuteMs = 60_000;

const r4jText = `# HELP resilience4j_circuitbreaker_state The states of the circuit breaker
# TYPE resilience4j_circuitbreaker_state gauge
resilience4j_circuitbreaker_state{application="notifier",name="sendgrid_mail",state="closed",} 0.0
resilience4j_circuitbreaker_state{application="notifier",name="sendgrid_mail",state="open",} 1.0
resilience4j_circuitbreaker_state{application="notifier",name="sendgrid_mail",state="half_open",} 0.0
resilience4j_circuitbreaker_state{application="notifier",name="sendgrid_mail",state="forced_open",} 0.0
resilience4j_circuitbreaker_state{application="notifier",name="sendgrid_mail",state="disabled",} 0.0
resilience4j_circuitbreaker_state{application="notifier",name="sendgrid_mail",state="metrics_only",} 0.0
resilience4j_circuitbreaker_failure_rate{application="notifier",name="sendgrid_mail",} 61.4
resilience4j_circuitbreaker_slow_call_rate{application="notifier",name="sendgrid_mail",} 5.0
resilience4j_circuitbreaker_calls_seconds_count{application="notifier",kind="successful",name="sendgrid_mail",} 100.0
resilience4j_circuitbreaker_calls_seconds_count{application="notifier",kind="failed",name="sendgrid_mail",} 40.0
resilience4j_circuitbreaker_calls_seconds_count{application="notifier",kind="ignored",name="sendgrid_mail",} 10.0
resilience4j_circuitbreaker_calls_seconds_sum{application="notifier",kind="failed",name="sendgrid_mail",} 3.5
resilience4j_circuitbreaker_calls_seconds_max{application="notifier",kind="failed",name="sendgrid_mail",} NaN
resilience4j_circuitbreaker_not_permitted_calls_total{application="notifier",kind="not_permitted",name="sendgrid_mail",} 7.0
resilience4j_circuitbreaker_state{application="notifier",name="odd \\"name\\" \\\\ here",state="metrics_only",} 1.0
resilience4j_circuitbreaker_failure_rate{application="notifier",name="odd \\"name\\" \\\\ here",} -1.0
resilience4j_circuitbreaker_slow_call_rate{application="notifier",name="odd \\"name\\" \\\\ here",} NaN
`;

describe("resilience4j", () => {
  test("skipping 1 MB of unwanted metrics is cheap", () => {
    const line =
      'http_server_requests_seconds_bucket{exception="none",method="GET",status="200",uri="/v1/{id}",le="0.5"} 12345.0\n';
    const text = `${line.repeat(10_000)}${r4jText}`;
    expect(text.length).toBeGreaterThan(1_000_000);
    read(text);
    const before = process.cpuUsage();
    expect(read(text).map(({ name }) => name)).toEqual(["sendgrid_mail", 'odd "name" \\ here']);
    const { user, system } = process.cpuUsage(before);
    // CPU time, so that a busy machine does not matter.
    expect((user + system) / 1_000).toBeLessThan(100);
  });

  test("the state is the gauge that is 1, percentages become ratios, rejected calls count as failed", () => {
    expect(read(r4jText)[0]).toMatchObject({
      name: "sendgrid_mail",
      library: "resilience4j",
      kind: "failure",
      state: "open",
      events: null,
      failureRatio: 0.614,
      slowRatio: 0.05,
      threshold: null,
      counts: { calls: 157, failed: 47, refused: 7 },
    });
  });

  test("−1 and NaN mean too few calls, not a rate; metrics-only is not a closed breaker", () => {
    expect(read(r4jText)[1]).toMatchObject({
      name: 'odd "name" \\ here',
      state: "disabled",
      failureRatio: null,
      slowRatio: null,
      counts: { calls: null, failed: null, refused: null },
    });
  });

  test("a breaker without its state series is unknown, never closed", () => {
    expect(read('resilience4j_circuitbreaker_failure_rate{name="a"} 0\n')[0]).toMatchObject({
      state: "unknown",
      failureRatio: 0,
    });
  });
});

const stateLine = (state: string, value: number, rest = "") =>
  `resilience4j_circuitbreaker_state{name="pay",state="${state}"${rest}} ${value}\n`;

test("the same series twice counts once, and the worse state holds", () => {
  const calls = (value: number) =>
    `resilience4j_circuitbreaker_calls_seconds_count{name="pay",kind="failed"} ${value}\n`;
  const text = `${stateLine("closed", 1)}${stateLine("open", 0)}${stateLine("open", 1)}${calls(40)}${calls(38)}`;
  expect(read(text)).toMatchObject([{ state: "open", counts: { calls: 40, failed: 40 } }]);
  const fired = 'circuit{event="fire",name="a"} 7\n';
  expect(read(`${fired}${fired}`)).toMatchObject([{ counts: { calls: 7 } }]);
});

test("names of OpenTelemetry are read like those of Prometheus, with a unit and without", () => {
  const text = [
    '{"resilience4j.circuitbreaker.state",name="pay",state="half_open"} 1',
    '{"resilience4j.circuitbreaker.calls_count",name="pay",kind="failed"} 3',
    'resilience4j_circuitbreaker_calls_milliseconds_bucket{name="pay",kind="failed",le="20"} 3',
    '{"resilience4j.circuitbreaker.not.permitted.calls",name="pay",kind="not_permitted"} 2',
    "",
  ].join("\n");
  expect(read(text)).toMatchObject([
    { name: "pay", state: "half_open", counts: { calls: 5, failed: 5, refused: 2 }, buckets: [[20, 3]] },
  ]);
});

test("Actuator writes percentages as text, and missing fields are unknown", () => {
  const body = {
    circuitBreakers: {
      stripe: {
        failureRate: "61.4%",
        slowCallRate: "-1.0%",
        failureRateThreshold: "50.0%",
        slowCallRateThreshold: "100.0%",
        bufferedCalls: 100,
        failedCalls: 61,
        slowCalls: 0,
        slowFailedCalls: 0,
        notPermittedCalls: 12,
        state: "FORCED_OPEN",
      },
      counting: { state: "METRICS_ONLY" },
      new: { state: "SOMETHING_NEW", failureRate: null },
      broken: 1,
    },
  };
  const found = readActuator(body);
  expect(found).toMatchObject([
    { name: "stripe", state: "forced_open", failureRatio: 0.614, slowRatio: null, threshold: 0.5 },
    { name: "counting", state: "disabled", failureRatio: null, threshold: null },
    { name: "new", state: "unknown", failureRatio: null },
  ]);
  expect(() => readActuator({ status: 404 })).toThrow();
});

test("Polly reports events and durations by pipeline; its rejections are exceptions", () => {
  const event = (name: string, count: number) =>
    `resilience_polly_strategy_events_total{otel_scope_name="Polly",event_name="${name}",event_severity="Error",pipeline_name="google-calendar",pipeline_instance="eu",strategy_name="Breaker"} ${count} 1700000000000\n`;
  const duration = (exception: string, part: string, count: number) =>
    `resilience_polly_pipeline_duration_milliseconds_${part}pipeline_name="google-calendar",pipeline_instance="eu",exception_type="${exception}"} ${count}\n`;
  const text = [
    event("OnCircuitOpened", 2),
    event("OnCircuitHalfOpened", 1),
    event("OnRetry", 9),
    duration("", "count{", 50),
    duration("System.Net.Http.HttpRequestException", "count{", 20),
    duration("Polly.CircuitBreaker.BrokenCircuitException", "count{", 5),
    duration("", 'bucket{le="10",', 40),
    duration("", 'bucket{le="+Inf",', 50),
  ].join("");
  expect(read(text)).toMatchObject([
    {
      name: "google-calendar/eu/Breaker",
      library: "Polly",
      state: null,
      events: { opened: 2, closed: 0, halfOpened: 1 },
      counts: { calls: 75, failed: 25, refused: 5 },
      buckets: [
        [10, 40],
        [Number.POSITIVE_INFINITY, 50],
      ],
    },
  ]);
});

test("Envoy limits concurrency: shown as a limit with the one that is reached, and no failed calls", () => {
  const gauge = (name: string, value: number) =>
    `envoy_cluster_circuit_breakers_${name}{envoy_cluster_name="payments"} ${value}\n`;
  const text = [
    gauge("default_cx_open", 0),
    gauge("default_cx_pool_open", 0),
    gauge("default_rq_pending_open", 1),
    gauge("default_rq_open", 0),
    gauge("default_rq_retry_open", 0),
    gauge("high_rq_open", 0),
    gauge("default_remaining_rq", 0),
    gauge("default_rq_pending_open_", 1),
    'envoy_cluster_upstream_rq_pending_overflow{envoy_cluster_name="payments"} 4\n',
    'envoy_cluster_upstream_cx_overflow{envoy_cluster_name="payments"} 1\n',
    'envoy_cluster_upstream_rq_total{envoy_cluster_name="payments"} 900\n',
    'envoy_cluster_upstream_rq_total{envoy_cluster_name="no-limits"} 900\n',
  ].join("");
  expect(read(text)).toMatchObject([
    {
      name: "payments",
      kind: "concurrency",
      state: "open",
      note: "Limit reached: pending requests",
      counts: { calls: 900, failed: null, refused: 5 },
    },
    { name: "payments (high)", state: "closed", counts: { calls: null, refused: null } },
  ]);
});

describe("series of one name with other labels are instances", () => {
  const found = (lines: string[]) =>
    read(`${lines.join("\n")}\n`).map(({ name, variant, state, events, failureRatio, counts }) => ({
      name,
      variant,
      state: state ?? events,
      failureRatio,
      calls: counts.calls,
    }));
  const eu = 'region="eu",pod="a"';
  const us = 'region="us",pod="a"';

  test("resilience4j, whichever comes first", () => {
    const lines = [
      `resilience4j_circuitbreaker_state{${eu},name="pay",state="open"} 1`,
      `resilience4j_circuitbreaker_state{${us},name="pay",state="closed"} 1`,
      `resilience4j_circuitbreaker_failure_rate{${eu},name="pay"} 80`,
      `resilience4j_circuitbreaker_failure_rate{${us},name="pay"} 2`,
      `resilience4j_circuitbreaker_calls_seconds_count{${us},name="pay",kind="failed"} 7`,
      `resilience4j_circuitbreaker_calls_seconds_count{${us},name="pay",kind="successful",uri="/a"} 2`,
      // It cannot be assigned to one of them.
      'resilience4j_circuitbreaker_calls_seconds_count{name="pay",kind="failed"} 100',
      `resilience4j_circuitbreaker_state{${us},name="mail",state="closed"} 1`,
    ];
    const expected = [
      { name: "mail", variant: "", state: "closed", failureRatio: null, calls: null },
      { name: "pay", variant: 'region="eu"', state: "open", failureRatio: 0.8, calls: null },
      { name: "pay", variant: 'region="us"', state: "closed", failureRatio: 0.02, calls: 9 },
    ];
    const sorted = (all: ReturnType<typeof found>) =>
      all.toSorted((a, b) => `${a.name}${a.variant}`.localeCompare(`${b.name}${b.variant}`));
    expect(sorted(found(lines))).toEqual(expected);
    expect(sorted(found(lines.toReversed()))).toEqual(expected);
  });

  test("a duplicate series keeps the worse state and the higher rate", () => {
    const open = 'resilience4j_circuitbreaker_state{name="pay",state="open"} 1';
    const closed = 'resilience4j_circuitbreaker_state{name="pay",state="closed"} 1';
    const rate = (percent: number) => `resilience4j_circuitbreaker_failure_rate{name="pay"} ${percent}`;
    for (const lines of [
      [open, closed, rate(80), rate(2)],
      [closed, open, rate(2), rate(80)],
    ])
      expect(found(lines)).toMatchObject([{ name: "pay", variant: "", state: "open", failureRatio: 0.8 }]);
  });

  test("opossum", () => {
    const lines = [
      `circuit{${eu},name="pay",event="open"} 1`,
      `circuit{${eu},name="pay",event="fire"} 9`,
      `circuit{${us},name="pay",event="fire"} 4`,
    ];
    expect(found(lines)).toMatchObject([
      { variant: 'region="eu"', state: { opened: 1 }, calls: 9 },
      { variant: 'region="us"', state: { opened: 0 }, calls: 4 },
    ]);
  });

  test("Polly", () => {
    const event = (where: string, name: string) =>
      `resilience_polly_strategy_events_total{${where},otel_scope_version="${where.length}",event_name="${name}",pipeline_name="pay"} 1`;
    const lines = [
      event(eu, "OnCircuitOpened"),
      event(us, "OnCircuitOpened"),
      event(us, "OnCircuitClosed"),
      `resilience_polly_pipeline_duration_milliseconds_count{${us},pipeline_name="pay",exception_type=""} 5`,
    ];
    expect(found(lines)).toMatchObject([
      { variant: 'region="eu"', state: { opened: 1, closed: 0 }, calls: null },
      { variant: 'region="us"', state: { opened: 1, closed: 1 }, calls: 5 },
    ]);
  });

  test("Envoy", () => {
    const lines = [
      `envoy_cluster_circuit_breakers_default_rq_open{${eu},envoy_cluster_name="pay"} 1`,
      `envoy_cluster_circuit_breakers_default_rq_open{${us},envoy_cluster_name="pay"} 0`,
      `envoy_cluster_upstream_rq_total{${eu},envoy_cluster_name="pay"} 3`,
    ];
    expect(found(lines)).toMatchObject([
      { variant: 'region="eu"', state: "open", calls: 3 },
      { variant: 'region="us"', state: "closed", calls: null },
    ]);
  });
});

describe("opossum-prometheus in a real process", () => {
  type Metrics = { metrics: string | Promise<string>; clear(): void };
  const PrometheusMetrics: new (options: { circuits: unknown[]; metricPrefix?: string }) => Metrics =
    createRequire(import.meta.url)("opossum-prometheus");

  test("states are derived from its counters, and labelled as such", async () => {
    let works = true;
    const call = async () => {
      if (!works) throw new Error("503");
      return 1;
    };
    const breaker = new CircuitBreaker(call, {
      name: 'pay "ments"',
      timeout: 500,
      errorThresholdPercentage: 50,
      volumeThreshold: 2,
      resetTimeout: 20,
    });
    // It counts the events that had a listener when it was attached.
    breaker.on("halfOpen", () => undefined);
    const metrics = new PrometheusMetrics({ circuits: [breaker], metricPrefix: "shop_" });
    const follower = createFollower();
    let atMs = 0;
    const look = async (): Promise<Followed | undefined> => {
      atMs += 10_000;
      return follower.followAll(read(await metrics.metrics), atMs)[0]?.followed;
    };
    const fire = () => breaker.fire().catch(() => undefined);
    try {
      await fire();
      const first = await look();
      expect(first).toMatchObject({ state: "closed", callsPerMinute: null, failureRatio: null });
      expect(first?.note).toMatch(/derived/);
      expect(first?.latencyMs.p95).toBeGreaterThanOrEqual(0);

      works = false;
      await fire();
      await fire();
      await fire();
      const opened = await look();
      expect(opened).toMatchObject({ state: "open", callsPerMinute: 18, failureRatio: 1 });
      expect(opened?.failedPerMinute).toBe(18);
      expect(opened?.refusedPerMinute).toBeGreaterThan(0);

      await expect.poll(() => breaker.halfOpen, { interval: 5 }).toBe(true);
      expect(await look()).toMatchObject({ state: "half_open" });
      works = true;
      await fire();
      expect(await look()).toMatchObject({ state: "closed" });
    } finally {
      breaker.shutdown();
      metrics.clear();
    }
  });
});

describe("counters over time", () => {
  const opossum = (events: Record<string, number>) =>
    read(
      Object.entries(events)
        .map(([event, count]) => `circuit{name="a",event="${event}"} ${count}\n`)
        .join(""),
    );
  const followed = (...answers: Record<string, number>[]) => {
    const follower = createFollower();
    return answers.map((events, index) => follower.followAll(opossum(events), index * 10_000)[0]?.followed);
  };
  const states = (...answers: Record<string, number>[]) => followed(...answers).map((each) => each?.state);

  test.each<[string, Record<string, number>[], string[]]>([
    ["never opened", [{ fire: 1 }, { fire: 2 }], ["closed", "closed"]],
    ["opened and never closed again", [{ fire: 9, open: 1 }], ["open"]],
    [
      "an order that nobody saw is unknown until calls pass",
      [
        { fire: 9, open: 2, close: 2 },
        { fire: 9, open: 2, close: 2 },
        { fire: 12, open: 2, close: 2 },
      ],
      ["unknown", "unknown", "closed"],
    ],
    [
      "or are refused",
      [
        { fire: 9, open: 2, close: 2 },
        { fire: 12, open: 2, close: 2, reject: 3 },
      ],
      ["unknown", "open"],
    ],
    [
      "both between two answers is unknown",
      [{ fire: 9 }, { fire: 20, open: 1, close: 1 }],
      ["closed", "unknown"],
    ],
    ["a process that restarted is closed again", [{ fire: 9, open: 1 }, { fire: 1 }], ["open", "closed"]],
  ])("%s", (_name, answers, expected) => expect(states(...answers)).toEqual(expected));

  test("a counter that went down was restarted and never gives a negative rate", () => {
    const [, second, third] = followed({ fire: 600 }, { fire: 700 }, { fire: 50 });
    expect(second?.callsPerMinute).toBe(600);
    expect(third?.callsPerMinute).toBe(450);
  });

  test("rates cover the last minute", () => {
    const follower = createFollower();
    const rates = Array.from({ length: 20 }, (_, step) => {
      const fire = step < 10 ? step * 100 : 1_000;
      return follower.followAll(opossum({ fire }), step * 10_000)[0]?.followed.callsPerMinute;
    });
    expect(rates[9]).toBe(600);
    expect(rates[19]).toBe(0);
  });

  test("percentiles cover the calls of the last minute, not the lifetime of the process", () => {
    const text = (fast: number, slow: number) =>
      'resilience4j_circuitbreaker_state{name="a",state="closed"} 1\n' +
      `resilience4j_circuitbreaker_calls_seconds_bucket{name="a",kind="successful",le="0.1"} ${fast}\n` +
      `resilience4j_circuitbreaker_calls_seconds_bucket{name="a",kind="successful",le="1.0"} ${fast + slow}\n` +
      `resilience4j_circuitbreaker_calls_seconds_bucket{name="a",kind="successful",le="+Inf"} ${fast + slow}\n`;
    const follower = createFollower();
    follower.followAll(read(text(1_000_000, 0)), 0);
    const [later] = follower.followAll(read(text(1_000_000, 100)), minuteMs / 2);
    expect(later?.followed.latencyMs.p50).toBeCloseTo(550);
  });
});
