import { Readable } from "node:stream";
import type { Endpoint, EndpointParsed, EndpointResult } from "@wheelhouse/shared/endpoint.ts";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { invalidField, unknownText } from "./errors.ts";
import type { RequestContext } from "./request-context.ts";

/** JSON that was encoded once for many readers; sent as it is. */
export type EncodedJson = { encodedJson: Buffer };

/** Lines of a streaming endpoint; ended by `return()` when the client disconnects. */
export type NdjsonLines<L> = { ndjson: AsyncIterable<L | EncodedLine> };
/** A line of JSON as it is stored, without the line break. */
export type EncodedLine = { encodedLine: string };

/** A file, sent while it is generated; a slow reader slows down its generation. */
export type StreamedFile = {
  file: Readable;
  type: string;
  name: string;
  headers?: Readonly<Record<string, string>>;
};

/** An answer with 202 while the work continues. */
type StillGoing<T> = { stillGoing: T };

type Handler<E extends Endpoint> = (
  input: EndpointParsed<E>,
  context: RequestContext,
  http: { request: FastifyRequest; reply: FastifyReply },
) => Answer<E> | Promise<Answer<E>>;
type Answer<E extends Endpoint> = E extends { stream: "ndjson" }
  ? NdjsonLines<EndpointResult<E>>
  :
      | EndpointResult<E>
      | EncodedJson
      | StreamedFile
      | (E extends { late: true } ? StillGoing<EndpointResult<E>> : never);

declare module "fastify" {
  interface FastifyContextConfig {
    /** The route's contract: the auth plugin authorises by it, tests read it. */
    endpoint?: Endpoint;
  }
  interface FastifyRequest {
    /** Set by the auth plugin before a handler of `route()` runs. */
    context: RequestContext;
  }
}

const stepUpText = (when: string) =>
  `Asks for a step-up${when}: 403 \`step_up_required\` unless the session was confirmed within the last 5 minutes.`;

const isNdjson = (value: unknown): value is NdjsonLines<unknown> =>
  typeof value === "object" && value !== null && "ndjson" in value;

const isEncodedLine = (line: unknown): line is EncodedLine =>
  typeof line === "object" && line !== null && "encodedLine" in line;

async function* textOf({ ndjson }: NdjsonLines<unknown>) {
  for await (const line of ndjson) yield `${isEncodedLine(line) ? line.encodedLine : JSON.stringify(line)}\n`;
}

const isEncoded = (value: unknown): value is EncodedJson =>
  typeof value === "object" && value !== null && "encodedJson" in value;

const isStillGoing = (value: unknown): value is StillGoing<unknown> =>
  typeof value === "object" && value !== null && "stillGoing" in value;

const isFile = (value: unknown): value is StreamedFile =>
  typeof value === "object" && value !== null && "file" in value && value.file instanceof Readable;

const nowText =
  "is not known here: this answers with the present alone; leave it out, or read the past from /history/series";

/** Parts that an endpoint does not declare have no schema to refuse them. */
function refuseUndeclared({ query, body, snapshot }: Endpoint, request: FastifyRequest) {
  const asked = query || typeof request.query !== "object" ? {} : (request.query ?? {});
  for (const key of Object.keys(asked))
    throw invalidField(`query.${key}`, snapshot && key === "at" ? nowText : unknownText);
  if (body || request.body === undefined || request.body === null) return;
  if (typeof request.body !== "object") throw invalidField("body", "is not expected here");
  for (const key of Object.keys(request.body)) throw invalidField(`body.${key}`, unknownText);
}

/**
 * Mounts one endpoint of the contract: URL, validation, OpenAPI and authorisation all come from its declaration. The
 * handler receives parsed input and the caller's context, and returns the body (or `null` for 204).
 */
export function route<E extends Endpoint>(app: FastifyInstance, endpoint: E, handler: Handler<E>) {
  const status = endpoint.status ?? 200;
  app.route({
    method: endpoint.method,
    url: endpoint.path,
    config: { endpoint },
    schema: {
      summary: endpoint.summary,
      ...(endpoint.stepUp
        ? { description: stepUpText(endpoint.stepUp === true ? "" : ` ${endpoint.stepUp}`) }
        : {}),
      tags: [endpoint.path.split("/")[1] ?? "api"],
      ...(endpoint.params ? { params: endpoint.params } : {}),
      ...(endpoint.query ? { querystring: endpoint.query } : {}),
      ...(endpoint.body ? { body: endpoint.body } : {}),
      response: { [status]: endpoint.response, ...(endpoint.late ? { 202: endpoint.response } : {}) },
      ...(endpoint.stream ? { produces: ["application/x-ndjson"] } : {}),
    },
    preValidation: (request, _reply, done) => {
      refuseUndeclared(endpoint, request);
      done();
    },
    handler: async (request, reply) => {
      // The validator has replaced each part with the parsed one, so its type is the schema's output.
      const input = { params: request.params, query: request.query, body: request.body } as EndpointParsed<E>;
      const result = await handler(input, request.context, { request, reply });
      if (isStillGoing(result)) return reply.status(202).send(result.stillGoing);
      reply.status(status);
      if (isNdjson(result))
        return reply
          .header("content-type", "application/x-ndjson; charset=utf-8")
          .header("cache-control", "no-store, no-transform")
          .send(Readable.from(textOf(result)));
      if (isEncoded(result))
        return reply.header("content-type", "application/json; charset=utf-8").send(result.encodedJson);
      if (isFile(result))
        return reply
          .header("content-type", result.type)
          .header("content-disposition", `attachment; filename="${result.name}"`)
          .headers(result.headers ?? {})
          .send(result.file);
      return reply.send(result);
    },
  });
}
