import { overview as overviewSchema, type Problem, readOverview } from "@wheelhouse/shared/overview.ts";
import type { FastifyInstance } from "fastify";
import type { Clock } from "#lib/clock.ts";
import { route } from "#lib/route.ts";
import type { Aspect, OrganizationKey } from "#observe/aspect.ts";
import { type ListAnswers, type Past, readFrame, type SnapshotStore } from "#observe/spread/spread.ts";
import { createActsAspect, createActsBoard, type ReadActs } from "./overview-acts-aspect.ts";
import { createOverviewAspect, overviewKey } from "./overview-aspect.ts";
import { verdictHtml } from "./overview-verdict.ts";

/** Sums up what the aspects say of an organization. `recentActs`: acts and deployments, newest first. */
export function createOverview(deps: {
  aspects: readonly Aspect[];
  recentActs: ReadActs;
  intervalMs: number;
  clock: Clock;
}) {
  const { clock } = deps;
  const acts = createActsAspect(createActsBoard(deps));
  const { aspect, overviewOf } = createOverviewAspect([...deps.aspects, acts]);
  const now = (snapshots: SnapshotStore, organization: OrganizationKey) =>
    overviewOf(snapshots.viewsOf(organization).part);
  return {
    aspects: [acts, aspect] as const,
    routes(app: FastifyInstance, { answer }: { answer: ListAnswers }) {
      route(app, readOverview, ({ query }, { organization }, http) =>
        answer(overviewKey, query.at, organization, http),
      );
    },
    /** The newest change before a problem began; null when there is none, or no such problem. */
    changeBefore: ({ snapshots, past }: { snapshots: SnapshotStore; past: Past }) => ({
      now: (organization: OrganizationKey, problemId: string): Problem["changedBefore"] =>
        changeOf(now(snapshots, organization).problems, problemId),
      async atMoment(
        organizationId: string,
        problemId: string,
        at: string,
      ): Promise<Problem["changedBefore"]> {
        const frame = { schema: overviewSchema, part: overviewKey };
        const { problems } = await readFrame(past, frame, organizationId, at);
        return changeOf(problems, problemId);
      },
    }),
    /** What the first paint of the page needs. */
    firstPaint(snapshots: SnapshotStore, organization: OrganizationKey) {
      const overview = now(snapshots, organization);
      return { overview, verdictHtml: verdictHtml(overview, clock.now()) };
    },
  };
}

const changeOf = (problems: readonly Problem[], id: string) =>
  problems.find((problem) => problem.id === id)?.changedBefore ?? null;
