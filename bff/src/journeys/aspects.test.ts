import { pino } from "pino";
import { expect, test } from "vitest";
import { createMetrics } from "#features/health/own/metrics.ts";
import { figuresOfTick } from "#features/history/tick-figures.ts";
import { journalOf } from "#features/history/writing/journal.ts";
import { createOverviewAspect } from "#features/overview/aspect.ts";
import { type Aspect, aspectKey, type Board, type Owned } from "#observe/aspect.ts";
import { defineFigures } from "#observe/figures.ts";
import { createPublicRows, createSnapshotStore } from "#observe/spread/spread.ts";
import { createCollector, type Tick } from "#observe/tick/tick.ts";
import { makeAspects } from "#testing/aspects.ts";
import { tickAt } from "#testing/tick.ts";

type Lock = Owned & { name: string; holder: string; ageMs: number; state: "ok" | "down"; server: string };
type Holder = Owned & { locks: number };

const locks = aspectKey<Lock, { readAt: string }>("locks");
const holders = aspectKey<Holder>("holders");
const acme = { id: "01900000-0000-7000-8000-0000000000a1", slug: "acme" };
const nowMs = Date.parse(tickAt);

/** Two aspects that the product does not know: locks, and how many of them each owner holds. */
function setup() {
  const lock = (id: string, part: Partial<Lock> = {}): Lock => ({
    id,
    organization: "acme",
    name: id,
    holder: "worker-1",
    ageMs: 1_000,
    state: "ok",
    server: "store",
    ...part,
  });
  let found = [lock("orders"), lock("mail"), lock("theirs", { organization: "rival" })];
  const calls: string[] = [];
  const board: Board<Lock> = {
    poke: async (known) => calls.push(`poke ${known.map(({ slug }) => slug)}`),
    adopt: (rows, extra) => calls.push(`adopt ${rows.length} ${JSON.stringify(extra)}`),
    observe({ organizations }) {
      const old = found.find(({ ageMs }) => ageMs > 60_000);
      const change = {
        at: tickAt,
        text: "Lock is old",
        by: "",
        kind: "queue",
        state: "down",
      } as const;
      return {
        rows: found,
        changes: old ? [{ organization: "acme", subject: old.name, change }] : [],
        extra: { readAt: organizations.length },
      };
    },
    rest: () => calls.push("rest"),
  };
  const figures = defineFigures<Lock>("queue", [["ageMs", ({ ageMs }) => ageMs]]);
  const publicRows = createPublicRows<Lock>();
  const lockAspect: Aspect<Lock> = {
    key: locks.key,
    board,
    list: (rows, { observedAt }) => ({ observedAt, items: rows.map(publicRows.of) }),
    findings: (rows) =>
      rows.map(({ id, name, ageMs, state }) => ({
        node: `lock:${id}`,
        state,
        check: state,
        explainedBy: null,
        problem:
          ageMs <= 60_000
            ? null
            : {
                state: "down",
                label: "Old",
                subject: name,
                title: "is held for long",
                cause: `${ageMs} ms`,
                affects: null,
                countsDependants: true,
                since: tickAt,
                area: "queues",
                path: `locks?lock=${id}`,
              },
      })),
    figures: (rows, seen) => figures.all(rows, seen, () => true),
    trends(rows, _seen, { recent }) {
      for (const { id, ageMs } of rows) recent(`age:${id}`, ageMs);
    },
    frames: [{ part: "locks", text: (_rows, { encoded }) => encoded.plain() }],
    journal: { kind: "queue", name: ({ name }) => name, word: ({ state }) => state },
    gauges: [
      {
        name: "lock_age_seconds",
        help: "Age of a lock",
        labels: ["lock"],
        tell: ({ id, ageMs }, set) => set({ lock: id }, ageMs / 1_000),
      },
    ],
  };
  const holderAspect: Aspect<Holder> = {
    key: holders.key,
    board: {
      adopt() {},
      // Reads the rows of the previous aspect.
      observe: (seen) => ({
        rows: [{ id: "worker-1", organization: "acme", locks: locks.rows(seen).length }],
        changes: [],
      }),
      rest() {},
    },
    findings: (rows) =>
      rows.map(({ id }) => ({
        node: `holder:${id}`,
        state: "unknown",
        check: "unknown",
        explainedBy: null,
        problem: {
          state: "unknown",
          label: "Unknown",
          subject: id,
          title: "cannot be asked",
          cause: "none",
          affects: null,
          countsDependants: false,
          since: tickAt,
          area: "queues",
          path: "holders",
        },
      })),
    edges: {
      noun: "holder",
      of: (rows) => rows.map(({ id }) => ({ from: `holder:${id}`, to: "lock:orders" })),
    },
  };
  const observed = [
    ...makeAspects().aspects.filter(({ key }) => key !== "overview"),
    lockAspect,
    holderAspect,
  ];
  const { aspect, overviewOf } = createOverviewAspect(observed);
  const aspects = [...observed, aspect];
  const clock = { now: () => nowMs };
  const snapshots = createSnapshotStore({ aspects, clock, intervalMs: 1_000 });
  let term: number | null = 1;
  const published: Tick[] = [];
  const collector = createCollector({
    aspects,
    reports: { poke: async () => undefined },
    organizations: async () => [acme],
    store: snapshots,
    lease: { hold: async () => ({ term, reachable: true }), release: async () => undefined },
    replication: { publish: (tick) => published.push(tick), restoreOnce: async () => undefined },
    owner: "test",
    firstCandidate: true,
    intervalMs: 1_000,
    clock,
    log: pino({ level: "silent" }),
  });
  return {
    aspects,
    snapshots,
    overview: () => overviewOf(snapshots.viewsOf(acme).part),
    collector,
    published,
    calls,
    age(id: string, ageMs: number) {
      found = found.map((each) => (each.id === id ? { ...each, ageMs, state: "down" } : each));
    },
    loseLease() {
      term = null;
    },
  };
}

