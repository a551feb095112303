import type { Core, Running } from "#lib/feature.ts";
import type { RunItem, RunKind } from "./kind.ts";
import { createRunner } from "./runner.ts";
import { createRunService } from "./service.ts";
import { createRunStore } from "./store.ts";

export type {
  Begun,
  LaneFacts,
  Outcomes,
  RunConfig,
  RunItem,
  RunKind,
  RunRow,
  Wanted,
} from "./kind.ts";
export { readRates } from "./rates.ts";
export { resultFile } from "./result.ts";

/**
 * Acts on many items, as a machine: plan, snapshot, hold, canary, rate, pause, resume, cancel, journal, audit
 * events, and carrying on after a crash. `of` makes the runs of one kind.
 */
export function createRuns({
  database,
  changes,
  clock,
  log,
}: Pick<Core, "database" | "changes" | "clock" | "log">) {
  return {
    of<Item extends RunItem, Filter>(kind: RunKind<Item, Filter>) {
      const store = createRunStore(database, kind);
      return {
        ...createRunService(kind, { store, changes, clock }),
        /** Carries runs out until it is drained; any number of processes may. */
        async process(): Promise<Running> {
          const runner = createRunner(kind, { database, store, changes, clock, log }).start();
          return { drain: runner.stop, stop: async () => {} };
        },
      };
    },
  };
}
export type Runs = ReturnType<typeof createRuns>;
