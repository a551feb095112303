import type { EndpointParsed } from "@wheelhouse/shared/endpoint.ts";
import type { FoundJob, FoundJobs, findJobs } from "@wheelhouse/shared/queues/find.ts";
import { z } from "zod";
import { decodeCursor, encodeCursor } from "#lib/http/cursor.ts";
import { AppError, invalidField } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import type { SharedReads } from "#lib/shared-reads.ts";
import type { Clock } from "#lib/time/clock.ts";
import { plainPathOf } from "./fields.ts";
import type { FoundPlace, ReadingStore, SearchFilter, ShownJob, Tally } from "./reading-store.ts";
import { conditionOf, type FieldCondition, mostAlternatives, searchTermsOf } from "./terms.ts";

type Query = EndpointParsed<typeof findJobs>["query"];

/** Matches are counted up to here; fewer where many lists of the index are merged, because each is read so far. */
const mostCounted = 1_000;
const leastCounted = 200;
const mostRead = 10_000;
const mostCauses = 2_000;
const mostShown = 3;

const cursorPlace = z.object({ at: z.iso.datetime(), no: z.string().regex(/^\d{1,19}$/) });

/** The organization, or with all below it that the caller may read. */
export const organizationsOf = (
  includeChildren: boolean,
  { organization, subtreeIds }: RequestContext,
): string[] => (includeChildren ? [...new Set([organization.id, ...subtreeIds])] : [organization.id]);

export const mayReadPayload = (organizationIds: readonly string[], { actor }: RequestContext): boolean =>
  organizationIds.every((id) => actor.can("queues:payload").in(id).check());

/** What of a job's fields answers the filter, else its first fields. */
function matchedOf(shown: ShownJob["shown"], conditions: readonly FieldCondition[]): FoundJob["matched"] {
  const pairs = (shown ?? []).map(([path, value]) => ({ path, value }));
  const answers = pairs.filter(({ path, value }) =>
    conditions.some((condition) => {
      const [plain, asked] = [plainPathOf(path).toLowerCase(), condition.path.toLowerCase()];
      const isHere = asked === "" || plain === asked || plain.endsWith(`.${asked}`);
      return isHere && condition.values.some((given) => given.toLowerCase() === value.trim().toLowerCase());
    }),
  );
  return (conditions.length > 0 ? answers : pairs).slice(0, mostShown);
}

const foundJobOf = (row: ShownJob, conditions: readonly FieldCondition[], seesData: boolean): FoundJob => ({
  organizationId: row.org_id,
  id: row.job_id,
  queue: row.queue,
  queueName: row.queue_name,
  source: row.source,
  name: row.name,
  state: row.state,
  addedAt: row.added_at.toISOString(),
  processedAt: row.processed_at?.toISOString() ?? null,
  finishedAt: row.finished_at?.toISOString() ?? null,
  dueAt: row.due_at?.toISOString() ?? null,
  attempts: row.attempts,
  attemptsMost: row.attempts_most,
  worker: row.worker,
  error: row.error,
  matched: seesData ? matchedOf(row.shown, conditions) : [],
  fields: row.fields,
});

type Summary = NonNullable<FoundJobs["summary"]>;

/** Counts by queue and by state, most first. */
function summaryOf(
  groups: readonly { queue: string; name: string; state: Tally["state"]; jobs: number }[],
  isBound: boolean,
): Summary {
  const queues = new Map<string, Summary["queues"][number]>();
  const states = new Map<Tally["state"], number>();
  for (const { queue, name, state, jobs } of groups) {
    const there = queues.get(queue) ?? { queue, name, jobs: 0 };
    there.jobs += jobs;
    queues.set(queue, there);
    states.set(state, (states.get(state) ?? 0) + jobs);
  }
  return {
    count: groups.reduce((sum, { jobs }) => sum + jobs, 0),
    isBound,
    queues: [...queues.values()].sort((a, b) => b.jobs - a.jobs || a.name.localeCompare(b.name)),
    states: [...states].map(([state, jobs]) => ({ state, jobs })).sort((a, b) => b.jobs - a.jobs),
  };
}

/** Parts of the index that a filter by queue, name and state leaves; null when it names none of these. */
function partsOf(
  tallies: readonly Tally[],
  { queue, name, state }: Query,
): (Tally & { isUncounted?: true })[] {
  return tallies.flatMap((tally) => {
    if (queue && !queue.includes(tally.queue_id) && !queue.includes(tally.queue_name)) return [];
    if (state && !state.includes(tally.state)) return [];
    if (!name) return [tally];
    // Of a queue with very many names, any may be among those that are not counted one by one.
    if (tally.name === "") return name.map((each) => ({ ...tally, name: each, isUncounted: true as const }));
    return name.includes(tally.name) ? [tally] : [];
  });
}

/** The same as lists of one length, as the database walks them. */
function placesOf(parts: readonly Tally[], { queue, name, state }: Query) {
  if (name)
    return {
      queues: parts.map((part) => part.queue),
      names: parts.map((part) => part.name),
      states: parts.map((part) => part.state),
    };
  if (queue) {
    const pairs = new Map(parts.map((part) => [`${part.queue} ${part.state}`, part]));
    return {
      queues: [...pairs.values()].map((part) => part.queue),
      states: [...pairs.values()].map((part) => part.state),
    };
  }
  return state ? { states: [...new Set(parts.map((part) => part.state))] } : {};
}

