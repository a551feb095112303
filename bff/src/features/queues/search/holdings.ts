import type { JobCauses, JobIndex, JobWords } from "@wheelhouse/shared/queues/find.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import type { SharedReads } from "#lib/shared-reads.ts";
import type { Clock } from "#lib/time/clock.ts";
import { keptSinceMs } from "./entries.ts";
import { longestValue, mostElements, mostFields, plainPathOf, standingRules } from "./fields.ts";
import { type Finding, mayReadPayload, organizationsOf } from "./finding.ts";
import type { CauseRow, ReadingStore, Tally } from "./reading-store.ts";
import { mostDataBytes } from "./streams.ts";

/** Incomplete jobs are counted up to here. */
const mostIncomplete = 1_000;
const mostCauses = 100;
const mostWords = 200;
/** Jobs whose fields complete a filter. */
const sampledJobs = 200;
/** Causes with a colour of their own. */
const mostShownCauses = 4;
const mostFailures = 20_000;
const barCount = 60;
const stepsMs = [60_000, 300_000, 900_000, 3_600_000, 21_600_000, 86_400_000];
/** That share of failed jobs the first causes should explain. */
const explainedShare = 0.9;
const mostGaps = 20;

const isoOf = (date: Date | null) => date?.toISOString() ?? null;
const sumOf = (some: readonly { jobs: number }[]) => some.reduce((sum, { jobs }) => sum + jobs, 0);

/** Jobs by a key of their tallies, most first. */
function grouped<T extends object>(tallies: readonly Tally[], of: (tally: Tally) => [string, T] | null) {
  const groups = new Map<string, T & { jobs: number }>();
  for (const tally of tallies) {
    const [key, what] = of(tally) ?? [];
    if (key === undefined || what === undefined) continue;
    const there = groups.get(key) ?? Object.assign({ jobs: 0 }, what);
    there.jobs += tally.jobs;
    groups.set(key, there);
  }
  return [...groups.values()].sort((a, b) => b.jobs - a.jobs).slice(0, mostWords);
}

/** How many of the first causes explain most of the failed jobs. */
function explainedBy(causes: readonly { jobs: number }[], total: number) {
  let jobs = 0;
  for (const [index, cause] of causes.entries()) {
    jobs += cause.jobs;
    if (jobs >= total * explainedShare) return { causes: index + 1, jobs };
  }
  return { causes: causes.length, jobs };
}

