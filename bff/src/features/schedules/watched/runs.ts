import type { Logger } from "pino";
import type { OrganizationKey } from "#observe/aspect.ts";
import type { RunNote } from "../rows.ts";

const keptPerSchedule = 20;
const loadedAtOnce = 500;
const savedAtOnce = 500;
const waitingMax = 5_000;
/** Schedules that run more often keep only runs that went wrong. */
const storedFromMs = 60_000;

type Saved = RunNote & { organizationId: string; schedule: string };
export type RunsStore = {
  lastRuns(
    places: readonly { organizationId: string; schedule: string }[],
  ): Promise<ReadonlyMap<string, RunNote[]>>;
  save(runs: readonly Saved[]): Promise<void>;
};

/** The last runs of watched schedules in memory, read from and written to Postgres in batches. */
export function createObservedRuns({ store, log }: { store: RunsStore; log: Logger }) {
  const known = new Map<string, RunNote[]>();
  const waiting = new Map<string, RunNote & { organization: string; schedule: string }>();
  let organizations = new Map<string, string>();
  let saving: Promise<void> | undefined;

  async function save() {
    const some = [...waiting].slice(0, savedAtOnce);
    const runs = some.flatMap(([, run]): Saved[] => {
      const organizationId = organizations.get(run.organization);
      const { organization: _, ...rest } = run;
      return organizationId === undefined ? [] : [Object.assign({ organizationId }, rest)];
    });
    await store.save(runs);
    for (const [key, run] of some) if (waiting.get(key) === run) waiting.delete(key);
  }

  return {
    /** Sets which organizations exist, by slug. */
    follow(all: readonly OrganizationKey[]) {
      organizations = new Map(all.map(({ slug, id }) => [slug, id]));
    },
    /** Newest first; undefined before they were loaded. */
    of: (schedule: string): readonly RunNote[] | undefined => known.get(schedule),
    /** Reads the stored runs of schedules that are new here. While Postgres is away, they are read later. */
    async load(schedules: readonly { organization: string; schedule: string }[]): Promise<void> {
      const fresh = schedules.filter(({ schedule }) => !known.has(schedule)).slice(0, loadedAtOnce);
      const places = fresh.flatMap(({ organization, schedule }) => {
        const organizationId = organizations.get(organization);
        return organizationId === undefined ? [] : [{ organizationId, schedule }];
      });
      if (places.length === 0) return;
      for (const [schedule, runs] of await store.lastRuns(places)) known.set(schedule, runs);
    },
    /** @param everyMs the schedule's interval. */
    note(
      { organization, schedule, everyMs }: { organization: string; schedule: string; everyMs: number | null },
      run: RunNote,
    ): void {
      const runs = known.get(schedule) ?? [];
      const others = runs.filter(({ dueMs }) => dueMs !== run.dueMs);
      known.set(schedule, [run, ...others].sort((a, b) => b.dueMs - a.dueMs).slice(0, keptPerSchedule));
      const isStored =
        everyMs === null || everyMs >= storedFromMs || run.outcome === "failed" || run.outcome === "missed";
      if (isStored && waiting.size < waitingMax)
        waiting.set(`${schedule} ${run.dueMs}`, Object.assign({ organization, schedule }, run));
    },
    /** Takes in a run that a person asked for, as Postgres has it. */
    adopt(schedule: string, run: RunNote): void {
      const runs = known.get(schedule) ?? [];
      if (runs.some(({ dueMs }) => dueMs === run.dueMs)) return;
      known.set(schedule, [run, ...runs].sort((a, b) => b.dueMs - a.dueMs).slice(0, keptPerSchedule));
    },
    forget: (schedule: string) => known.delete(schedule),
    /** Writes what is new; what cannot be written now is written later. */
    save(): Promise<void> {
      if (waiting.size === 0) return Promise.resolve();
      saving ??= save()
        .catch((err: unknown) => log.debug({ err }, "runs of schedules could not be stored; retrying"))
        .finally(() => {
          saving = undefined;
        });
      return saving;
    },
  };
}
export type ObservedRuns = ReturnType<typeof createObservedRuns>;
