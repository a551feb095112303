import * as contract from "@wheelhouse/shared/alerts/routing.ts";
import type { FastifyInstance } from "fastify";
import { route } from "#lib/http/route.ts";
import type { createMine } from "./mine.ts";
import type { createOnCall } from "./on-call.ts";
import type { Teams } from "./teams.ts";

export function routingRoutes(
  app: FastifyInstance,
  {
    teams,
    onCall,
    mine,
  }: { teams: Teams; onCall: ReturnType<typeof createOnCall>; mine: ReturnType<typeof createMine> },
) {
  route(app, contract.readOnCall, (_, { organization }) => onCall.read(organization.id));
  route(app, contract.createTeam, ({ body }, context) => teams.create(body, context));
  route(app, contract.updateTeam, ({ params, body }, context) => teams.update(params.id, body, context));
  route(app, contract.deleteTeam, ({ params }, context) => teams.remove(params.id, context));
  route(app, contract.createOverride, ({ params, body }, context) =>
    teams.override(params.id, body, context),
  );
  route(app, contract.deleteOverride, ({ params }, context) => teams.removeOverride(params.id, context));
  route(app, contract.readMine, (_, context) => mine.read(context));
  route(app, contract.updateMine, ({ body }, context) => mine.update(body, context));
}
