import * as dead from "@wheelhouse/shared/webhooks/dead-letters.ts";
import * as contracts from "@wheelhouse/shared/webhooks/endpoints.ts";
import * as received from "@wheelhouse/shared/webhooks/events.ts";
import { exportDeliveries } from "@wheelhouse/shared/webhooks/export.ts";
import { listHeldKeys, skipDelivery } from "@wheelhouse/shared/webhooks/ordering.ts";
import { listRefusals } from "@wheelhouse/shared/webhooks/refusals.ts";
import * as many from "@wheelhouse/shared/webhooks/replays.ts";
import { resendDeliveries } from "@wheelhouse/shared/webhooks/resend.ts";
import * as senders from "@wheelhouse/shared/webhooks/senders.ts";
import {
  createDeliveryView,
  deleteDeliveryView,
  listDeliveryViews,
} from "@wheelhouse/shared/webhooks/views.ts";
import * as contract from "@wheelhouse/shared/webhooks/webhooks.ts";
import type { FastifyInstance } from "fastify";
import { route } from "#lib/http/route.ts";
import type { Configuration, Sources } from "./directory/directory.ts";
import type { Endpoints } from "./endpoints/endpoints.ts";
import type { EventPayload, EventReading, Late } from "./events/events.ts";
import type {
  DeadLetterGroups,
  Deliveries,
  DeliveryActs,
  DeliveryExport,
  DeliveryViews,
  Outcomes,
  Resend,
} from "./log/log.ts";
import type { OrderActs } from "./ordering/ordering.ts";
import type { Refusals } from "./refusals/refusals.ts";
import type { createReplay, Replays } from "./replays/replays.ts";

type RoutesOptions = {
  deliveries: Deliveries;
  groups: DeadLetterGroups;
  acts: DeliveryActs;
  views: DeliveryViews;
  deliveryExport: DeliveryExport;
  resend: Resend;
  order: OrderActs;
  outcomes: Outcomes;
  configuration: Configuration;
  sources: Sources;
  endpoints: Endpoints;
  replay: ReturnType<typeof createReplay>;
  replays: Replays;
  refusals: Pick<Refusals, "list">;
  events: EventReading;
  eventPayload: EventPayload;
  late: Late;
};

export function webhooksRoutes(app: FastifyInstance, options: RoutesOptions) {
  const { sources, refusals } = options;
  eventRoutes(app, options);
  deliveryRoutes(app, options);
  replayRoutes(app, options);
  route(app, listRefusals, ({ query }, context) => refusals.list(query, context));
  route(app, senders.listSources, ({ query }, context) => sources.list(query, context));
  route(app, senders.createSource, ({ body }, context) => sources.create(body, context));
  route(app, senders.updateSource, ({ params, body }, context) => sources.update(params.id, body, context));
  route(app, senders.rotateSource, ({ params, body }, context) => sources.rotate(params.id, body, context));
  route(app, senders.deleteSource, ({ params }, context) => sources.delete(params.id, context));
  endpointRoutes(app, options);
}

function eventRoutes(app: FastifyInstance, { events, eventPayload, late }: RoutesOptions) {
  route(app, received.listEvents, ({ query }, context) => events.list(query, context));
  route(app, received.summarizeEvents, ({ query }, context) => events.summarize(query, context));
  route(app, received.planLateDeliveries, ({ body }, context) => late.plan(body, context));
  route(app, received.readLatePlan, ({ params }, context) => late.read(params.id, context));
  route(app, received.startLatePlan, ({ params, body }, context) => late.start(params.id, body, context));
  route(app, received.cancelLatePlan, ({ params }, context) => late.cancel(params.id, context));
  route(app, received.readEvent, ({ params }, context) => events.read(params.id, context));
  route(app, received.revealEvent, ({ params, body }, context) =>
    eventPayload.reveal(params.id, body, context),
  );
  route(app, received.expungeEvent, ({ params, body }, context) =>
    eventPayload.expunge(params.id, body, context),
  );
  route(app, received.countMissedEvents, ({ params }, context) => late.missed(params.id, context));
}

