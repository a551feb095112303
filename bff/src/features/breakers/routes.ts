import type { BreakerCommand } from "@wheelhouse/shared/breaker-state.ts";
import {
  forceBreakerClosed,
  forceBreakerOpen,
  listBreakerMoves,
  listBreakers,
  readBreaker,
  readBreakerOperation,
  resetBreaker,
} from "@wheelhouse/shared/breakers.ts";
import type { EndpointResult } from "@wheelhouse/shared/endpoint.ts";
import type { Operation } from "@wheelhouse/shared/operations.ts";
import type { FastifyInstance } from "fastify";
import { notFound } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import { route } from "#lib/http/route.ts";
import type { OrganizationKey } from "#observe/aspect.ts";
import type { ListAnswers, Past, SnapshotStore } from "#observe/spread/spread.ts";
import { breakerSeen, nodeOf as problemIdOf } from "./aspect.ts";
import { pastBreaker } from "./past.ts";
import { breakerRows } from "./rows.ts";
import { type ReadMoves, storedMoves } from "./stored-moves.ts";

/** Why a problem exists: the change before it, or the problem of which it is an effect. */
type Reason = Pick<EndpointResult<typeof readBreaker>, "changedBefore" | "effectOf">;
export type ReadReason = {
  now(organization: OrganizationKey, problemId: string): Reason;
  atMoment(organizationId: string, problemId: string, at: string): Promise<Reason>;
};

export type RoutesDeps = {
  snapshots: SnapshotStore;
  answer: ListAnswers;
  past: Past;
  readMoves: ReadMoves;
  /** Reads why a breaker is open, as Overview shows it. */
  reasonOf: ReadReason;
  command(
    context: RequestContext,
    command: BreakerCommand,
    id: string,
    body: { reason: string; instances?: string[] | undefined; holdMs?: number | undefined },
  ): Promise<Operation>;
  readOperation(context: RequestContext, id: string): Promise<Operation>;
};

const answerOf = (operation: Operation) =>
  operation.state === "accepted" ? { stillGoing: operation } : operation;

export function breakersRoutes(
  app: FastifyInstance,
  { snapshots, answer, past, readMoves, reasonOf, command, readOperation }: RoutesDeps,
) {
  route(app, listBreakers, ({ query }, { organization }, http) =>
    answer(breakerRows.key, query.at, organization, http),
  );
  route(app, listBreakerMoves, ({ query }, { organization }) =>
    storedMoves(readMoves, organization.id, query),
  );
  route(app, readBreaker, async ({ params, query }, { organization }) => {
    const problem = problemIdOf(params.id);
    if (query.at !== undefined) {
      const then = await pastBreaker(past, organization.id, params.id, query.at);
      return { ...then, ...(await reasonOf.atMoment(organization.id, problem, query.at)) };
    }
    const seen = breakerSeen(snapshots.viewsOf(organization).part, params.id);
    if (!seen) throw notFound("breaker");
    return { ...seen, ...reasonOf.now(organization, problem) };
  });
  for (const [endpoint, told] of [
    [forceBreakerOpen, "open"],
    [forceBreakerClosed, "close"],
  ] as const)
    route(app, endpoint, async ({ params, body }, context) =>
      answerOf(await command(context, told, params.id, body)),
    );
  route(app, resetBreaker, async ({ params, body }, context) =>
    answerOf(await command(context, "reset", params.id, body)),
  );
  route(app, readBreakerOperation, ({ params }, context) => readOperation(context, params.id));
}
