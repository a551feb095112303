import type { AuditAction } from "@wheelhouse/shared/audit-actions.ts";
import type { EndpointParsed } from "@wheelhouse/shared/endpoint.ts";
import type {
  addJob,
  cleanQueue,
  drainQueue,
  limitQueue,
  obliterateQueue,
  QueueOperation,
} from "@wheelhouse/shared/queues/job-acts.ts";
import { type JobState, jobStates } from "@wheelhouse/shared/queues/jobs.ts";
import type { Selectable } from "kysely";
import type { KeptReply, QueueAct } from "#database/table-overrides.ts";
import type { Tables } from "#database/tables.ts";
import type { AuditFields, AuditTarget } from "#lib/change.ts";
import { AppError, invalidField, isUnavailable, notFound } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import { type ActOnJobs, type JobAct, refusalOf, repliesOf } from "./acts.ts";
import type { JobConnections } from "./connections.ts";
import { addTo } from "./copies.ts";
import { standingsOf } from "./job-state.ts";
import { queueOperationOf, wholeQueue } from "./operations.ts";
import { assertWritable, type Places, type QueuePlace } from "./places.ts";
import { actOnQueue, type QueueWideAct } from "./queue-acts.ts";
import { listJobsOf } from "./source.ts";

type OperationRow = Selectable<Tables["operations"]>;

/** Accepts an act with its audit event, carries it out once, and keeps its outcome. */
export type RunEffect = (
  context: RequestContext,
  request: {
    kind: AuditAction;
    target: AuditTarget;
    targets: AuditTarget[];
    sourceId: string;
    act: QueueAct;
    subjects: string[];
    reason: string;
    fields: AuditFields;
    lifeMs: number;
    apply(): Promise<Record<string, KeptReply>>;
  },
) => Promise<OperationRow>;

export type ActNeeds = {
  runEffect: RunEffect;
  readEffect(organizationId: string, id: string): Promise<OperationRow>;
};

const jobsLifeMs = 60_000;
const queueLifeMs = 10 * 60_000;
const targetsMost = 20;

type Given = { reason?: string | undefined };

/** Far more jobs than a person saw when confirming. */
const isFarMore = (now: number, seen: number) => now > seen + Math.max(10, seen / 10);

const answerOf = (row: OperationRow) => {
  const operation = queueOperationOf(row);
  const [only] = operation.outcomes;
  // One job that could not be acted on: the request itself came too late.
  if (operation.state === "done" && operation.outcomes.length === 1 && only?.outcome === "refused")
    throw new AppError("conflict", `${only.detail ?? "It was refused"}. Nothing was changed.`);
  return operation.state === "accepted" ? { stillGoing: operation } : operation;
};

const atMost = (now: number, seen: number) => {
  if (isFarMore(now, seen))
    throw new AppError(
      "conflict",
      `There are now ${now} jobs, not ${seen}. Nothing was removed; look again.`,
    );
};