function deliveryRoutes(app: FastifyInstance, options: RoutesOptions) {
  const { deliveries, groups, acts, outcomes, views, deliveryExport, resend, order, replay } = options;
  route(app, listDeliveryViews, (_, context) => views.list(context));
  route(app, createDeliveryView, ({ body }, context) => views.create(body, context));
  route(app, deleteDeliveryView, ({ params }, context) => views.remove(params.id, context));
  route(app, exportDeliveries, ({ query }, context) => deliveryExport.open(query, context));
  route(app, contract.listDeliveries, ({ query }, context) => deliveries.list(query, context));
  route(app, contract.summarizeDeliveries, ({ query }, context) => deliveries.summarize(query, context));
  route(app, contract.readDelivery, ({ params }, context) => deliveries.read(params.id, context));
  route(app, contract.replayDelivery, ({ params, body }, context) => replay(params.id, body, context));
  route(app, dead.listDeadLetterGroups, ({ query }, context) => groups.list(query, context));
  route(app, dead.discardDeliveries, ({ body }, context) => acts.discard(body, context));
  route(app, resendDeliveries, ({ body }, context) => resend(body, context));
  route(app, listHeldKeys, ({ params }, context) => order.heldKeys(params.id, context));
  route(app, skipDelivery, ({ params, body }, context) => order.skip(params.id, body, context));
  route(app, dead.cancelDelivery, ({ params, body }, context) => acts.cancel(params.id, body, context));
  route(app, dead.retryDelivery, ({ params }, context) => acts.retry(params.id, context));
  route(app, dead.readWebhookStatistics, ({ query }, context) => outcomes.read(query, context));
}

function replayRoutes(app: FastifyInstance, { replays }: RoutesOptions) {
  route(app, many.listReplays, ({ query }, context) => replays.list(query, context));
  route(app, many.planReplay, ({ body }, context) => replays.plan(body, context));
  route(app, many.startReplay, ({ body }, context) => replays.start(body, context));
  route(app, many.readReplay, ({ params }, context) => replays.read(params.id, context));
  route(app, many.pauseReplay, ({ params }, context) => replays.pause(params.id, context));
  route(app, many.resumeReplay, ({ params }, context) => replays.resume(params.id, context));
  route(app, many.steerReplay, ({ params, body }, context) =>
    replays.steer(params.id, params.endpointId, body, context),
  );
  route(app, many.readReplayResult, ({ params }, context) => replays.result(params.id, context));
  route(app, many.cancelReplay, ({ params }, context) => replays.cancel(params.id, context));
}

function endpointRoutes(app: FastifyInstance, { configuration, endpoints }: RoutesOptions) {
  route(app, contract.listEndpoints, ({ query }, context) => configuration.listEndpoints(query, context));
  route(app, contract.createEndpoint, ({ body }, context) => configuration.createEndpoint(body, context));
  route(app, contract.updateEndpoint, ({ params, body }, context) =>
    configuration.updateEndpoint(params.id, body, context),
  );
  route(app, contracts.readEndpoint, ({ params }, context) => endpoints.read(params.id, context));
  route(app, contracts.testEndpoint, ({ params }, context) => endpoints.test(params.id, context));
  route(app, contracts.rotateEndpoint, ({ params, body }, context) =>
    configuration.rotate(params.id, body, context),
  );
  route(app, contracts.endEndpointOverlap, ({ params, body }, context) =>
    configuration.endOverlap(params.id, body, context),
  );
  route(app, contracts.resetEndpointBreaker, ({ params, body }, context) =>
    configuration.actOnBreaker("reset", params.id, body, context),
  );
  route(app, contracts.probeEndpointBreaker, ({ params, body }, context) =>
    configuration.actOnBreaker("probe", params.id, body, context),
  );
  route(app, contract.deleteEndpoint, ({ params }, context) =>
    configuration.deleteEndpoint(params.id, context),
  );
}
