import { reportAuditEvents } from "@wheelhouse/shared/audit-intake.ts";
import type { FastifyInstance } from "fastify";
import { route } from "#lib/route.ts";
import type { AuditIntake } from "./audit-intake.ts";

/** What comes into the trail from outside, and what proves it to the outside. */
export function auditProofRoutes(app: FastifyInstance, { intake }: { intake: AuditIntake }) {
  route(app, reportAuditEvents, ({ body }, context) => intake.report(body, context));
}
