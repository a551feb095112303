import { organizationPageList } from "@wheelhouse/shared/pages.ts";
import { describe, expect, test } from "vitest";
import { platformOrganization } from "#lib/http/request-context.ts";
import type { Change, ObservedChange } from "#observe/aspect.ts";
import { createTrends, createViews, divide } from "#observe/spread/spread.ts";
import { createBadFileBoard, makeAspects } from "#testing/aspects.ts";
import {
  makeBreaker,
  makeCounts,
  makeQueue,
  makeSeen,
  makeServer,
  makeService,
  makeTick,
  makeWebhooks,
  tickAt,
} from "#testing/tick.ts";
import { paintHtml } from "./paint.ts";
import { verdictOf } from "./verdict.ts";

const acme = { id: "acme-id", slug: "acme" };
const nowMs = Date.parse(tickAt);
const ago = (ms: number) => new Date(nowMs - ms).toISOString();
const minuteMs = 60_000;
const { aspects, overviewOf: sumUp } = makeAspects();
type TickPart = Parameters<typeof makeTick>[0];
const overviewFor = (
  organization: { id: string; slug: string },
  part: TickPart,
  changes: readonly ObservedChange[] = [],
) =>
  sumUp(
    createViews({
      aspects,
      organization,
      current: divide(makeTick(part)),
      changes,
      trends: createTrends(),
      hour: createTrends(),
      intervalMs: 1_000,
    }).part,
  );
const overviewOf = (part: TickPart, changes: readonly ObservedChange[] = []) =>
  overviewFor(acme, part, changes);
const withWebhooks = (part: Parameters<typeof makeWebhooks>[0]): TickPart => ({
  webhooks: [makeWebhooks(part)],
});
const brokenQueue = makeQueue("orders", {
  state: "down",
  label: "No worker",
  cause: "3 jobs waiting, no worker connected",
  workers: 0,
  counts: makeCounts({ waiting: 3 }),
  since: ago(2 * minuteMs),
});

const maintenance = { until: ago(-60_000), reason: "upgrade" };