test("an aspect unknown to the core is observed, served, stored and assessed like any other", async () => {
  const { aspects, snapshots, overview, collector, published, age } = setup();
  await collector.tick();
  const before = published[0] ?? null;
  age("orders", 90_000);
  await collector.tick();
  const tick = published[1];
  if (!tick) throw new Error("nothing was published");

  expect(tick.rows[holders.key]).toEqual([{ id: "worker-1", organization: "acme", locks: 3 }]);
  const views = snapshots.viewsOf(acme);
  expect(views.list("locks")).toMatchObject({ items: [{ id: "orders", ageMs: 90_000 }, { id: "mail" }] });
  expect(JSON.stringify(views.list("locks"))).not.toContain("organization");
  expect(views.encoded("locks").plain()).toBe(views.encoded("locks").plain());
  // A stored part is found by its name for 13 months.
  expect([...views.frame().keys()].sort()).toEqual(
    ["breakers", "caches", "details", "health", "locks", "overview", "queues", "schedules", "servers"], //
  );
  expect(views.frame().get("locks")).toBe(views.encoded("locks").plain());
  expect(views.part.trend("age:orders").values.at(-1)).toBe(90_000);

  // The old lock is the cause of its dependents' problems, and they count as what it affects.
  expect(overview().problems).toMatchObject([
    { id: "lock:orders", affects: "1 holder", changedBefore: null },
  ]);
  expect(overview().checks).toMatchObject({ total: 3, down: 1, ok: 1, unknown: 1, explained: 1 });

  const figures = figuresOfTick(aspects, tick);
  expect(figures.map(({ entity, values }) => [entity, ...values])).toEqual([
    ["orders", 90_000],
    ["mail", 1_000],
  ]);
  expect(journalOf(aspects, tick, before)).toMatchObject([
    { kind: "queue", subjectId: "orders", from: "ok", to: "down" },
  ]);
  const metrics = createMetrics({ aspects, snapshots, clock: { now: () => nowMs }, eventLoop: () => null });
  expect(await metrics.metrics()).toContain('wheelhouse_lock_age_seconds{lock="orders"} 90');
});

test("an aspect takes over the last observer's state, and stops when another process observes", async () => {
  const { snapshots, collector, calls, loseLease } = setup();
  snapshots.ingest({
    version: 2,
    head: {
      observer: "other",
      term: 1,
      observedAt: tickAt,
      intervalMs: 1_000,
      organizations: [acme],
      changes: [],
    },
    rows: { [locks.key]: [{ id: "orders", organization: "acme" }] },
    extra: { [locks.key]: { readAt: tickAt } },
  });
  await collector.tick();
  await collector.tick();
  loseLease();
  snapshots.ingest({
    ...(snapshots.tick() ?? never()),
    head: { ...head(snapshots.tick()), observer: "other" },
  });
  await collector.tick();
  await collector.tick();
  expect(calls).toEqual(["poke acme", `adopt 1 ${JSON.stringify({ readAt: tickAt })}`, "poke acme", "rest"]);
});

const never = (): never => {
  throw new Error("nothing was observed");
};
const head = (tick: Tick | null) => (tick ?? never()).head;
