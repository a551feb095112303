import { listAuditEvents, readAuditEvent } from "@wheelhouse/shared/audit/audit.ts";
import type { FastifyInstance } from "fastify";
import { route } from "#lib/http/route.ts";
import type { AuditService } from "./service.ts";

export function auditRoutes(app: FastifyInstance, { service }: { service: AuditService }) {
  route(app, listAuditEvents, ({ query }, context) => service.list(query, context));
  route(app, readAuditEvent, ({ params }, context) => service.read(params.id, context));
}
