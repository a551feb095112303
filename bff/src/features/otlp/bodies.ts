import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { AppError, invalidField } from "#lib/http/errors.ts";
import { readRequest } from "./protobuf.ts";

export const contentTypes = { json: "application/json", protobuf: "application/x-protobuf" } as const;

/** On the wire, and unpacked; a collector's batch of 8,192 data points has about 1.5 MB. */
const mostBytes = 4 * 1024 * 1024;
const mostUnpackedBytes = 8 * 1024 * 1024;
/** Bodies that one process holds at the same time. */
const mostAtOnce = 16;
const retryAfterSeconds = 5;

const unpack = promisify(gunzip);

const tooLarge = (bytes: number, where: string) =>
  new AppError("payload_too_large", `The body is larger than ${bytes.toLocaleString("en")} bytes${where}.`);

const unsupported = (field: string, expected: string) =>
  new AppError("unsupported_media_type", `header.${field}: ${expected} is expected`);

const isTooLong = (error: unknown) =>
  error instanceof Error && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE";

async function unpacked({ headers }: FastifyRequest, body: Buffer): Promise<Buffer> {
  const coding = (headers["content-encoding"] ?? "identity").trim().toLowerCase();
  if (coding === "identity" || coding === "") return body;
  if (coding !== "gzip") throw unsupported("content-encoding", "gzip");
  if (body.length === 0) return body;
  try {
    return await unpack(body, { maxOutputLength: mostUnpackedBytes });
  } catch (error) {
    throw isTooLong(error)
      ? tooLarge(mostUnpackedBytes, " unpacked")
      : invalidField("body", "is not valid gzip");
  }
}

function parsed(contentType: string, body: Buffer): unknown {
  try {
    return contentType === contentTypes.protobuf
      ? readRequest(body)
      : JSON.parse(body.length === 0 ? "{}" : body.toString("utf8"));
  } catch {
    const format = contentType === contentTypes.protobuf ? "protobuf" : "JSON";
    throw invalidField("body", `is not a valid ${format} message`);
  }
}

/** The content type without its parameters. */
export const contentTypeOf = ({ headers }: FastifyRequest): string =>
  (headers["content-type"] ?? "").split(";")[0]?.trim().toLowerCase() ?? "";

/** Parses JSON and protobuf, plain or with gzip, within limits of size and number. */
export function registerBodies(scope: FastifyInstance) {
  let held = 0;
  scope.removeAllContentTypeParsers();
  scope.addHook("preParsing", async (request, reply) => {
    const type = contentTypeOf(request);
    if (type !== contentTypes.json && type !== contentTypes.protobuf)
      throw unsupported("content-type", `${contentTypes.json} or ${contentTypes.protobuf}`);
    if (held >= mostAtOnce)
      throw new AppError("unavailable", "Too many requests with metrics are being read. Try again.", {
        retryAfterSeconds,
      });
    held += 1;
    reply.raw.once("close", () => {
      held -= 1;
    });
  });
  scope.addContentTypeParser(
    [contentTypes.json, contentTypes.protobuf],
    { parseAs: "buffer", bodyLimit: mostBytes },
    async (request: FastifyRequest, body: Buffer) =>
      parsed(contentTypeOf(request), await unpacked(request, body)),
  );
}

/** A failure of Fastify's own parser, in terms of this endpoint. */
export const withLimit = (error: AppError): AppError =>
  error.code === "payload_too_large" && error.message.includes("1 MiB") ? tooLarge(mostBytes, "") : error;