describe("checks and problems", () => {
  test.each<[string, TickPart, Record<string, number>, string[]]>([
    ["nothing is watched", {}, { total: 0 }, []],
    [
      "all is well",
      { servers: [makeServer("primary")], queues: [makeQueue("a")], ...withWebhooks({}) },
      { total: 3, ok: 3 },
      [],
    ],
    [
      "a queue without worker",
      { servers: [makeServer("primary")], queues: [brokenQueue] },
      { total: 2, ok: 1, down: 1 },
      ["down orders"],
    ],
    [
      "a Redis that is down explains its queues",
      {
        servers: [makeServer("primary", { state: "down", cause: "Connection refused" })],
        queues: [makeQueue("a", { state: "unknown" }), makeQueue("b", { state: "unknown" })],
      },
      { total: 3, down: 1, unknown: 2, explained: 2 },
      ["down Redis primary"],
    ],
    [
      "a server without recent data is stale, not ok",
      { servers: [makeServer("primary", { observedAt: ago(4_000) })] },
      { total: 1, stale: 1 },
      ["stale Redis primary"],
    ],
    [
      "a service that is down explains what calls it",
      {
        services: [
          makeService("db", { state: "down", label: "Down", cause: "refused", affects: 2 }),
          makeService("api", { state: "down", explainedBy: "db" }),
          makeService("web", { state: "degraded", explainedBy: "db" }),
          makeService("other"),
        ],
      },
      { total: 4, ok: 1, down: 2, degraded: 1, explained: 2 },
      ["down db"],
    ],
    [
      "a server is counted once, though it is a row as well",
      {
        servers: [makeServer("primary", { state: "down" })],
        services: [
          makeService("primary", { kind: "redis", state: "down", affects: 1 }),
          makeService("api", { state: "down", explainedBy: "primary" }),
        ],
      },
      { total: 2, down: 2, explained: 1 },
      ["down Redis primary"],
    ],
    [
      "planned work is no problem, of a service or a server",
      {
        servers: [makeServer("primary", { state: "down" })],
        services: [
          makeService("primary", { kind: "redis", state: "down", maintenance }),
          makeService("api", { state: "down", maintenance }),
        ],
      },
      { total: 2, maintenance: 2 },
      [],
    ],
    [
      "a service without recent data is stale, one that cannot be checked is unknown",
      {
        services: [
          makeService("late", { observedAt: ago(25_000) }),
          makeService("mute", { state: "unknown" }),
        ],
      },
      { total: 2, stale: 1, unknown: 1 },
      ["unknown mute", "stale late"],
    ],
    [
      "a service not asked yet is pending, and after two intervals a problem",
      {
        services: [
          makeService("new", { state: "unknown", observedAt: null, since: ago(5_000) }),
          makeService("never", { state: "unknown", observedAt: null, since: ago(25_000) }),
        ],
      },
      { total: 2, pending: 1, unknown: 1 },
      ["unknown never"],
    ],
    [
      "a server never asked is unknown, not ok",
      { servers: [makeServer("primary", { state: "unknown", observedAt: null, redis: null })] },
      { total: 1, unknown: 1 },
      ["unknown Redis primary"],
    ],
    [
      "dead letters wait",
      withWebhooks({ deadLetters: 2, deadLettersSince: ago(1_000) }),
      { total: 1, degraded: 1 },
      ["degraded webhooks"],
    ],
    [
      "an open breaker of webhooks is counted with webhooks, and is one problem",
      {
        ...withWebhooks({
          breakers: [
            {
              endpointId: "e",
              name: "CRM",
              state: "open",
              since: ago(9_000),
              nextProbeAt: null,
              failureRatio: 1,
              attemptsPerMinute: 5,
              failedPerMinute: 5,
              latencyMsP50: 40,
              latencyMsP95: 90,
              failuresToOpen: 3,
              coolDownMs: 30_000,
              disablesAt: null,
            },
          ],
        }),
        breakers: [makeBreaker("CRM", { state: "open", library: "Wheelhouse" })],
      },
      { total: 1, degraded: 1, explained: 1 },
      ["degraded CRM"],
    ],
    [
      "an open breaker of a service loses calls; a limit that is reached, and a forced one, do not",
      {
        breakers: [
          makeBreaker("payments", { state: "open" }),
          makeBreaker("cluster", { state: "open", kind: "concurrency" }),
          makeBreaker("rates", { state: "forced_open" }),
          makeBreaker("geo", { state: "half_open" }),
        ],
      },
      { total: 0 },
      ["down payments", "degraded cluster"],
    ],
    [
      "figures of webhooks that cannot be read are unknown, not zero",
      { webhooks: [makeWebhooks()], webhooksExtra: { observedAt: ago(20_000), failing: true } },
      { total: 1, unknown: 1 },
      ["unknown webhooks"],
    ],
    [
      "what belongs to another organization is not seen",
      {
        servers: [makeServer("theirs", { organization: "rival", state: "down" })],
        queues: [{ ...brokenQueue, organization: "rival" }],
        webhooks: [makeWebhooks({ id: "rival-id", organization: "rival", deadLetters: 5 })],
      },
      { total: 0 },
      [],
    ],
  ])("%s", (_name, part, checks, problems) => {
    const overview = overviewOf(part);
    const none = {
      total: 0,
      ok: 0,
      degraded: 0,
      down: 0,
      unknown: 0,
      stale: 0,
      maintenance: 0,
      pending: 0,
      explained: 0,
    };
    expect(overview.checks).toEqual({ ...none, ...checks });
    expect(overview.problems.map(({ state, subject }) => `${state} ${subject}`)).toEqual(problems);
  });

  test("an invalid list of sources is shown to the organizations concerned, its errors to the platform only", () => {
    const bad = {
      name: "wheelhouse.yaml",
      since: ago(minuteMs),
      goodAt: ago(2 * minuteMs),
      problems: ["line 3: services.a.url: must be a URL", "line 9: x"],
      organizations: ["acme"],
    };
    const { rows } = createBadFileBoard(() => bad).observe(makeSeen(nowMs));
    const told = (organization: { id: string; slug: string }) =>
      overviewFor(organization, { badFile: rows }).problems.map(
        ({ subject, cause }) => `${subject}: ${cause}`,
      );
    const kept = "The last valid version stays in effect, read on 2026-01-05 at 11:58:00 UTC";
    expect(told(platformOrganization)).toEqual([
      `wheelhouse.yaml: line 3: services.a.url: must be a URL (and 1 more). ${kept}`,
    ]);
    expect(told(acme)).toEqual([`wheelhouse.yaml: The platform organization sees the errors. ${kept}`]);
    expect(told({ id: "rival-id", slug: "rival" })).toEqual([]);
  });

  test("problems are sorted worst first, then by age", () => {
    const { problems } = overviewOf({
      servers: [makeServer("late", { observedAt: ago(9_000) })],
      queues: [
        { ...brokenQueue, id: "new", name: "new", since: ago(1_000) },
        { ...brokenQueue, id: "slow", name: "slow", state: "degraded", label: "Old jobs" },
        { ...brokenQueue, id: "old", name: "old", since: ago(9_000) },
      ],
    });
    expect(problems.map(({ subject }) => subject)).toEqual(["old", "new", "slow", "Redis late"]);
  });

  test("unknown figures are null, never zero", () => {
    const { tiles, red } = overviewOf({
      servers: [makeServer("primary", { state: "down" })],
      queues: [makeQueue("a", { state: "unknown", counts: makeCounts({ waiting: 4 }) })],
      webhooksExtra: { observedAt: null, failing: true },
    });
    expect(tiles.redis).toMatchObject({ usedMemoryBytes: { value: null }, opsPerSecond: null });
    expect(tiles.queues).toMatchObject({ waiting: { value: null }, noWorker: null, paused: null });
    expect(tiles.breakers).toMatchObject({ breakers: null, open: null, halfOpen: null, unknown: null });
    expect(tiles.webhooks).toMatchObject({ endpoints: null, deadLetters: null, pending: null });
    expect([red.ratePerSecond.value, red.errorRatio.value, red.durationMsP95.value]).toEqual([
      null,
      null,
      null,
    ]);
  });
});

