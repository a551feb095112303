/** Names of all Redis keys of the feature. */
export const webhooksKeys = {
  /** BullMQ queue and its prefix. */
  queue: "webhook-delivery",
  queuePrefix: "wheelhouse",
  /** Hash: endpoint id → breaker that is not closed, as JSON. */
  breakers: "wheelhouse:breakers",
  /** The moment from which an endpoint with a rate is free. */
  rate: (endpointId: string) => `wheelhouse:webhooks:rate:${endpointId}`,
  /** Held by the worker that may send one request to a half-open endpoint. */
  probe: (endpointId: string) => `wheelhouse:breakers:probe:${endpointId}`,
};