/** Finds jobs in the index. Equal first pages share one search. */
export function createFinding(deps: {
  store: ReadingStore;
  shared: Pick<SharedReads, "open">;
  key: string;
  clock: Clock;
}) {
  const { store, shared, key, clock } = deps;
  const sharedTallies = shared.open<Tally[]>();
  const sharedPages = shared.open<FoundJobs>();
  const nothing = { items: [], nextCursor: null, summary: summaryOf([], false) };

  const tallies = (ids: readonly string[]) => sharedTallies(ids, null, () => store.tallies(ids));

  /** The filter as the database reads it; null when nothing can match. */
  async function filterOf(ids: readonly string[], query: Query, conditions: readonly FieldCondition[]) {
    const parts = partsOf(await tallies(ids), query);
    if (parts.length === 0) return null;
    const terms = searchTermsOf(key, ids, { conditions, error: query.error });
    if (terms.either.length > mostAlternatives)
      throw invalidField("query.data", `may have alternatives in at most ${mostAlternatives} conditions`);
    const named = query.cause === undefined ? null : [query.cause];
    const causes =
      named ?? (terms.message === null ? null : await store.causesWith(ids, terms.message, mostCauses));
    if (causes?.length === 0) return null;
    const filter: SearchFilter = {
      organizations: ids,
      ...placesOf(parts, query),
      ...(query.id ? { ids: query.id } : {}),
      ...(causes ? { causes } : {}),
      probe: terms.probe,
      required: terms.required,
      either: terms.either,
      from: query.from,
      to: query.to,
    };
    const hasUncounted = query.name !== undefined && parts.some(({ isUncounted }) => isUncounted);
    const isNarrowed = query.id || hasUncounted || causes || query.from || query.to;
    const isPlain = !isNarrowed && terms.required.length + terms.either.length === 0;
    const lists = Math.max(1, causes?.length ?? filter.queues?.length ?? 1);
    return { filter, parts, isPlain, lists };
  }

  /** Counts of a first page: from the tallies where they say all, else of the matches up to a bound. */
  async function countOf(
    ids: readonly string[],
    { filter, parts, isPlain, lists }: NonNullable<Awaited<ReturnType<typeof filterOf>>>,
  ): Promise<{ places: FoundPlace[] | null; summary: Summary }> {
    if (isPlain) {
      const groups = parts.map(({ queue_id, queue_name, state, jobs }) => ({
        queue: queue_id,
        name: queue_name,
        state,
        jobs,
      }));
      return { places: null, summary: summaryOf(groups, false) };
    }
    const most = Math.max(leastCounted, Math.min(mostCounted, Math.floor(mostRead / lists)));
    const places = await store.find(filter, undefined, most + 1);
    const queues = new Map((await tallies(ids)).map((tally) => [tally.queue, tally]));
    const groups = places.slice(0, most).map(({ queue, state }) => ({
      queue: queues.get(queue)?.queue_id ?? String(queue),
      name: queues.get(queue)?.queue_name ?? String(queue),
      state,
      jobs: 1,
    }));
    return { places, summary: summaryOf(groups, places.length > most) };
  }

  async function search(ids: readonly string[], query: Query, seesData: boolean): Promise<FoundJobs> {
    const startedMs = clock.now();
    const conditions: FieldCondition[] = [
      ...(query.data ?? []).map(conditionOf),
      ...(query.text === undefined ? [] : [{ path: "", values: [query.text] }]),
    ];
    const after = decodeCursor(query.cursor, cursorPlace);
    const read = await filterOf(ids, query, conditions);
    if (read === null) return { ...nothing, tookMs: clock.now() - startedMs };
    const counted = after ? null : await countOf(ids, read);
    const places = counted?.places ?? (await store.find(read.filter, after, query.limit + 1));
    const page = places.slice(0, query.limit);
    const last = page.at(-1);
    const rows = await store.show(ids, page);
    return {
      items: rows.map((row) => foundJobOf(row, conditions, seesData)),
      nextCursor:
        places.length > query.limit && last
          ? encodeCursor({ at: last.added_at.toISOString(), no: last.no })
          : null,
      summary: counted?.summary ?? null,
      tookMs: clock.now() - startedMs,
    };
  }

  return {
    tallies,
    find(query: Query, context: RequestContext): Promise<FoundJobs> {
      const ids = organizationsOf(query.includeChildren, context);
      const seesData = mayReadPayload(ids, context);
      if (!seesData && (query.data !== undefined || query.text !== undefined))
        throw new AppError(
          "forbidden",
          "Searching the data of jobs needs the right to see payloads; search by id, name, queue, state or error instead",
        );
      if (query.from && query.to && Date.parse(query.from) >= Date.parse(query.to))
        throw invalidField("query.from", "must be before query.to");
      const { cursor, ...asked } = query;
      return cursor === undefined
        ? sharedPages(ids, [asked, seesData], () => search(ids, query, seesData))
        : search(ids, query, seesData);
    },
  };
}
export type Finding = ReturnType<typeof createFinding>;
