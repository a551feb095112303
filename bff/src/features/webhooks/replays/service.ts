import type { EndpointParsed, EndpointResult } from "@wheelhouse/shared/endpoint.ts";
import type { LaneChange } from "@wheelhouse/shared/runs.ts";
import type {
  listReplays,
  ReplayDetail,
  ReplayFilter,
  ReplayRun,
  startReplay,
} from "@wheelhouse/shared/webhooks/replays.ts";
import { decodeCursor } from "#lib/http/cursor.ts";
import { invalidField, notFound } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import type { StreamedFile } from "#lib/http/route.ts";
import { type Runs, resultFile } from "#runs/runs.ts";
import type { Breakers } from "../breaker.ts";
import type { ReplayConfig } from "../config.ts";
import type { Doorbell } from "../delivery/delivery.ts";
import { pageOf, place } from "../directory/directory.ts";
import { createReplayKind } from "./kind.ts";
import { type ReplaysStore, replayDetailOf, replayOf } from "./store.ts";

const resultPage = 1_000;

type ReplaysOptions = {
  runs: Runs;
  store: ReplaysStore;
  breakers: Pick<Breakers, "view" | "isProbeDue" | "probeNow">;
  doorbell: Pick<Doorbell, "ring">;
  config: ReplayConfig;
  /** Announces a changed run, after the commit. */
  events: Parameters<typeof createReplayKind>[0]["events"];
};

/** Replays of many deliveries: a kind of run, and how it is read. */
export function createReplays({ runs, store, breakers, doorbell, config, events }: ReplaysOptions) {
  const run = runs.of(createReplayKind({ breakers, doorbell, config, events }));

  async function read(id: string, { organization }: RequestContext): Promise<ReplayDetail> {
    const whole = await store.read(organization.id, id);
    if (!whole) throw notFound("replay");
    return replayDetailOf(whole, breakers, config);
  }

  return {
    read,
    /** Carries replays out; in every worker. */
    process: run.process,

    async list(
      { cursor, limit }: EndpointParsed<typeof listReplays>["query"],
      { organization }: RequestContext,
    ): Promise<EndpointResult<typeof listReplays>> {
      const rows = await store.list(organization.id, decodeCursor(cursor, place), limit + 1);
      return pageOf(rows, limit, replayOf);
    },

    readHeads: async (organizationId: string, ids: readonly string[]): Promise<ReplayRun[]> =>
      ids.length === 0 ? [] : (await store.byIds(organizationId, ids)).map(replayOf),

    /** Takes a snapshot of the current matches. */
    async plan(filter: ReplayFilter, context: RequestContext): Promise<ReplayDetail> {
      if (filter.from && filter.to && Date.parse(filter.from) >= Date.parse(filter.to))
        throw invalidField("body.from", "must be before body.to");
      return read(await run.plan(filter, context), context);
    },

    async start(body: EndpointParsed<typeof startReplay>["body"], context: RequestContext) {
      await run.start(body, context);
      return read(body.planId, context);
    },
    async pause(id: string, context: RequestContext) {
      await run.pause(id, context);
      return read(id, context);
    },
    async resume(id: string, context: RequestContext) {
      await run.resume(id, context);
      return read(id, context);
    },
    /** Pauses, resumes or leaves out one endpoint, or gives it a rate of its own. */
    async steer(id: string, endpointId: string, change: LaneChange, context: RequestContext) {
      await run.lane(id, endpointId, change, context);
      return read(id, context);
    },
    /** What became of each delivery, as CSV. */
    async result(id: string, context: RequestContext): Promise<StreamedFile> {
      await read(id, context);
      return resultFile({
        name: `replay-${id}.csv`,
        columns: ["delivery", "endpoint", "outcome", "why", "status", "error"],
        read: (after: string | null) => store.result(context.organization.id, id, after, resultPage),
        placeOf: ({ delivery_id }) => delivery_id,
        cells: (row) => [row.delivery_id, row.endpoint, row.state, row.why, row.status_code, row.error_class],
      });
    },
    async cancel(id: string, context: RequestContext) {
      await run.cancel(id, context);
      return read(id, context);
    },
  };
}
export type Replays = ReturnType<typeof createReplays>;
