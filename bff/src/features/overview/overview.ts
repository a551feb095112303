import {
  type Overview,
  overview as overviewSchema,
  type Problem,
  readOverview,
} from "@wheelhouse/shared/overview.ts";
import { z } from "zod";
import type { Core, Feature } from "#lib/feature.ts";
import { route } from "#lib/http/route.ts";
import type { Aspect, OrganizationKey } from "#observe/aspect.ts";
import { type ListAnswers, type Past, readFrame, type SnapshotStore } from "#observe/spread/spread.ts";
import { createActsAspect, createActsBoard, type ReadActs } from "./acts-aspect.ts";
import { createOverviewAspect, graphKey, overviewKey } from "./aspect.ts";
import type { FoldedGraph, Graph } from "./graph.ts";
import { verdictOf } from "./verdict.ts";

type Reading = { snapshots: SnapshotStore; past: Past };

// Created in this process.
const made = z.custom<Overview>();
const overviewNow = (snapshots: SnapshotStore, organization: OrganizationKey) =>
  made.parse(snapshots.viewsOf(organization).list(overviewKey));

type OverviewNeeds = {
  /** The aspects to sum up. */
  aspects: readonly Aspect[];
  /** Audited changes and deployments, newest first. */
  recentActs: ReadActs;
  snapshots: SnapshotStore;
  answer: ListAnswers;
  intervalMs: number;
};

/** Sums up the aspects of an organization. */
export function createOverview({ clock }: Pick<Core, "clock">, needs: OverviewNeeds) {
  const { aspects, recentActs, snapshots, answer, intervalMs } = needs;
  const acts = createActsAspect(createActsBoard({ recentActs, intervalMs, clock }));
  const { aspect, graph } = createOverviewAspect([...aspects, acts]);
  const feature = {
    routes(api) {
      route(api, readOverview, ({ query }, { organization }, http) =>
        answer(overviewKey, query.at, organization, http),
      );
    },
  } satisfies Feature;
  return {
    ...feature,
    /** The given aspects, followed by those of Overview itself. */
    aspects: [...aspects, acts, aspect, graph],
    /** The latest snapshot, for the page before it has asked for one. */
    now: (organization: OrganizationKey) => overviewNow(snapshots, organization),
    verdictOf,
  };
}

const madeGraph = z.custom<Graph>();

/** What a thing is and depends on now, as the journal names it. @param node of the dependency graph */
export const createRelatedTo =
  ({ snapshots }: Pick<Reading, "snapshots">) =>
  (organization: OrganizationKey, node: string) =>
    madeGraph.parse(snapshots.viewsOf(organization).list(graphKey)).relatedTo(node);

/** The problems of an organization now, folded over the dependency graph. */
export const createFolded =
  ({ snapshots }: Pick<Reading, "snapshots">) =>
  (organization: OrganizationKey): FoldedGraph =>
    madeGraph.parse(snapshots.viewsOf(organization).list(graphKey)).folded();

/**
 * Reads why a problem exists: the latest change before it began, or the problem of which it is an effect; null when
 * there is none.
 */
export const createReasonOf = ({ snapshots, past }: Reading) => ({
  now: (organization: OrganizationKey, problemId: string) =>
    reasonIn(overviewNow(snapshots, organization).problems, problemId),
  async atMoment(organizationId: string, problemId: string, at: string) {
    const frame = { schema: overviewSchema, part: overviewKey };
    const { problems } = await readFrame(past, frame, organizationId, at);
    return reasonIn(problems, problemId);
  },
});

const reasonIn = (problems: readonly Problem[], id: string) => {
  const root = problems.find(({ effects = [] }) => effects.some((effect) => effect.id === id));
  const own = problems.find((problem) => problem.id === id);
  return {
    changedBefore: (own ?? root)?.changedBefore ?? null,
    effectOf: root ? { subject: root.subject, title: root.title, since: root.since, path: root.path } : null,
  };
};
