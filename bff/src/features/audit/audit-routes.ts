import { listAuditEvents, readAuditEvent } from "@wheelhouse/shared/audit.ts";
import type { FastifyInstance } from "fastify";
import { route } from "#lib/route.ts";
import type { AuditService } from "./audit-service.ts";

export function auditRoutes(app: FastifyInstance, { service }: { service: AuditService }) {
  route(app, listAuditEvents, ({ query }, context) => service.list(query, context));
  route(app, readAuditEvent, ({ params }, context) => service.read(params.id, context));
}
