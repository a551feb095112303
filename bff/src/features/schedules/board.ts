import { isDeepStrictEqual } from "node:util";
import { unknownAfterMs } from "@wheelhouse/shared/freshness.ts";
import type { Logger } from "pino";
import { platformOrganization } from "#lib/http/request-context.ts";
import { ownScheduleId, ownScheduleList } from "#lib/own-schedules.ts";
import type { Clock } from "#lib/time/clock.ts";
import { timesAfter } from "#lib/time/cron.ts";
import type { AspectKey, Board, ObservedChange, Seen } from "#observe/aspect.ts";
import { createProbe, createProbes } from "#observe/targets/targets.ts";
import { createCrons, type DeclaredCron, type ReadBeats } from "./crons.ts";
import { pauseOf, rowOfOwn, rowOfPaused, rowOfWatched } from "./row.ts";
import type { ObservedSchedule, RunNote, SchedulesExtra } from "./rows.ts";
import type { StateRow } from "./state-store.ts";
import { noteOfRow, type RunRow, type SchedulesStore } from "./store.ts";
import {
  createObservedRuns,
  createWatchedSchedulers,
  keptScheduler,
  type ObservedRuns,
  type SampledSchedulers,
} from "./watched/watched.ts";

/** What is asked of the queues' rows: whether jobs of a queue can run. */
export type QueueOfSchedule = { id: string; organization: string; paused: boolean; workers: number | null };

type BoardDeps = {
  store: SchedulesStore;
  /** A live list that follows the catalogue. */
  sources: readonly SampledSchedulers[];
  queues: Pick<AspectKey<QueueOfSchedule>, "rows">;
  /** Crons of other systems, and their heartbeats. */
  crons: { declared(): readonly DeclaredCron[]; read: ReadBeats };
  intervalMs: number;
  clock: Clock;
  log: Logger;
};

const readEveryMs = 2_000;
/** A pause has taken effect by then, so a scheduler that is there was created again. */
const recreatedAfterMs = 15_000;
type OwnReading = {
  states: readonly StateRow[];
  asked: readonly RunRow[];
  runs: ReadonlyMap<string, readonly RunNote[]>;
};

/** Wheelhouse's own schedules and the pauses of all, as Postgres knows them. */
async function readOwn({ states, lastRuns, asked }: SchedulesStore): Promise<OwnReading> {
  const [all, open, runs] = await Promise.all([
    states(),
    asked(),
    lastRuns(
      ownScheduleList.map(({ name }) => ({
        organizationId: platformOrganization.id,
        schedule: ownScheduleId(name),
      })),
    ),
  ]);
  return { states: all, asked: open, runs };
}

function ownRows({ states, runs }: OwnReading, nowMs: number): ObservedSchedule[] {
  return ownScheduleList.flatMap((declared) => {
    const id = ownScheduleId(declared.name);
    const state = states.find(({ schedule }) => schedule === id);
    if (!state) return [];
    const parent = ownScheduleList.find(({ name }) => name === declared.after)?.pattern;
    const [parentNextMs] = parent == null ? [] : timesAfter({ pattern: parent, timeZone: "UTC" }, nowMs, 1);
    return [
      rowOfOwn(declared, {
        nowMs,
        runs: runs.get(id) ?? [],
        state,
        parentNextMs: parentNextMs ?? null,
      }),
    ];
  });
}

const hindranceOf = (queue: QueueOfSchedule | undefined): string | null =>
  queue === undefined
    ? null
    : queue.paused
      ? "Its queue is paused"
      : queue.workers === 0
        ? "No worker on its queue"
        : null;

const calm = new Set(["Running", "Waiting", "Completed", "Ran", "Not run yet"]);
const changeWords: Record<string, string> = {
  Failed: "failed",
  "Timed out": "timed out",
  Missed: "missed its run",
  Overdue: "is overdue",
  Paused: "was paused",
  Unknown: "cannot be read",
};

