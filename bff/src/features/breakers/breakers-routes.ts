import {
  type BreakerCommand,
  forceBreakerClosed,
  forceBreakerOpen,
  listBreakers,
  readBreaker,
  readBreakerOperation,
  resetBreaker,
} from "@wheelhouse/shared/breakers.ts";
import type { Operation } from "@wheelhouse/shared/operations.ts";
import type { FastifyInstance } from "fastify";
import { notFound } from "#lib/errors.ts";
import type { RequestContext } from "#lib/request-context.ts";
import { route } from "#lib/route.ts";
import type { BoardAnswers } from "#observe/board-answers.ts";
import type { PastDetails } from "#observe/past-details.ts";
import type { SnapshotStore } from "#observe/snapshot-store.ts";

export type RoutesDeps = {
  snapshots: SnapshotStore;
  answer: BoardAnswers;
  past: Pick<PastDetails, "breaker">;
  command(
    context: RequestContext,
    command: BreakerCommand,
    id: string,
    body: { reason: string; instances?: string[] | undefined },
  ): Promise<Operation>;
  readOperation(context: RequestContext, id: string): Promise<Operation>;
};

export function breakersRoutes(
  app: FastifyInstance,
  { snapshots, answer, past, command, readOperation }: RoutesDeps,
) {
  route(app, listBreakers, ({ query }, { organization }, http) =>
    answer("breakers", query.at, organization, http),
  );
  route(app, readBreaker, async ({ params, query }, { organization }) => {
    if (query.at !== undefined) return past.breaker(organization.id, params.id, query.at);
    const seen = snapshots.viewsOf(organization).breaker(params.id);
    if (!seen) throw notFound("breaker");
    return seen;
  });
  for (const [endpoint, told] of [
    [forceBreakerOpen, "open"],
    [forceBreakerClosed, "close"],
    [resetBreaker, "reset"],
  ] as const)
    route(app, endpoint, async ({ params, body }, context) => {
      const operation = await command(context, told, params.id, body);
      return operation.state === "accepted" ? { stillGoing: operation } : operation;
    });
  route(app, readBreakerOperation, ({ params }, context) => readOperation(context, params.id));
}