describe("one outage is one problem", () => {
  const outage = ago(5 * minuteMs);
  const gateway = makeService("card-gateway", {
    name: "Card gateway",
    state: "down",
    cause: "refused",
    since: outage,
    affects: 1,
  });
  const payments = makeService("payments", {
    name: "Payments",
    dependsOn: ["card-gateway"],
    state: "degraded",
    explainedBy: "card-gateway",
  });
  const charge = makeBreaker("charge-card", {
    id: "payments~charge-card",
    service: "payments",
    state: "open",
    since: ago(4 * minuteMs),
  });
  const part = (...breakers: ReturnType<typeof makeBreaker>[]): TickPart => ({
    services: [gateway, payments, makeService("shop", { dependsOn: ["payments"] }), makeService("mail")],
    breakers,
  });
  const shown = (overview: ReturnType<typeof overviewOf>) =>
    overview.problems.map(({ subject, affects, effects = [] }) => ({
      subject,
      affects,
      effects: effects.map((effect) => `${effect.noun} ${effect.subject}`),
    }));

  test("breakers of what depends on the failing service are its effects, through others too", () => {
    const checkout = makeBreaker("pay", {
      id: "shop~pay",
      service: "shop",
      state: "open",
      since: ago(1_000),
    });
    const overview = overviewOf(part(charge, checkout));
    expect(shown(overview)).toEqual([
      {
        subject: "Card gateway",
        affects: "1 service, 2 breakers",
        effects: ["breaker charge-card", "breaker pay", "service Payments"],
      },
    ]);
    expect(verdictOf(overview, nowMs).sentence).toBe(
      "2 of 4 checks pass. This problem explains the other 2. Since 11:55 UTC.",
    );
  });

  test("a breaker with exactly the id of the failing service guards the calls to it", () => {
    const named = makeBreaker("card-gateway", { service: "mail", state: "open", since: ago(1_000) });
    expect(shown(overviewOf(part(named)))).toMatchObject([{ affects: "1 service, 1 breaker" }]);
  });

  test("a breaker that was open before the outage, or of a service that needs nothing failing, is its own problem", () => {
    const before = { ...charge, since: ago(9 * minuteMs) };
    const other = makeBreaker("smtp", { id: "mail~smtp", service: "mail", state: "open", since: ago(1_000) });
    const subjects = overviewOf(part(before, other)).problems.map(({ subject }) => subject);
    expect(subjects.sort()).toEqual(["Card gateway", "charge-card", "smtp"]);
  });

  test("a breaker is a problem of its own once the outage is over", () => {
    const recovered = { services: [{ ...gateway, state: "ok" as const }, payments], breakers: [charge] };
    expect(overviewOf(recovered).problems.map(({ subject }) => subject)).toContain("charge-card");
  });

  test("a breaker that is forced closed is named while it lasts, with who did it and since when", () => {
    const at = ago(3 * minuteMs);
    const forced = { by: "Mara", at, reason: "load test", command: "close" as const, until: null };
    const [problem] = overviewOf({ breakers: [makeBreaker("geo", { state: "disabled", forced })] }).problems;
    expect(problem).toMatchObject({
      state: "degraded",
      label: "Forced closed",
      cause: "By Mara: load test",
      since: at,
    });
  });
});

