import { slug } from "@wheelhouse/shared/endpoint.ts";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import type { Events } from "#lib/events.ts";
import { AppError } from "#lib/http/errors.ts";
import { createGroupCommit } from "#lib/postgres/group-commit.ts";
import type { Clock } from "#lib/time/clock.ts";
import type { WebhooksConfig } from "../config.ts";
import type { Doorbell } from "../delivery/delivery.ts";
import type { Directory } from "../directory/directory.ts";
import { verifySignature } from "../directory/directory.ts";
import { makeEventIds } from "../ids.ts";
import { redactHeaders } from "../redaction.ts";
import { assertEventId, matchesEventType, readEventType } from "./event.ts";
import type { createRejections } from "./rejections.ts";
import type { AcceptedEvent, StoredEvent } from "./store.ts";

export { keepPartitionsAhead } from "./partitions.ts";
export { createRejections } from "./rejections.ts";
export { createIntakeStore } from "./store.ts";

const maxBodyBytes = 1024 * 1024;

const named = (path: { org: string; source: string }) =>
  slug.safeParse(path.org).success && slug.safeParse(path.source).success;

type IntakeOptions = {
  directory: Directory;
  store: { store(events: readonly AcceptedEvent[]): Promise<StoredEvent[]> };
  rejections: ReturnType<typeof createRejections>;
  doorbell: Doorbell;
  events: Pick<Events, "emit">;
  config: WebhooksConfig;
  clock: Clock;
};

/**
 * `POST /hooks/:org/:source`: verifies, deduplicates and stores; responds with 202 `{ id, duplicate }` once
 * event and deliveries are committed. During a Redis outage the sweeper creates the jobs later.
 */
export function createIntake(options: IntakeOptions) {
  const { directory, store, rejections, doorbell, events, config, clock } = options;
  const maxAttempts = config.retryScheduleMs.length + 1;

  const commits = createGroupCommit<AcceptedEvent, StoredEvent>({
    sizeBytes: ({ body }) => body.length,
    write: async (accepted) => {
      const results = await store.store(accepted);
      const stored = accepted.filter((_, at) => results[at]?.duplicate === false);
      void doorbell.ring(
        stored.flatMap(({ deliveries }) =>
          deliveries.map(({ id, endpointId }) => ({
            deliveryId: id,
            endpointId,
            generation: 1,
            attempt: 1,
            delayMs: 0,
          })),
        ),
      );
      for (const { organizationId, deliveries } of stored)
        events.emit("deliveries.changed", {
          organizationId,
          ids: deliveries.map(({ id }) => id),
          created: deliveries.length,
        });
      return results;
    },
  });

  async function accept(
    path: { org: string; source: string },
    request: { headers: Record<string, string | string[] | undefined>; body: Buffer },
    address: string,
  ): Promise<StoredEvent> {
    const nowMs = clock.now();
    const target = named(path) ? await directory.find(path.org, path.source) : null;
    if (!target) {
      await rejections.record(address);
      throw new AppError("not_found", "Source not found.");
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
      await rejections.record(address);
      throw error;
    }
  }

  return {
    settled: commits.settled,
    mount(app: FastifyInstance) {
      void app.register(async (scope) => {
        scope.removeAllContentTypeParsers();
        scope.addContentTypeParser("*", { parseAs: "buffer", bodyLimit: maxBodyBytes }, (_, body, done) =>
          done(null, body),
        );
        scope.post<{ Params: { org: string; source: string } }>(
          "/hooks/:org/:source",
          {
            bodyLimit: maxBodyBytes,
            schema: {
              tags: ["webhooks"],
              summary:
                "Accept an event, signed by Standard Webhooks or GitHub's scheme as its source requires",
              params: z.object({ org: z.string(), source: z.string() }),
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
