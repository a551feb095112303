import { trySource } from "@wheelhouse/shared/sources/trial.ts";
import * as contract from "@wheelhouse/shared/sources.ts";
import type { FastifyInstance } from "fastify";
import { route } from "#lib/http/route.ts";
import type { SourcesService } from "./service.ts";
import type { Trials } from "./trial/trial.ts";

export function sourcesRoutes(
  app: FastifyInstance,
  { service, trials }: { service: SourcesService; trials: Trials },
) {
  route(app, trySource, ({ body }, context) => trials.run(body, context));
  route(app, contract.listSources, (_, context) => service.list(context));
  route(app, contract.createTarget, ({ body }, context) => service.createTarget(body, context));
  route(app, contract.updateTarget, ({ params, body }, context) =>
    service.updateTarget(params.id, body, context),
  );
  route(app, contract.deleteTarget, ({ params, query }, context) =>
    service.deleteTarget(params.id, query.reason, context),
  );
  route(app, contract.createServer, ({ body }, context) => service.createServer(body, context));
  route(app, contract.updateServer, ({ params, body }, context) =>
    service.updateServer(params.id, body, context),
  );
  route(app, contract.deleteServer, ({ params, query }, context) =>
    service.deleteServer(params.id, query.reason, context),
  );
  route(app, contract.rotateHeartbeat, ({ params, body }, context) =>
    service.rotateHeartbeat(params.id, body, context),
  );
}