describe("an outage reaches further than services", () => {
  const redis = makeServer("primary", { state: "down", cause: "Connection refused", since: ago(minuteMs) });
  const stopped = { server: "primary", name: "Redis primary", since: ago(minuteMs) };
  const away = { webhooksExtra: { observedAt: tickAt, failing: false, stopped }, ...withWebhooks({}) };

  test("with Redis away, webhook delivery stands still as an effect of it", () => {
    const [problem, ...others] = overviewOf({ ...away, servers: [redis] }).problems;
    expect(others).toEqual([]);
    expect(problem).toMatchObject({
      subject: "Redis primary",
      affects: expect.stringContaining("webhook delivery"),
    });
    expect(problem?.effects).toMatchObject([
      {
        subject: "Webhooks",
        label: "Waiting",
        cause: expect.stringContaining("Redis primary is not responding"),
      },
    ]);
  });

  test("an organization that does not see that Redis has the standstill as its own problem", () => {
    expect(overviewOf(away).problems.map(({ subject, title }) => `${subject}: ${title}`)).toEqual([
      "Webhooks: delivery stands still",
    ]);
  });

  test("a queue without worker is an effect of the service that works on it", () => {
    const shipping = makeService("shipping", {
      state: "down",
      cause: "refused",
      since: ago(3 * minuteMs),
      consumes: ["orders"],
    });
    const [problem, ...others] = overviewOf({ services: [shipping], queues: [brokenQueue] }).problems;
    expect(others).toEqual([]);
    expect(problem).toMatchObject({ subject: "shipping", affects: "1 queue" });
    expect(problem?.effects).toMatchObject([{ noun: "queue", subject: "orders" }]);
  });

  test("a check of webhooks that fails only because of an open breaker is explained by it", () => {
    const breaker = { endpointId: "e1", name: "CRM", state: "open" as const };
    const open = makeBreaker("CRM", {
      id: "webhook-delivery~e1",
      service: "webhook-delivery",
      state: "open",
    });
    const webhooks = makeWebhooks();
    const breakers = [
      {
        ...breaker,
        since: null,
        nextProbeAt: null,
        failureRatio: 1,
        attemptsPerMinute: 1,
        failedPerMinute: 1,
        latencyMsP50: null,
        latencyMsP95: null,
        failuresToOpen: 3,
        coolDownMs: 30_000,
        disablesAt: null,
      },
    ];
    const overview = overviewOf({ webhooks: [{ ...webhooks, breakers }], breakers: [open] });
    expect(overview.checks).toMatchObject({ degraded: 1, explained: 1 });
    expect(overview.problems).toMatchObject([{ subject: "CRM", isCheck: false }]);
  });
});

