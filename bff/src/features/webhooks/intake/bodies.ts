import type { IncomingMessage } from "node:http";
import { bodyLimit } from "@wheelhouse/shared/webhooks/senders.ts";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { AppError, invalidField } from "#lib/http/errors.ts";

/** Bodies above the default limit that one process holds at the same time. */
const largeBytes = 128 * 1024 * 1024;
const retryAfterSeconds = 5;

const tooLarge = (limitBytes: number) => {
  const message = `is larger than the limit of this source, ${limitBytes.toLocaleString("en")} bytes`;
  return new AppError("payload_too_large", `body: ${message}`, {
    details: [{ field: "header.content-length", message }],
  });
};

async function read(payload: IncomingMessage, limitBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  // The connection stays, so that the refusal can still be answered.
  for await (const chunk of payload.iterator({ destroyOnReturn: false })) {
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk);
    size += bytes.length;
    if (size > limitBytes) throw tooLarge(limitBytes);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks, size);
}

/** Reads bodies up to the limit of their source; what many large ones hold together is bounded. */
export function createBodies(availableBytes = largeBytes) {
  let heldBytes = 0;

  function reserve(bytes: number): () => void {
    if (bytes <= bodyLimit.defaultBytes) return () => {};
    if (heldBytes + bytes > availableBytes)
      throw new AppError("unavailable", "Too many large requests are being read. Try again.", {
        retryAfterSeconds,
      });
    heldBytes += bytes;
    return () => {
      heldBytes -= bytes;
    };
  }

  return {
    /** `limitOf`: the limit for a path; undefined if it names no source. */
    mount(scope: FastifyInstance, limitOf: (params: unknown) => Promise<number | undefined>) {
      const limitFor = async (request: FastifyRequest) =>
        (await limitOf(request.params)) ?? bodyLimit.defaultBytes;

      scope.addHook("preParsing", async (request, reply) => {
        const limitBytes = await limitFor(request);
        const declared = request.headers["content-length"];
        // Without a declared length, a body may become as large as the limit.
        const isOpenEnded = request.headers["transfer-encoding"] !== undefined;
        const bytes = isOpenEnded ? limitBytes : Number(declared ?? 0);
        if (bytes > limitBytes) throw tooLarge(limitBytes);
        reply.raw.once("close", reserve(bytes));
      });
      scope.addContentTypeParser("*", async (request: FastifyRequest, payload: IncomingMessage) => {
        const limitBytes = await limitFor(request);
        try {
          return await read(payload, limitBytes);
        } catch (error) {
          if (error instanceof AppError) throw error;
          throw invalidField("body", "ended before it was complete");
        }
      });
    },
  };
}