/** What the index holds, and what it knows of failures and words. */
export function createHoldings(deps: {
  store: ReadingStore;
  finding: Pick<Finding, "tallies">;
  shared: Pick<SharedReads, "open">;
  keptDays: number;
  clock: Clock;
}) {
  const { store, finding, shared, keptDays, clock } = deps;
  const sharedIndex = shared.open<JobIndex>();
  const sharedWords = shared.open<JobWords>();
  const sharedCauses = shared.open<JobCauses>();

  async function indexOf(ids: readonly string[]): Promise<JobIndex> {
    const [tallies, sources, queues, cut, bare, rules] = await Promise.all([
      finding.tallies(ids),
      store.sources(ids),
      store.queues(ids),
      store.incomplete(ids, "cut", mostIncomplete + 1),
      store.incomplete(ids, "none", mostIncomplete + 1),
      store.rules(ids),
    ]);
    const readAt = sources.flatMap(({ read_at }) => read_at ?? []).sort((a, b) => a.getTime() - b.getTime());
    const behind = sources.flatMap(({ behind_ms }) => behind_ms ?? []);
    const filling = queues.filter(({ is_filling }) => is_filling);
    const filledAt = queues.flatMap(({ filled_at }) => filled_at ?? []);
    const [largest] = cut;
    return {
      jobs: sumOf(tallies),
      queues: queues.length,
      readAt: isoOf(readAt[0] ?? null),
      behindMs: behind.length === 0 ? null : Math.max(...behind),
      keptDays,
      keptSince: new Date(keptSinceMs(clock.now(), keptDays)).toISOString(),
      failures: sources.flatMap(({ source, failure }) =>
        failure === null ? [] : [{ source, reason: failure }],
      ),
      fill: {
        running: filling.length,
        readJobs: filling.reduce((sum, { filled_jobs }) => sum + filled_jobs, 0),
        completeAt:
          filling.length > 0 || filledAt.length === 0
            ? null
            : new Date(Math.max(...filledAt.map((date) => date.getTime()))).toISOString(),
      },
      gaps: queues
        .flatMap(({ queue, name, gaps, gap_at }) =>
          gap_at === null ? [] : [{ queue, name, times: gaps, at: gap_at.toISOString() }],
        )
        .sort((a, b) => b.at.localeCompare(a.at))
        .slice(0, mostGaps),
      skipped: queues.reduce((sum, { skipped }) => sum + skipped, 0),
      cut: {
        jobs: Math.min(cut.length, mostIncomplete),
        isBound: cut.length > mostIncomplete,
        largest: largest
          ? { queue: largest.queue, id: largest.job_id, bytes: largest.data_bytes ?? 0 }
          : null,
      },
      bare: { jobs: Math.min(bare.length, mostIncomplete), isBound: bare.length > mostIncomplete },
      limits: {
        fields: mostFields,
        elements: mostElements,
        valueChars: longestValue,
        dataBytes: mostDataBytes,
      },
      rules: [...rules, ...standingRules.map(({ queue, path, what }) => ({ id: null, queue, path, what }))],
    };
  }

  async function wordsOf(ids: readonly string[], seesData: boolean): Promise<JobWords> {
    const tallies = await finding.tallies(ids);
    const fields = new Map<string, number>();
    if (seesData && tallies.length > 0) {
      const filter = { organizations: ids, probe: [], required: [], either: [] };
      const rows = await store.show(ids, await store.find(filter, undefined, sampledJobs));
      for (const { shown } of rows)
        for (const path of new Set((shown ?? []).map(([path]) => plainPathOf(path))))
          fields.set(path, (fields.get(path) ?? 0) + 1);
    }
    return {
      queues: grouped(tallies, ({ queue_id, queue_name }) => [
        queue_id,
        { queue: queue_id, name: queue_name },
      ]),
      names: grouped(tallies, ({ name }) => (name === "" ? null : [name, { name }])),
      fields: [...fields]
        .map(([path, jobs]) => ({ path, jobs }))
        .sort((a, b) => b.jobs - a.jobs)
        .slice(0, mostWords),
    };
  }

  async function barsOf(ids: readonly string[], causes: readonly CauseRow[]): Promise<JobCauses["bars"]> {
    const first = Math.min(...causes.map(({ first_at }) => first_at?.getTime() ?? clock.now()), clock.now());
    const wanted = (clock.now() - first) / barCount;
    const stepMs = stepsMs.find((step) => step >= wanted) ?? 86_400_000;
    const untilMs = Math.floor(clock.now() / stepMs) * stepMs + stepMs;
    const fromMs = Math.max(untilMs - barCount * stepMs, Math.floor(first / stepMs) * stepMs);
    const shown = [...new Set(causes.map(({ id }) => id))].slice(0, mostShownCauses);
    const length = Math.round((untilMs - fromMs) / stepMs);
    const counts = [...shown, "others"].map(() => Array.from({ length }, () => 0));
    const queues = [...new Set(causes.map(({ queue_id }) => queue_id))];
    const failures =
      causes.length === 0
        ? []
        : await store.failures(ids, queues, new Date(fromMs).toISOString(), mostFailures);
    for (const { cause, atMs } of failures) {
      const place = shown.indexOf(cause);
      const line = counts[place < 0 ? shown.length : place];
      const bar = Math.floor((atMs - fromMs) / stepMs);
      if (line && bar >= 0 && bar < length) line[bar] = (line[bar] ?? 0) + 1;
    }
    return {
      from: new Date(fromMs).toISOString(),
      stepMs,
      shown,
      counts,
      isBound: failures.length >= mostFailures,
    };
  }

  async function causesOf(
    ids: readonly string[],
    asked: { queues: string[] | undefined; names: string[] | undefined },
  ): Promise<JobCauses> {
    const rows = await store.causes(ids, asked);
    const total = sumOf(rows);
    const listed = rows.slice(0, mostCauses);
    const rest = rows.slice(mostCauses);
    return {
      total,
      causes: listed.map((row) => ({
        organizationId: row.org_id,
        id: row.id,
        name: row.name,
        message: row.message,
        queue: row.queue_id,
        queueName: row.queue_name,
        jobs: row.jobs,
        share: total === 0 ? 0 : row.jobs / total,
        firstAt: isoOf(row.first_at),
        lastAt: isoOf(row.last_at),
      })),
      others: { causes: rest.length, jobs: sumOf(rest) },
      explained: explainedBy(rows, total),
      bars: await barsOf(ids, rows),
    };
  }

  return {
    index(includeChildren: boolean, context: RequestContext) {
      const ids = organizationsOf(includeChildren, context);
      return sharedIndex(ids, null, () => indexOf(ids));
    },
    words(includeChildren: boolean, context: RequestContext) {
      const ids = organizationsOf(includeChildren, context);
      const seesData = mayReadPayload(ids, context);
      return sharedWords(ids, seesData, () => wordsOf(ids, seesData));
    },
    causes(
      query: { queue?: string[] | undefined; name?: string[] | undefined; includeChildren: boolean },
      context: RequestContext,
    ) {
      const ids = organizationsOf(query.includeChildren, context);
      const asked = { queues: query.queue, names: query.name };
      return sharedCauses(ids, asked, () => causesOf(ids, asked));
    },
  };
}