describe("the change just before", () => {
  const change = (text: string, beforeMs: number): Change => ({
    at: ago(2 * minuteMs + beforeMs),
    text,
    by: "Mara",
    kind: "audit",
    state: null,
    about: ["orders"],
  });
  const changedBefore = (acts: Change[], changes: ObservedChange[] = []) =>
    overviewOf({ queues: [brokenQueue], acts: [{ id: acme.id, organization: acme.slug, acts }] }, changes)
      .problems[0]?.changedBefore;

  test("is the latest one within 30 min before the problem began", () => {
    expect(
      changedBefore([change("after", -1_000), change("near", 60_000), change("far", 90_000)])?.text,
    ).toBe("near");
    expect(changedBefore([change("too early", 31 * minuteMs)])).toBeNull();
  });

  test("is an act on it or on what it depends on, never on something unrelated", () => {
    const on = (about: string) => ({ ...change(about, 1_000), about: [about] });
    expect(changedBefore([on("primary")])?.text).toBe("primary");
    expect(changedBefore([on("mail")])).toBeNull();
  });

  test("is a failure of what it depends on, never a recovery nor a failure elsewhere", () => {
    const seen = (subject: string, state: "down" | null): ObservedChange => ({
      organization: "acme",
      subject,
      change: { at: ago(2 * minuteMs + 1_000), text: subject, by: "", kind: "health", state },
    });
    expect(changedBefore([], [seen("primary", "down")])?.text).toBe("primary");
    expect(changedBefore([], [seen("primary", null)])).toBeNull();
    expect(changedBefore([], [seen("Payments", "down")])).toBeNull();
  });

  test("is never an earlier opening of the breaker itself", () => {
    const open = makeBreaker("crm", { state: "open", since: ago(minuteMs) });
    const earlier: ObservedChange = {
      organization: "acme",
      subject: "crm",
      subjectId: "orders~crm",
      turn: "worse",
      change: { at: ago(2 * minuteMs), text: "crm opened", by: "", kind: "breaker", state: "down" },
    };
    expect(overviewOf({ breakers: [open] }, [earlier]).problems[0]?.changedBefore).toBeNull();
  });

  test("is never the problem itself", () => {
    const own = {
      organization: "acme",
      subject: "orders",
      change: { ...change("Queue orders has no worker", 0), kind: "queue" as const },
    };
    expect(changedBefore([change("deployed", 1_000)], [own])?.text).toBe("deployed");
  });
});

describe("verdict line", () => {
  test("outdated data is never called ok", () => {
    const good = overviewOf({ servers: [makeServer("primary")] });
    const headline = (overview: typeof good, atMs: number) => verdictOf(overview, atMs).parts[0]?.text;
    expect(headline(good, nowMs + 2_000)).toBe("All 1 check pass, verified 2 s ago");
    expect(headline(good, nowMs + 61_000)).toBe("Was all checks passed, 1 m ago");
    expect(headline({ ...good, observedAt: null }, nowMs)).toBe("No data yet");
  });

  test("counts problems, worst first", () => {
    const bad = overviewOf({
      queues: [brokenQueue, makeQueue("a", { state: "degraded", label: "Old jobs" })],
    });
    expect(verdictOf(bad, nowMs)).toMatchObject({
      parts: [{ text: "1 down" }, { text: "1 degraded" }],
      sentence: "0 of 2 checks pass. Oldest down since 11:58 UTC.",
    });
  });
});

