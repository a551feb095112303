import { randomUUID } from "node:crypto";
import { gzipSync } from "node:zlib";
import cookie from "@fastify/cookie";
import helmet from "@fastify/helmet";
import swagger from "@fastify/swagger";
import { defineEndpoint } from "@wheelhouse/shared/endpoint.ts";
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from "fastify";
import { jsonSchemaTransform, serializerCompiler, validatorCompiler } from "fastify-type-provider-zod";
import type { Logger } from "pino";
import { z } from "zod";
import { registerJsonAnswers, takesGzip } from "#lib/json-answers.ts";
import { registerJsonBody } from "#lib/json-body.ts";
import { sessionCookieName } from "./admission.ts";
import { withoutBase } from "./base-path.ts";
import { pathPartMax, registerErrors, sendError } from "./errors.ts";

export type ServerOptions = {
  log: Logger;
  /** The number of proxies in front, or their addresses; false trusts no X-Forwarded-For. */
  trustProxy: false | number | string;
  /** Where people reach the console, without a trailing slash; undefined for the address on which it listens. */
  publicUrl?: string | undefined;
  /** The path of that address; empty at the root of a host. */
  basePath?: string;
  /** Whether anybody may read the API description; otherwise it needs a session. */
  isDescriptionPublic?: boolean;
};

/** Guarded by the auth plugin like every other endpoint. */
const describeApi = defineEndpoint({
  method: "GET",
  path: "/openapi.json",
  summary: "Description of the API in OpenAPI 3.1",
  access: "identity",
  response: z.unknown(),
});

/** With one proxy only the last address of `X-Forwarded-For` comes from the proxy; a client may have sent the rest. */
const hopsOf = (trustProxy: ServerOptions["trustProxy"]) =>
  typeof trustProxy === "number" ? (_address: string, hop: number) => hop < trustProxy : trustProxy;

/** The part of the server that knows no feature: request ids, parsing, errors, OpenAPI. */
export async function createServer({
  log,
  trustProxy,
  publicUrl,
  basePath = "",
  isDescriptionPublic = true,
}: ServerOptions): Promise<FastifyInstance> {
  const logger: FastifyBaseLogger = log;
  const app = Fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    // Node pools random bytes for UUIDs, which is a hundred times cheaper than drawing bytes for each request.
    genReqId: () => `req_${randomUUID()}`,
    trustProxy: hopsOf(trustProxy),
    rewriteUrl: ({ url = "/" }) => withoutBase(url, basePath),
    // URLs that cannot be parsed never reach the error handler; by default they are echoed back.
    frameworkErrors: sendError,
    bodyLimit: 1024 * 1024,
    routerOptions: { maxParamLength: pathPartMax },
    // A client that sends its request slower than this is disconnected.
    requestTimeout: 20_000,
    forceCloseConnections: "idle",
  });
  app.decorate("basePath", basePath);
  app.removeContentTypeParser("text/plain");
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  registerErrors(app);
  registerJsonBody(app);
  registerJsonAnswers(app);
  app.addHook("onRequest", async (request, reply) => {
    reply.header("x-request-id", request.id);
  });
  // For everything but the dashboard's page, which sets its own policy with a nonce.
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
    },
    referrerPolicy: { policy: "same-origin" },
    xFrameOptions: { action: "deny" },
  });
  await app.register(cookie);
  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "Wheelhouse",
        version: "1",
        description:
          "Operations console of a multi-tenant backend. Errors always have the shape of `ErrorBody`.",
      },
      servers: [{ url: publicUrl ?? "/" }],
      components: {
        securitySchemes: {
          session: {
            type: "apiKey",
            in: "cookie",
            name: sessionCookieName(publicUrl?.startsWith("https:") ?? false, basePath),
          },
          token: { type: "http", scheme: "bearer" },
        },
      },
    },
    transform: jsonSchemaTransform,
  });
  // Built once, because it blocks the process for 20 ms.
  let description: { plain: string; gzip: Buffer } | undefined;
  app.get(
    describeApi.path,
    { schema: { hide: true }, config: isDescriptionPublic ? {} : { endpoint: describeApi } },
    (request, reply) => {
      if (!description) {
        const plain = JSON.stringify(app.swagger());
        description = { plain, gzip: gzipSync(plain) };
      }
      reply.header("content-type", "application/json; charset=utf-8").header("vary", "accept-encoding");
      if (!takesGzip(request)) return reply.send(description.plain);
      return reply.header("content-encoding", "gzip").send(description.gzip);
    },
  );
  return app;
}
