import { createSource } from "@wheelhouse/shared/webhooks/senders.ts";
import { createEndpoint } from "@wheelhouse/shared/webhooks/webhooks.ts";
import { type Api, expectAnswer } from "../fleet/api.ts";
import type { FleetState } from "../fleet/fleet-state.ts";
import { endpointOf } from "./fleet-client.ts";

const unique = () => crypto.randomUUID().slice(0, 8);

/**
 * A receiver of the fleet under a second endpoint that only the calling journey uses: its breaker and its deliveries
 * are the journey's own, its behaviour is the fleet's.
 */
export const makeEndpoint = async (admin: Api, fleet: FleetState, receiver: string) => {
  const slug = `journey-${unique()}`;
  const eventType = `journey.${unique()}`;
  const answer = await admin.send("POST", "/webhooks/endpoints", {
    slug,
    name: `Journey ${slug}`,
    url: `http://127.0.0.1:${fleet.ports[receiver]}/hooks`,
    eventTypes: [eventType],
    secret: endpointOf(fleet, receiver).secret,
  });
  const endpoint = expectAnswer("creation of the journey's endpoint", answer, createEndpoint.response);
  return {
    endpoint,
    eventType,
    remove: async () => {
      await admin.send("DELETE", `/webhooks/endpoints/${endpoint.id}`);
    },
  };
};

/** A Standard Webhooks source that only the calling journey uses. */
export const makeSource = async (admin: Api) => {
  const slug = `journey-${unique()}`;
  const answer = await admin.send("POST", "/webhooks/sources", { slug, name: slug, scheme: "standard" });
  return expectAnswer("creation of the journey's source", answer, createSource.response);
};
