import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { FastifyInstance, FastifyRequest } from "fastify";

const compress = promisify(gzip);
/** Below this size compression saves nothing. */
const leastBytes = 1_024;

/** Whether the client accepts gzip. */
export const takesGzip = ({ headers }: Pick<FastifyRequest, "headers">): boolean =>
  /(^|,)\s*(x-)?gzip\s*(;\s*q=(?!0(\.0*)?\s*(,|$))|,|$)/i.test(String(headers["accept-encoding"] ?? ""));

/** JSON answers are never cached by proxies or browsers, and compressed unless they are small. */
export function registerJsonAnswers(app: FastifyInstance) {
  app.addHook("onSend", async (request, reply, payload) => {
    if (!/^application\/(\w+\+)?json\b/.test(String(reply.getHeader("content-type") ?? ""))) return payload;
    if (!reply.hasHeader("cache-control")) reply.header("cache-control", "no-store");
    const isText = typeof payload === "string" || Buffer.isBuffer(payload);
    if (!isText || request.method === "HEAD" || reply.hasHeader("content-encoding")) return payload;
    if (Buffer.byteLength(payload) < leastBytes) return payload;
    const varies = String(reply.getHeader("vary") ?? "");
    if (!/accept-encoding/i.test(varies))
      reply.header("vary", varies === "" ? "accept-encoding" : `${varies}, accept-encoding`);
    if (!takesGzip(request)) return payload;
    reply.header("content-encoding", "gzip").removeHeader("content-length");
    return compress(payload);
  });
}
