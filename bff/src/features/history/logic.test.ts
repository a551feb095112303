import { describe, expect, test } from "vitest";
import { makeAspects } from "#testing/aspects.ts";
import { randomFrom } from "#testing/random.ts";
import { makeQueue, makeServer, makeTick, tickAt } from "#testing/tick.ts";
import { mergeSeries, planSeries } from "./reading/series-steps.ts";
import { figuresOfTick } from "./tick-figures.ts";
import { finest, minutes } from "./times.ts";
import { deltaBase, packDifference, packWhole, unpack } from "./writing/delta.ts";
import { journalOf } from "./writing/journal.ts";
import { sumUp } from "./writing/rollup.ts";
import { createWindow } from "./writing/window.ts";

const { aspects } = makeAspects();
const acme = { id: "01900000-0000-7000-8000-0000000000a1", slug: "acme" };
const atMs = Date.parse(tickAt);
const hourMs = 3_600_000;

describe("a frame", () => {
  test("is restored byte for byte, whatever changed in it", async () => {
    const random = randomFrom(7);
    const anything = (depth: number): unknown => {
      const choice = Math.floor(random() * (depth > 3 ? 4 : 6));
      if (choice === 0) return Math.round(random() * 50);
      if (choice === 1) return null;
      if (choice === 2) return ['ü, "quoted", 東京', "a,b", ""][Math.floor(random() * 3)];
      if (choice === 3) return random() > 0.5;
      const items = Array.from({ length: Math.floor(random() * 6) }, () => anything(depth + 1));
      return choice === 4 ? items : Object.fromEntries(items.map((item, at) => [`k${at}`, item]));
    };
    for (let round = 0; round < 200; round += 1) {
      const [was, is] = [anything(0), anything(0)].map((value) =>
        Buffer.from(JSON.stringify([value, "end"])),
      );
      if (!was || !is) throw new Error("nothing made");
      const packed = await packDifference(is, deltaBase(was));
      expect((await unpack(packed, await packWhole(was))).equals(is)).toBe(true);
    }
  });

  test("that differs in a few numbers takes a fraction of the space", async () => {
    const random = randomFrom(3);
    const figures = Array.from({ length: 400 }, () => Math.floor(random() * 1_000));
    const rows = (shift: number) =>
      Buffer.from(
        JSON.stringify(
          Array.from({ length: 300 }, (_, at) => ({
            id: `queue-${at}`,
            label: "OK",
            since: tickAt,
            waiting: at % 17 === 0 ? at + shift : 3,
            values: figures.slice(at + shift, at + shift + 60),
          })),
        ),
      );
    const whole = await packWhole(rows(0));
    const difference = await packDifference(rows(1), deltaBase(rows(0)));
    expect(difference.length).toBeLessThan(whole.length / 8);
  });

  test("without its base is rejected and never guessed", async () => {
    const [was, is] = [Buffer.from("[1,2,3,4,5,6,7,8,9]"), Buffer.from("[1,2,3,4,5,6,7,8,10]")];
    const packed = await packDifference(is, deltaBase(was));
    expect(packed[0]).toBe(1);
    await expect(unpack(packed, null)).rejects.toThrow("cannot be read");
  });
});

