import {
  addJob,
  cleanQueue,
  copyJob,
  delayJobs,
  drainQueue,
  limitQueue,
  moveJobs,
  obliterateQueue,
  pauseQueue,
  prioritizeJobs,
  promoteJobs,
  readQueueOperation,
  removeJobs,
  resumeQueue,
  retryJobs,
} from "@wheelhouse/shared/queues/job-acts.ts";
import type { FastifyInstance } from "fastify";
import { route } from "#lib/http/route.ts";
import type { ActService } from "./act-service.ts";

export function actRoutes(app: FastifyInstance, acts: ActService) {
  route(app, readQueueOperation, ({ params }, context) =>
    acts.operation(context, params.id, params.operationId),
  );
  jobActRoutes(app, acts);
  route(app, pauseQueue, ({ params, body }, context) =>
    acts.actOnAll(context, params.id, { act: { do: "pause" }, kind: pauseQueue.action, reason: body.reason }),
  );
  route(app, resumeQueue, ({ params, body }, context) =>
    acts.actOnAll(context, params.id, {
      act: { do: "resume" },
      kind: resumeQueue.action,
      reason: body.reason,
    }),
  );
  route(app, drainQueue, ({ params, body }, context) => acts.drain(context, params.id, body));
  route(app, cleanQueue, ({ params, body }, context) => acts.clean(context, params.id, body));
  route(app, obliterateQueue, ({ params, body }, context) => acts.obliterate(context, params.id, body));
  route(app, limitQueue, ({ params, body }, context) => acts.limit(context, params.id, body));
}

function jobActRoutes(app: FastifyInstance, acts: ActService) {
  route(app, retryJobs, ({ params, body: { jobs, resetAttempts, reason } }, context) =>
    acts.actOnSome(context, params.id, jobs, {
      act: { do: "retry", resetAttempts },
      kind: retryJobs.action,
      fields: { resetAttempts },
      reason,
    }),
  );
  route(app, promoteJobs, ({ params, body: { jobs, reason } }, context) =>
    acts.actOnSome(context, params.id, jobs, { act: { do: "promote" }, kind: promoteJobs.action, reason }),
  );
  route(app, removeJobs, ({ params, body: { jobs, reason } }, context) =>
    acts.actOnSome(context, params.id, jobs, { act: { do: "remove" }, kind: removeJobs.action, reason }),
  );
  route(app, moveJobs, ({ params, body }, context) => acts.move(context, params.id, body));
  route(app, delayJobs, ({ params, body: { jobs, delayMs, reason } }, context) =>
    acts.actOnSome(context, params.id, jobs, {
      act: { do: "delay", delayMs },
      kind: delayJobs.action,
      fields: { delayMs },
      reason,
    }),
  );
  route(app, prioritizeJobs, ({ params, body: { jobs, priority, reason } }, context) =>
    acts.actOnSome(context, params.id, jobs, {
      act: { do: "priority", priority },
      kind: prioritizeJobs.action,
      fields: { priority },
      reason,
    }),
  );
  route(app, addJob, ({ params, body }, context) => acts.add(context, params.id, body));
  route(app, copyJob, ({ params, body: { job, data, removeOriginal, reason } }, context) =>
    acts.actOnSome(context, params.id, [job], {
      act: { do: "copy", data: data ?? null, removeOriginal },
      kind: copyJob.action,
      fields: { isEdited: data !== undefined, removesOriginal: removeOriginal },
      reason,
    }),
  );
}