function changeOf(
  row: ObservedSchedule,
  before: ObservedSchedule | undefined,
  nowMs: number,
): ObservedChange[] {
  if (before === undefined) return [];
  const [was, is] = [before, row].map(({ label }) => (calm.has(label) ? "ok" : label));
  if (was === is) return [];
  return [
    {
      organization: row.organization,
      subject: row.name,
      subjectId: row.id,
      change: {
        at: new Date(nowMs).toISOString(),
        text: `Schedule ${row.name} ${is === "ok" ? "recovered" : (changeWords[row.label] ?? row.label)}`,
        by: row.cause ?? "",
        kind: "schedule",
        state: row.state === "down" || row.state === "degraded" ? row.state : null,
      },
    },
  ];
}

/** A schedule of a server that cannot be read keeps what was known, and becomes unknown. */
const unreadRow = (row: ObservedSchedule, cause: string, atMs: number): ObservedSchedule =>
  row.state === "unknown"
    ? row
    : Object.assign({}, row, {
        state: "unknown",
        label: "Unknown",
        cause,
        since: new Date(atMs).toISOString(),
        nextAt: null,
      });

/** Keeps the identity of rows that did not change, so that nothing is encoded twice. */
function withKnown(rows: readonly ObservedSchedule[], known: ReadonlyMap<string, ObservedSchedule>) {
  return rows.map((row) => {
    const same = known.get(row.id);
    return same !== undefined && isDeepStrictEqual(same, row) ? same : row;
  });
}

/** The schedules of one server as probes, sampled again and again. */
const sampledOf = (sources: readonly SampledSchedulers[], runs: ObservedRuns) => {
  const made = new Map<SampledSchedulers, ReturnType<typeof makeOne>>();
  const makeOne = (source: SampledSchedulers) => ({
    sourceId: source.sourceId,
    ...(source.timeoutMs === undefined ? {} : { timeoutMs: source.timeoutMs }),
    sample: createWatchedSchedulers(source, runs),
  });
  return () => {
    for (const source of made.keys()) if (!sources.includes(source)) made.delete(source);
    return sources.map((source) => {
      const one = made.get(source) ?? makeOne(source);
      made.set(source, one);
      return one;
    });
  };
};