describe("the page before its scripts run", () => {
  const overview = overviewOf({ queues: [brokenQueue] });
  const paint = (path: string, name = "Northwind") =>
    paintHtml({
      organization: { slug: "northwind", name },
      page: organizationPageList.find((page) => page.path === path),
      overview,
      nowMs,
      basePath: "/ops",
    });

  test("has navigation, title and verdict, and on Overview its problems with their causes", () => {
    const html = paint("/overview");
    expect(html).toContain("<h1>Overview</h1>");
    expect(html).toContain('<a href="/ops/o/northwind/overview" aria-current="page">Overview</a>');
    expect(html).toContain('<h2 class="t20 b">1 down</h2>');
    const [problem] = overview.problems;
    expect(html).toContain(`<b class="cut">${problem?.subject}: ${problem?.title}</b>`);
    expect(html).toContain(`${problem?.cause}</span>`);
    expect(paint("/queues")).not.toContain("boot-problems");
  });

  test("escapes what people wrote", () => {
    expect(paint("/overview", `<script>"&'`)).toContain("&lt;script&gt;&quot;&amp;&#39;");
  });
});

describe("recent changes", () => {
  const turnOf = (name: string, beforeMs: number, turn: "worse" | "better"): ObservedChange => ({
    organization: "acme",
    subject: name,
    subjectId: `orders~${name}`,
    turn,
    change: {
      at: ago(beforeMs),
      text: `${name} ${turn === "worse" ? "opened on 1 of 2" : "closed"}`,
      by: turn === "worse" ? "60.0% failures" : "Recovered",
      kind: "breaker",
      state: turn === "worse" ? "down" : null,
    },
  });
  const flapping = (name: string, count: number) =>
    Array.from({ length: count }, (_, n) => [
      turnOf(name, (count - n) * 40_000, "worse"),
      turnOf(name, (count - n) * 40_000 - 15_000, "better"),
    ]).flat();
  const acts = [
    {
      at: ago(50 * minuteMs),
      text: "Breaker forced closed: geo",
      by: "Mara",
      kind: "audit",
      about: ["x~geo"],
    },
    {
      at: ago(20 * minuteMs),
      text: "payments 2.1.0 deployed",
      by: "CI",
      kind: "deployment",
      about: ["orders"],
    },
  ].map((act): Change => ({ ...act, state: null }));
  const seen = (changes: ObservedChange[], part: TickPart = {}) =>
    overviewOf({ ...part, acts: [{ id: acme.id, organization: acme.slug, acts }] }, changes);

  test("of a flapping breaker are one line, and acts and deployments stand before it", () => {
    expect(
      seen(flapping("crm", 11)).recentChanges.map(({ text, fold = null }) => [text, fold?.changes]),
    ).toEqual([
      ["payments 2.1.0 deployed", undefined],
      ["Breaker forced closed: geo", undefined],
      ["crm opened 11 times in 6 m", 22],
    ]);
  });

  test("of two breakers with one name are not added up", () => {
    const other = flapping("crm", 3).map((each) => ({ ...each, subjectId: "billing~crm" }));
    const texts = seen([...flapping("crm", 4), ...other]).recentChanges.map(({ text }) => text);
    expect(texts.slice(2).sort()).toEqual(["crm opened 3 times in 1 m", "crm opened 4 times in 2 m"]);
  });

  test("beside a problem are its own, its effects' and its causes'; the rest is counted", () => {
    const open = makeBreaker("crm", { state: "open", since: ago(minuteMs) });
    const changes = [...flapping("crm", 3), ...flapping("other", 2)];
    const { problemChanges } = seen(changes, { breakers: [open] });
    expect(problemChanges?.items.map(({ text }) => text)).toEqual([
      "crm opened 3 times in 1 m",
      "payments 2.1.0 deployed",
    ]);
    expect(problemChanges?.unrelated).toBe(2);
  });
});