/** Acts of people on jobs and queues of their organization. */
export function createActService({
  places,
  connections,
  actOnJobs,
  runEffect,
  readEffect,
}: ActNeeds & { places: Places; connections: JobConnections; actOnJobs: ActOnJobs }) {
  async function actOnSome(
    context: RequestContext,
    id: string,
    ids: readonly string[],
    { act, kind, fields = {}, reason }: { act: JobAct; kind: AuditAction; fields?: AuditFields } & Given,
  ) {
    const at = places.find(context, id);
    assertWritable(at);
    const jobs = [...new Set(ids)];
    const standings = await connections.use(at.server, (redis) => standingsOf(redis, at.base, jobs));
    const refusals = jobs.map((job, index) => refusalOf(act, standings[index] ?? null, { id: job }));
    if (jobs.length === 1 && standings[0] === null) throw notFound("job");
    if (refusals.every((refusal) => refusal !== null)) {
      const all = jobs.length === 1 ? "" : `None of the ${jobs.length} jobs can be changed. The first: `;
      throw new AppError("conflict", `${all}${refusals[0]}. Nothing was changed.`);
    }
    const row = await runEffect(context, {
      kind,
      target: targetOf(at),
      targets: jobs.slice(0, targetsMost).map((job) => jobTargetOf(at, job)),
      sourceId: at.server.source.id,
      act: { kind: "queue", command: act.do, isOnQueue: false },
      subjects: jobs,
      reason: reason ?? "",
      fields: Object.assign({ jobs: jobs.length }, fields),
      lifeMs: jobsLifeMs,
      apply: async () =>
        repliesOf(
          await actOnJobs(
            at,
            jobs.map((job) => ({ id: job })),
            act,
          ),
        ),
    });
    return answerOf(row);
  }

  async function countsOf(at: QueuePlace) {
    const list = await connections.use(at.server, (redis) =>
      listJobsOf(redis, at, { state: "active", order: "newest", limit: 1 }),
    );
    return list.counts;
  }

  async function actOnAll(
    context: RequestContext,
    id: string,
    {
      act,
      kind,
      fields = {},
      reason,
    }: { act: QueueWideAct; kind: AuditAction; fields?: AuditFields } & Given,
    check: (counts: Record<JobState, number>) => void = () => undefined,
  ) {
    const at = places.find(context, id);
    assertWritable(at);
    check(await countsOf(at));
    const row = await runEffect(context, {
      kind,
      target: targetOf(at),
      targets: [],
      sourceId: at.server.source.id,
      act: { kind: "queue", command: act.do, isOnQueue: true },
      subjects: [wholeQueue],
      reason: reason ?? "",
      fields,
      lifeMs: queueLifeMs,
      apply: () => replyOf(() => connections.use(at.server, (redis) => actOnQueue(redis, at, act))),
    });
    return answerOf(row);
  }

  return {
    actOnSome,
    actOnAll,
    move(context: RequestContext, id: string, body: { jobs: string[]; to: string } & Given) {
      if (body.to === id) throw invalidField("body.to", "must be another queue");
      const to = places.find(context, body.to);
      assertWritable(to);
      return actOnSome(context, id, body.jobs, {
        act: { do: "move", to },
        kind: "queues.jobs.move",
        fields: { to: to.id },
        reason: body.reason,
      });
    },
    async add(context: RequestContext, id: string, body: EndpointParsed<typeof addJob>["body"]) {
      const at = places.find(context, id);
      assertWritable(at);
      await countsOf(at);
      const { name, data, options, reason } = body;
      const row = await runEffect(context, {
        kind: "queues.job.add",
        target: targetOf(at),
        targets: [],
        sourceId: at.server.source.id,
        act: { kind: "queue", command: "add", isOnQueue: true },
        subjects: [wholeQueue],
        reason: reason ?? "",
        fields: {
          jobs: 1,
          name: name.slice(0, 100),
          delayMs: options.delayMs ?? 0,
          priority: options.priority ?? 0,
        },
        lifeMs: jobsLifeMs,
        apply: () =>
          replyOf(async () => {
            const made = await connections.use(at.server, (redis) =>
              addTo(redis, at, { name, data, options }),
            );
            return { detail: null, count: null, made: { queue: at.id, id: made } };
          }),
      });
      return answerOf(row);
    },
    drain: (context: RequestContext, id: string, body: EndpointParsed<typeof drainQueue>["body"]) =>
      actOnAll(
        context,
        id,
        {
          act: { do: "drain", delayed: body.delayed },
          kind: "queues.queue.drain",
          fields: { delayed: body.delayed, count: body.count },
          reason: body.reason,
        },
        (counts) =>
          atMost(
            counts.waiting + counts.paused + counts.prioritized + (body.delayed ? counts.delayed : 0),
            body.count,
          ),
      ),
    clean: (context: RequestContext, id: string, body: EndpointParsed<typeof cleanQueue>["body"]) =>
      actOnAll(
        context,
        id,
        {
          act: { do: "clean", state: body.state, olderThanMs: body.olderThanMs },
          kind: "queues.queue.clean",
          fields: { state: body.state, olderThanMs: body.olderThanMs, count: body.count },
          reason: body.reason,
        },
        (counts) => atMost(counts[body.state], body.count),
      ),
    obliterate: (context: RequestContext, id: string, body: EndpointParsed<typeof obliterateQueue>["body"]) =>
      actOnAll(
        context,
        id,
        {
          act: { do: "obliterate", force: body.force },
          kind: "queues.queue.obliterate",
          fields: { count: body.count, force: body.force },
          reason: body.reason,
        },
        (counts) => {
          atMost(
            jobStates.reduce((sum, state) => sum + counts[state], 0),
            body.count,
          );
          if (counts.active > 0 && !body.force)
            throw new AppError(
              "conflict",
              `${counts.active} ${counts.active === 1 ? "job is" : "jobs are"} active. Wait for them, or force it.`,
            );
        },
      ),
    limit: (
      context: RequestContext,
      id: string,
      { concurrency, rateLimit, reason }: EndpointParsed<typeof limitQueue>["body"],
    ) =>
      actOnAll(context, id, {
        act: { do: "limit", concurrency, rateLimit },
        kind: "queues.queue.limit",
        fields: {
          ...(concurrency === undefined ? {} : { concurrency }),
          ...(rateLimit === undefined
            ? {}
            : { max: rateLimit?.max ?? null, durationMs: rateLimit?.durationMs ?? null }),
        },
        reason,
      }),
    async operation(context: RequestContext, id: string, operationId: string): Promise<QueueOperation> {
      const row = await readEffect(context.organization.id, operationId);
      if (row.target_id !== id) throw notFound("operation");
      return queueOperationOf(row);
    },
  };
}
export type ActService = ReturnType<typeof createActService>;

const targetOf = (at: QueuePlace): AuditTarget => ({
  type: "queue",
  id: at.id,
  name: at.queue.name.slice(0, 200),
});
const jobTargetOf = (at: QueuePlace, job: string): AuditTarget => ({
  type: "job",
  id: `${at.id}/${job}`.slice(0, 500),
  name: job.slice(0, 200),
});

/** One reply for the whole queue; an error of the server leaves it without one, since it may have been done. */
async function replyOf(
  work: () => Promise<{ detail: string | null; count: number | null; made?: KeptReply["made"] }>,
): Promise<Record<string, KeptReply>> {
  try {
    const { detail, count, made = null } = await work();
    return { [wholeQueue]: { outcome: "obeyed", detail, count, made } };
  } catch (error) {
    const isAnswer = error instanceof AppError && error.code === "conflict";
    if (!isAnswer && (isUnavailable(error) || error instanceof AppError)) return {};
    const detail = error instanceof Error ? error.message.slice(0, 290) : "It failed";
    return { [wholeQueue]: { outcome: "refused", detail, count: null } };
  }
}