describe("figures", () => {
  test("that are unknown are not stored, though the row shows the last ones", () => {
    const tick = makeTick({
      organizations: [acme],
      servers: [makeServer("a", { state: "down" }), makeServer("b")],
      queues: [makeQueue("mail", { state: "unknown" }), makeQueue("sms")],
      webhooksExtra: { observedAt: null, failing: true },
    });
    const figure = (entity: string, metric: string) => {
      const of = figuresOfTick(aspects, tick).find((each) => each.entity === entity);
      return of?.values[of.metrics.indexOf(metric)];
    };
    expect([figure("a", "up"), figure("a", "opsPerSecond")]).toEqual([0, null]);
    expect([figure("b", "up"), figure("b", "opsPerSecond")]).toEqual([1, 5]);
    expect([figure("mail", "waiting"), figure("sms", "waiting")]).toEqual([null, 0]);
  });

  test("of a window are the means of each 10 s; a closed window waits until it is taken, at most 6 h", () => {
    const window = createWindow();
    const add = (offsetMs: number, value: number) =>
      window.add(atMs + offsetMs, [
        {
          organizationId: acme.id,
          kind: "queue",
          entity: "mail",
          metrics: ["waiting"],
          values: [value],
        },
      ]);
    add(0, 1);
    add(1_000, 3);
    add(30_000, 8);
    expect(window.open()[0]?.means.get("waiting")?.slice(0, 5)).toEqual([2, null, null, 8, null]);
    for (let each = 1; each <= 50; each += 1) add(each * 600_000, each);
    expect(window.closed()).toHaveLength(36);
    expect(window.closed().at(-1)?.chunks[0]?.means.get("waiting")?.[0]).toBe(49);
  });

  test("that are peaks are stored as the maximum of each 10 s", () => {
    const window = createWindow(new Set(["longestMs"]));
    const of = { organizationId: acme.id, kind: "process", entity: "host/1" } as const;
    const metrics = ["meanMs", "longestMs"];
    window.add(atMs, [{ ...of, metrics, values: [40, 90] }]);
    window.add(atMs + 1_000, [{ ...of, metrics, values: [20, 60] }]);
    expect(metrics.map((each) => window.open()[0]?.means.get(each)?.[0])).toEqual([30, 90]);
  });

  /** Every numeric field of a list, by the figure it is stored as. */
  test("are stored for every number in a row of a server, queue or cache", () => {
    const kept = (kind: string) =>
      figuresOfTick(aspects, tick).find((each) => each.kind === kind)?.metrics ?? [];
    const [redis, queue] = [makeServer("a"), makeQueue("mail")];
    const tick = makeTick({ organizations: [acme], servers: [redis], queues: [queue] });
    const numbersOf = (of: object) =>
      Object.entries(of).flatMap(([name, value]) => (typeof value === "number" ? name : []));
    expect(kept("server")).toEqual(expect.arrayContaining(numbersOf(redis.redis ?? {})));
    expect(kept("queue")).toEqual(expect.arrayContaining(numbersOf(queue.counts)));
  });

  test("are summed up without unknown values", () => {
    expect(sumUp([1, null, 3, null, null, null, 5, 5, 2], 3)).toEqual({
      means: [2, null, 4],
      mins: [1, null, 2],
      maxs: [3, null, 5],
    });
  });
});

describe("a series", () => {
  const nowMs = Date.parse("2026-06-01T00:00:00Z");
  test.each([
    ["an hour", 1, 0, 10_000],
    ["an hour of last week", 1, 150, 60_000],
    ["a day", 24, 0, 60_000],
    ["a week", 168, 0, 600_000],
    ["a week of last year", 168, 300 * 24, hourMs],
    ["13 months", 396 * 24, 0, 8 * hourMs],
  ])("of %s has 1,500 values at most, in the finest step still kept", (_name, hours, agoHours, stepMs) => {
    const toMs = nowMs - agoHours * hourMs;
    const plan = planSeries(toMs - hours * hourMs, toMs, nowMs);
    expect(plan.stepMs).toBe(stepMs);
    expect(plan.count).toBeLessThanOrEqual(1_500);
    expect(plan.firstMs + plan.count * plan.stepMs).toBeGreaterThanOrEqual(toMs);
  });

  test("uses the 10 s steps where minutes are not summed up yet, and has gaps where nothing is known", () => {
    const plan = { level: minutes, stepMs: 60_000, firstMs: atMs, count: 4 };
    const part = { mins: [], maxs: [] };
    const merged = mergeSeries(
      [
        {
          ...part,
          startsAtMs: atMs,
          stepMs: finest.stepMs,
          means: [9, 9, 9, 9, 9, 9, 1, 2, 3, null, null, 6],
        },
        { startsAtMs: atMs, stepMs: minutes.stepMs, means: [4], mins: [1], maxs: [8] },
      ],
      plan,
    );
    expect(merged).toEqual({
      values: [4, 3, null, null],
      mins: [1, 1, null, null],
      maxs: [8, 6, null, null],
      percentiles: { stepMs: 60_000, p50: 3, p95: 4, p99: 4 },
    });
  });
});

test("the journal has the previous state, where rows show it", () => {
  const before = makeTick({ queues: [makeQueue("mail")], organizations: [acme] });
  const change = {
    at: tickAt,
    text: "Queue mail has no worker",
    by: "3 wait",
    kind: "queue",
    state: "down",
  } as const;
  const after = makeTick({
    queues: [makeQueue("mail", { state: "down", label: "No worker" })],
    organizations: [acme],
    changes: [{ organization: "acme", subject: "mail", change }],
  });
  expect(journalOf(aspects, after, before)).toEqual([
    {
      organizationId: acme.id,
      at: tickAt,
      kind: "queue",
      subjectId: "mail",
      subject: "mail",
      from: "OK",
      to: "No worker",
      text: change.text,
      cause: "3 wait",
    },
  ]);
});
