import { slug } from "@wheelhouse/shared/endpoint.ts";
import type { RefusalReason } from "@wheelhouse/shared/webhooks/refusals.ts";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import { AppError, sendError, toAppError } from "#lib/http/errors.ts";
import { createGroupCommit } from "#lib/postgres/group-commit.ts";
import type { Clock } from "#lib/time/clock.ts";
import type { WebhooksConfig } from "../config.ts";
import {
  type Directory,
  type SignatureScheme,
  type SignedRequest,
  verifySignature,
} from "../directory/directory.ts";
import { makeEventIds } from "../ids.ts";
import { redactHeaders } from "../redaction.ts";
import { refusedField } from "../refusal.ts";
import type { Refusals } from "../refusals/refusals.ts";
import type { createRejections } from "./rejections.ts";
import type { AcceptedEvent, StoredEvent } from "./store.ts";

export { keepPartitionsAhead } from "./partitions.ts";
export { createRejections } from "./rejections.ts";
export { createIntakeStore } from "./store.ts";

const intakePath = z.object({ org: z.string(), source: z.string() });
const maxBodyBytes = 1024 * 1024;

const named = (path: { org: string; source: string }) =>
  slug.safeParse(path.org).success && slug.safeParse(path.source).success;

type IntakeOptions = {
  directory: Directory;
  store: { store(events: readonly AcceptedEvent[]): Promise<StoredEvent[]> };
  rejections: ReturnType<typeof createRejections>;
  refusals: Pick<Refusals, "record">;
  config: WebhooksConfig;
  clock: Clock;
};

/**
 * `POST /hooks/:org/:source`: verifies, deduplicates and stores an event; responds with 202 `{ id,
 * duplicate }` once the event and its deliveries are committed. During a Redis outage, the sweeper creates
 * the jobs later.
 */
export function createIntake(options: IntakeOptions) {
  const { directory, store, rejections, refusals, config, clock } = options;
  const maxAttempts = config.retryScheduleMs.length + 1;

  const commits = createGroupCommit<AcceptedEvent, StoredEvent>({
    sizeBytes: ({ body }) => body.length,
    write: store.store,
  });

  async function accept(
    path: { org: string; source: string },
    request: { headers: Record<string, string | string[] | undefined>; body: Buffer },
    address: string,
  ): Promise<StoredEvent> {
    const nowMs = clock.now();
    const target = named(path) ? (await directory.find(path.org, path.source))?.target : null;
    if (!target) {
      const unknown = new AppError("not_found", "Source not found.");
      await rejections.record(address, unknown);
      throw unknown;
    }
    const verified = await verify(target, request, nowMs, address);
    assertEventId(verified.eventId, target.scheme);
    const eventType = readEventType(target.scheme, request);
    const endpoints = target.endpoints.filter((endpoint) => matchesEventType(endpoint.eventTypes, eventType));
    const ids = makeEventIds(nowMs, endpoints.length);
    const contentType = request.headers["content-type"];
    return commits.add({
      organizationId: target.organizationId,
      sourceId: target.sourceId,
      sourceEventId: verified.eventId,
      bodyHash: verified.bodyHash,
      eventId: ids.eventId,
      eventType,
      contentType: typeof contentType === "string" ? contentType.slice(0, 200) : "application/json",
      headers: redactHeaders(request.headers),
      body: request.body,
      receivedAt: new Date(nowMs),
      createdAt: ids.createdAt,
      maxAttempts,
      deliveries: endpoints.flatMap(({ id: endpointId }, at) => {
        const id = ids.deliveryIds[at];
        return id === undefined ? [] : [{ id, endpointId }];
      }),
    });
  }

  async function verify(
    target: { scheme: "standard" | "github"; secret: string },
    request: { headers: Record<string, string | string[] | undefined>; body: Buffer },
    nowMs: number,
    address: string,
  ) {
    try {
      return verifySignature(target.scheme, target.secret, request, nowMs, config.timestampToleranceMs);
    } catch (error) {
      await rejections.record(address, error);
      throw error;
    }
  }

  function recordRefusal(request: FastifyRequest, error: unknown) {
    const path = intakePath.safeParse(request.params);
    if (!path.success) return;
    const body = Buffer.isBuffer(request.body) ? request.body : undefined;
    refusals.record(
      { path: path.data, headers: request.headers, body },
      toAppError(error),
      request.ip,
      request.id,
    );
  }

  return {
    settled: commits.settled,
    mount(app: FastifyInstance) {
      void app.register(async (scope) => {
        scope.removeAllContentTypeParsers();
        scope.addContentTypeParser("*", { parseAs: "buffer", bodyLimit: maxBodyBytes }, (_, body, done) =>
          done(null, body),
        );
        scope.setErrorHandler((error, request, reply) => {
          recordRefusal(request, error);
          return sendError(error, request, reply);
        });
        scope.post<{ Params: { org: string; source: string } }>(
          "/hooks/:org/:source",
          {
            bodyLimit: maxBodyBytes,
            schema: {
              tags: ["webhooks"],
              summary:
                "Accept an event, signed by Standard Webhooks or GitHub's scheme as its source requires",
              params: intakePath,
              response: { 202: z.object({ id: z.string(), duplicate: z.boolean() }) },
            },
          },
          async (request, reply) => {
            const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
            const { eventId, duplicate } = await accept(
              request.params,
              { headers: request.headers, body },
              request.ip,
            );
            return reply.status(202).send({ id: eventId, duplicate });
          },
        );
      });
    },
  };
}