/** Observes Wheelhouse's own schedules and the job schedulers of all watched Redis servers. */
export function createSchedulesBoard(deps: BoardDeps): Board<ObservedSchedule> {
  const { store, sources, queues, intervalMs, clock, log } = deps;
  const everyMs = Math.max(intervalMs, readEveryMs);
  const runs = createObservedRuns({ store, log });
  const own = createProbe(() => readOwn(store), { clock, everyMs });
  const crons = createCrons({ declared: deps.crons.declared, read: deps.crons.read, runs, clock });
  const heard = createProbe(crons.sample, { clock, everyMs });
  const current = sampledOf(sources, runs);
  const list: ReturnType<typeof current> = [];
  const probesOf = createProbes(list, { clock, everyMs });
  let probes = probesOf();
  let known = new Map<string, ObservedSchedule>();
  let organizations = new Map<string, string>();
  let leads = false;
  const recreated = new Set<string>();

  const statesNow = () => own.latest()?.value.states ?? [];

  function watchedRows(seen: Seen): ObservedSchedule[] {
    const queueOf = new Map(queues.rows(seen).map((queue) => [queue.id, queue]));
    const states = new Map(statesNow().map((state) => [state.schedule, state]));
    return probes.flatMap(({ source, probe }) => {
      const [latest, failure] = [probe.latest(), probe.failure()];
      const isOld = latest !== null && seen.nowMs - latest.atMs > unknownAfterMs(everyMs);
      if (latest === null || (failure !== null && isOld))
        return [...known.values()]
          .filter((row) => row.source === source.sourceId)
          .map((row) =>
            failure === null
              ? row
              : unreadRow(row, `No data since then: ${failure}`, latest?.atMs ?? seen.nowMs),
          );
      // By the server's own clock, as it is now.
      const nowMs = latest.value.serverMs + (seen.nowMs - latest.atMs);
      return latest.value.schedulers.map((watched) =>
        rowOfWatched(watched, {
          nowMs,
          runs: runs.of(watched.id) ?? [],
          state: states.get(watched.id),
          hindrance: hindranceOf(queueOf.get(watched.queue.id)),
          knownMs: latest.atMs,
        }),
      );
    });
  }

  function pausedRows(present: ReadonlySet<string>, nowMs: number): ObservedSchedule[] {
    return statesNow().flatMap((state) => {
      const kept = keptScheduler.safeParse(state.template);
      const organization = organizations.get(state.org_id);
      if (!kept.success || state.paused_at === null || organization === undefined) return [];
      if (present.has(state.schedule)) return [];
      return [rowOfPaused(kept.data, { organization, state, nowMs, runs: runs.of(state.schedule) ?? [] })];
    });
  }

  /** Stores what is new, and reads the runs of paused schedules. */
  async function keep() {
    const states = statesNow().filter((state) => pauseOf(state) !== null && state.template !== null);
    const places = states.flatMap((state) => {
      const organization = organizations.get(state.org_id);
      return organization === undefined ? [] : [{ organization, schedule: state.schedule }];
    });
    await runs.load(places);
    for (const row of own.latest()?.value.asked ?? []) runs.adopt(row.schedule, noteOfRow(row));
    if (!leads) return;
    await runs.save();
    const again = states.filter(
      ({ schedule, recreated_at, paused_at }) =>
        recreated_at === null &&
        recreated.has(schedule) &&
        clock.now() - (paused_at?.getTime() ?? 0) > recreatedAfterMs,
    );
    await store.noteRecreated(again.map(({ org_id, schedule }) => ({ organizationId: org_id, schedule })));
  }

  return {
    poke(all) {
      organizations = new Map(all.map(({ id, slug }) => [id, slug]));
      runs.follow(all);
      list.splice(0, list.length, ...current());
      probes = probesOf();
      keep().catch((err: unknown) => log.debug({ err }, "schedules could not be stored; retrying"));
      return Promise.all([own.poke(), heard.poke(), ...probes.map(({ probe }) => probe.poke())]);
    },
    adopt(rows) {
      known = new Map(rows.map((row) => [row.id, row]));
    },
    observe(seen) {
      leads = seen.leads;
      const watched = watchedRows(seen);
      const present = new Set(watched.map(({ id }) => id));
      recreated.clear();
      for (const id of present) recreated.add(id);
      const ownReading = own.latest();
      const failure = own.failure();
      const owned =
        ownReading === null
          ? [...known.values()].filter(({ kind }) => kind === "own")
          : ownRows(ownReading.value, seen.nowMs);
      const isAway =
        failure !== null && (ownReading === null || seen.nowMs - ownReading.atMs > unknownAfterMs(everyMs));
      const shown = isAway
        ? owned.map((row) => unreadRow(row, `No data since then: ${failure}`, ownReading?.atMs ?? seen.nowMs))
        : owned;
      const rows = withKnown(
        [
          ...shown,
          ...watched,
          ...crons.rows(heard.latest()?.value ?? [], seen.nowMs),
          ...pausedRows(present, seen.nowMs),
        ],
        known,
      );
      const changes = rows.flatMap((row) => {
        const before = known.get(row.id);
        return row === before ? [] : changeOf(row, before, seen.nowMs);
      });
      known = new Map(rows.map((row) => [row.id, row]));
      const extra: SchedulesExtra = {
        unread: probes.flatMap(({ source, probe }) => {
          const cause = probe.failure() ?? probe.latest()?.value.refusal ?? null;
          return cause === null ? [] : [{ source: source.sourceId, cause }];
        }),
      };
      return { rows, changes, extra };
    },
    rest() {},
  };
}
