import type { Endpoint, EndpointParsed, EndpointResult } from "@wheelhouse/shared/endpoint.ts";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { RequestContext } from "#lib/request-context.ts";

/** JSON that was encoded once for many readers; sent as it is. */
export type EncodedJson = { encodedJson: Buffer };

type Handler<E extends Endpoint> = (
  input: EndpointParsed<E>,
  context: RequestContext,
  http: { request: FastifyRequest; reply: FastifyReply },
) => Promise<EndpointResult<E> | EncodedJson> | EndpointResult<E> | EncodedJson;

declare module "fastify" {
  interface FastifyContextConfig {
    /** The contract of the route: the auth plugin authorises by it, tests read it. */
    endpoint?: Endpoint;
  }
  interface FastifyRequest {
    /** Set by the auth plugin before a handler of `route()` runs. */
    context: RequestContext;
  }
}

const stepUpText =
  "Asks for a step-up: 403 `step_up_required` unless the session was confirmed within the last 5 minutes.";

const isEncoded = (value: unknown): value is EncodedJson =>
  typeof value === "object" && value !== null && "encodedJson" in value;

/**
 * Mounts one endpoint of the contract: URL, validation, OpenAPI and authorisation all come from its declaration.
 * The handler gets parsed input and the caller's context, and returns the body (or `null` for 204).
 */
export function route<E extends Endpoint>(app: FastifyInstance, endpoint: E, handler: Handler<E>) {
  const status = endpoint.status ?? 200;
  app.route({
    method: endpoint.method,
    url: endpoint.path,
    config: { endpoint },
    schema: {
      summary: endpoint.summary,
      ...(endpoint.stepUp ? { description: stepUpText } : {}),
      tags: [endpoint.path.split("/")[1] ?? "api"],
      ...(endpoint.params ? { params: endpoint.params } : {}),
      ...(endpoint.query ? { querystring: endpoint.query } : {}),
      ...(endpoint.body ? { body: endpoint.body } : {}),
      response: { [status]: endpoint.response },
    },
    handler: async (request, reply) => {
      // The validator has replaced each part by the parsed one, so its type is the schema's output.
      const input = { params: request.params, query: request.query, body: request.body } as EndpointParsed<E>;
      const result = await handler(input, request.context, { request, reply });
      reply.status(status);
      if (isEncoded(result))
        return reply.header("content-type", "application/json; charset=utf-8").send(result.encodedJson);
      return reply.send(result);
    },
  });
}
