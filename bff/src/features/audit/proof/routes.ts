import { reportAuditEvents } from "@wheelhouse/shared/audit/intake.ts";
import {
  createAuditCheckpoint,
  downloadAuditCheckpoints,
  listAuditCheckpoints,
  readAuditProof,
  verifyAudit,
} from "@wheelhouse/shared/audit/proof.ts";
import type { FastifyInstance } from "fastify";
import { route } from "#lib/http/route.ts";
import type { AuditIntake } from "../writing/writing.ts";
import type { ProofService } from "./service.ts";

type ProofRoutesDeps = { intake: AuditIntake; proof: ProofService };

/** Routes for events from outside, and for verifying the trail from outside. */
export function auditProofRoutes(app: FastifyInstance, { intake, proof }: ProofRoutesDeps) {
  route(app, reportAuditEvents, ({ body }, context) => intake.report(body, context));
  route(app, readAuditProof, (_, context) => proof.proof(context));
  route(app, listAuditCheckpoints, ({ query }, context) => proof.list(query, context));
  route(app, createAuditCheckpoint, (_, context) => proof.checkpoint(context));
  route(app, downloadAuditCheckpoints, (_, context) => ({ ndjson: proof.download(context) }));
  route(app, verifyAudit, (_, context) => ({ ndjson: proof.verify(context) }));
}
