import {
  addFieldRule,
  findJobs,
  listJobCauses,
  listJobWords,
  readJobIndex,
  readJobTimings,
  removeFieldRule,
} from "@wheelhouse/shared/queues/find.ts";
import type { FastifyInstance } from "fastify";
import type { Changes } from "#lib/change.ts";
import { AppError, notFound } from "#lib/http/errors.ts";
import { route } from "#lib/http/route.ts";
import type { Database } from "#lib/postgres/postgres.ts";
import type { Clock } from "#lib/time/clock.ts";
import { readTimings, windowMinutes } from "../timings/timings.ts";
import type { Finding } from "./finding.ts";
import type { createHoldings } from "./holdings.ts";
import type { ReadingStore } from "./reading-store.ts";

type RoutesDeps = {
  finding: Finding;
  holdings: ReturnType<typeof createHoldings>;
  store: ReadingStore;
  changes: Changes;
  database: Database;
  clock: Clock;
};

export function searchRoutes(
  api: FastifyInstance,
  { finding, holdings, store, changes, database, clock }: RoutesDeps,
) {
  route(api, findJobs, ({ query }, context) => finding.find(query, context));
  route(api, readJobIndex, ({ query }, context) => holdings.index(query.includeChildren, context));
  route(api, listJobWords, ({ query }, context) => holdings.words(query.includeChildren, context));
  route(api, listJobCauses, ({ query }, context) => holdings.causes(query, context));

  route(api, readJobTimings, async ({ query }, { organization }) => {
    const sinceMs = clock.now() - windowMinutes * 60_000;
    const read = await readTimings(database, organization.id, query.queue, sinceMs);
    return { minutes: windowMinutes, observedAt: read.observedAt, names: read.names };
  });

  route(api, addFieldRule, ({ body }, context) =>
    changes.run(context, "queues.index.restrict", async (tx) => {
      const { queue, path, what } = body;
      const { organization, actor } = context;
      const given = { organizationId: organization.id, queue, path, what, by: actor.display };
      const id = await store.addRule(tx, given);
      if (id === null)
        throw new AppError("conflict", `There is a rule for ${path} already; remove it first.`);
      return {
        result: { id },
        audit: {
          targets: [{ type: "job-field", id, name: path }],
          before: null,
          after: { queue, path, what },
        },
      };
    }),
  );
  route(api, removeFieldRule, ({ params }, context) =>
    changes.run(context, "queues.index.allow", async (tx) => {
      const removed = await store.removeRule(tx, context.organization.id, params.id);
      if (removed === null) throw notFound("rule");
      const { id, queue, path, what } = removed;
      return {
        result: null,
        audit: {
          targets: [{ type: "job-field", id, name: path }],
          before: { queue, path, what },
          after: null,
        },
      };
    }),
  );
}