const malformed = (reason: RefusalReason, field: string, message: string) =>
  refusedField(reason, "validation_failed", field, message);

const decoder = new TextDecoder("utf-8", { fatal: true });
const maxChars = 200;
const printable = /^[\x20-\x7e]+$/;
const untyped = "unknown";

const standardBody = z.object({ type: z.unknown() });
const githubBody = z.object({ action: z.string().max(100).regex(printable) });

/**
 * Reads a verified event.
 * @returns its type: the body's `type` (Standard Webhooks; `unknown` if missing), or GitHub's event with
 * the body's action, e.g. `pull_request.opened`.
 * @throws AppError `validation_failed` naming the field.
 */
function readEventType(scheme: SignatureScheme, { headers, body }: SignedRequest): string {
  const parsed = parseBody(body);
  if (scheme === "github") {
    const event = headers["x-github-event"];
    if (typeof event !== "string" || !fits(event))
      throw malformed(
        typeof event === "string" ? "event_type_malformed" : "header_missing",
        "header.x-github-event",
        "must name the event",
      );
    const acted = githubBody.safeParse(parsed);
    return acted.success ? `${event}.${acted.data.action}` : event;
  }
  const typed = standardBody.safeParse(parsed);
  if (!typed.success || typed.data.type === undefined) return untyped;
  if (typeof typed.data.type !== "string" || !fits(typed.data.type))
    throw malformed(
      "event_type_malformed",
      "body.type",
      `must be text of 1 to ${maxChars} printable ASCII characters`,
    );
  return typed.data.type;
}

/** Ids end up in headers and keys, so only printable ASCII is allowed. */
function assertEventId(eventId: string, scheme: SignatureScheme) {
  if (!fits(eventId))
    throw malformed(
      "id_malformed",
      scheme === "github" ? "header.x-github-delivery" : "header.webhook-id",
      `must have 1 to ${maxChars} printable ASCII characters`,
    );
}

const fits = (text: string) => text.length > 0 && text.length <= maxChars && printable.test(text);

function parseBody(body: Buffer): unknown {
  try {
    return JSON.parse(decoder.decode(body));
  } catch {
    throw malformed("body_malformed", "body", "is not valid JSON in UTF-8");
  }
}

/** Whether a pattern matches the type; an empty list matches every type. A trailing `*` matches any suffix. */
function matchesEventType(patterns: readonly string[], eventType: string): boolean {
  return (
    patterns.length === 0 ||
    patterns.some((pattern) =>
      pattern.endsWith("*") ? eventType.startsWith(pattern.slice(0, -1)) : pattern === eventType,
    )
  );
}
