import {
  createDeployment,
  listAnnotations,
  listDeployments,
  listJournal,
  readSeries,
} from "@wheelhouse/shared/history.ts";
import { historyCapabilityOf, historyKinds, journalKinds } from "@wheelhouse/shared/live/history-kinds.ts";
import type { FastifyInstance } from "fastify";
import { AppError, invalidField } from "#lib/http/errors.ts";
import { route } from "#lib/http/route.ts";
import type { OrganizationKey } from "#observe/aspect.ts";
import type { createAnnotationsReader, Related } from "./annotations.ts";
import type { Deployments } from "./deployments.ts";
import type { createJournalReader } from "./events.ts";
import type { createSeriesReader } from "./series.ts";

/** @param node of the dependency graph */
export type RelatedTo = (organization: OrganizationKey, node: string) => Related;

export type HistoryRoutesDeps = {
  readSeries: ReturnType<typeof createSeriesReader>;
  journal: ReturnType<typeof createJournalReader>;
  annotations: ReturnType<typeof createAnnotationsReader>;
  relatedTo: RelatedTo;
  deployments: Deployments;
};

const mustBe = (kinds: readonly string[]) => `must be one of ${kinds.join(", ")}`;

export function historyRoutes(app: FastifyInstance, deps: HistoryRoutesDeps) {
  const { journal, annotations, relatedTo, deployments } = deps;
  route(app, readSeries, ({ query }, { actor, organization }) => {
    const needed = historyCapabilityOf(query.kind);
    if (needed === undefined) throw invalidField("query.kind", mustBe(historyKinds));
    if (!actor.can(needed).in(organization.id).check())
      throw new AppError("forbidden", `Reading this requires the permission ${needed}.`);
    return deps.readSeries(organization.id, query);
  });
  route(app, listJournal, ({ query }, { organization }) => {
    if (query.kind?.some((kind) => !journalKinds.includes(kind)))
      throw invalidField("query.kind", mustBe(journalKinds));
    return journal(organization.id, query);
  });
  route(app, listAnnotations, ({ query: { kind, id, from, to } }, { actor, organization }) => {
    if ((kind === undefined) !== (id === undefined)) throw invalidField("query.id", "goes with `kind`");
    const mayReadActs = actor.can("audit:read").in(organization.id).check();
    const related = kind === undefined ? undefined : relatedTo(organization, `${kind}:${id}`);
    return annotations(organization.id, { from, to }, { mayReadActs, related });
  });
  route(app, createDeployment, ({ body }, context) => deployments.tell(context, body));
  route(app, listDeployments, ({ query }, { organization }) => deployments.list(organization.id, query));
}
