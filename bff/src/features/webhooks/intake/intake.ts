import { slug } from "@wheelhouse/shared/endpoint.ts";
import { bodyLimit } from "@wheelhouse/shared/webhooks/senders.ts";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import { addressBlockOf } from "#lib/address-block.ts";
import { AppError, sendError, toAppError } from "#lib/http/errors.ts";
import { createGroupCommit } from "#lib/postgres/group-commit.ts";
import type { Clock } from "#lib/time/clock.ts";
import type { WebhooksConfig } from "../config.ts";
import {
  assertHead,
  type Directory,
  holdsAddress,
  type IntakeTarget,
  jsonScalar,
  type Proof,
  readRequest,
  rejected,
  type SignedRequest,
  verifyRequest,
} from "../directory/directory.ts";
import { makeEventIds } from "../ids.ts";
import { redactHeaders, storable } from "../redaction.ts";
import type { Refusals } from "../refusals/refusals.ts";
import { createBodies, type Gate } from "./bodies.ts";
import { matchOf } from "./matching.ts";
import type { createRejections } from "./rejections.ts";
import { searchValuesOf } from "./search-values.ts";
import type { AcceptedEvent, StoredEvent } from "./store.ts";

export { createOwnEvents } from "./own-events.ts";
export { keepPartitionsAhead } from "./partitions.ts";
export { createRejections } from "./rejections.ts";
export { createIntakeStore } from "./store.ts";

const intakePath = z.object({ org: z.string(), source: z.string() });

type IntakePath = z.output<typeof intakePath>;

const named = (path: IntakePath) => slug.safeParse(path.org).success && slug.safeParse(path.source).success;

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
 * the jobs later. What Slack asks when the address is entered there is answered, and nothing is stored.
 */
export function createIntake(options: IntakeOptions) {
  const { directory, store, rejections, refusals, config, clock } = options;
  const bodies = createBodies();

  const commits = createGroupCommit<AcceptedEvent, StoredEvent>({
    sizeBytes: ({ body }) => body.length,
    write: store.store,
  });

  async function targetOf(path: IntakePath): Promise<IntakeTarget | undefined> {
    return named(path) ? ((await directory.find(path.org, path.source))?.target ?? undefined) : undefined;
  }

  const proofOf = (target: IntakeTarget, nowMs: number): Proof => ({
    secrets: target.secrets.flatMap(({ secret, untilMs }) => (untilMs > nowMs ? [secret] : [])),
    rules: target.rules,
    nowMs,
    toleranceMs: config.timestampToleranceMs,
  });

  /** Runs a check; what fails it counts against the address. */
  async function proven(target: IntakeTarget, address: string, check: () => void): Promise<void> {
    try {
      assertAddress(target, address);
      check();
    } catch (error) {
      await rejections.record(address, error);
      throw error;
    }
  }

  async function gateOf(request: FastifyRequest): Promise<Gate> {
    const path = intakePath.safeParse(request.params);
    const target = path.success ? await targetOf(path.data) : undefined;
    return {
      limitBytes: target?.maxBodyBytes ?? bodyLimit.defaultBytes,
      address: addressBlockOf(request.ip),
      async assertHead() {
        if (target === undefined) return;
        const { scheme } = target;
        const proof = proofOf(target, clock.now());
        await proven(target, request.ip, () => assertHead(scheme, request.headers, proof));
      },
    };
  }

  async function accept(
    path: IntakePath,
    request: SignedRequest,
    address: string,
  ): Promise<StoredEvent | { challenge: string }> {
    const nowMs = clock.now();
    const target = await targetOf(path);
    if (!target) {
      const unknown = new AppError("not_found", "Source not found.");
      await rejections.record(address, unknown);
      throw unknown;
    }
    const proof = proofOf(target, nowMs);
    await proven(target, address, () => verifyRequest(target.scheme, request, proof));
    const arrival = readRequest(target.scheme, request, proof);
    if ("challenge" in arrival) return arrival;
    const { eventType } = arrival;
    const { taking, missedBy, fate } = matchOf(target.endpoints, eventType, request.body);
    const ids = makeEventIds(nowMs, taking.length);
    const contentType = request.headers["content-type"];
    return commits.add({
      organizationId: target.organizationId,
      sourceId: target.sourceId,
      sourceEventId: arrival.eventId,
      bodyHash: arrival.bodyHash,
      eventId: ids.eventId,
      eventType,
      contentType: typeof contentType === "string" ? contentType.slice(0, 200) : "application/json",
      headers: redactHeaders(request.headers, target.redaction),
      body: request.body,
      receivedAt: new Date(nowMs),
      createdAt: ids.createdAt,
      fate,
      missedBy,
      searchValues: searchValuesOf(target, request.body),
      deliveries: taking.flatMap(({ id: endpointId, retryScheduleMs, orderBy }, at) => {
        const id = ids.deliveryIds[at];
        const maxAttempts = (retryScheduleMs ?? config.retryScheduleMs).length + 1;
        return id === undefined
          ? []
          : [{ id, endpointId, maxAttempts, orderKey: orderKeyOf(orderBy, request.body) }];
      }),
    });
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
        bodies.mount(scope, gateOf);
        scope.setErrorHandler((error, request, reply) => {
          recordRefusal(request, error);
          // What is left of the body will not be read.
          if (!request.raw.complete) reply.header("connection", "close");
          return sendError(error, request, reply);
        });
        scope.post<{ Params: { org: string; source: string } }>(
          "/hooks/:org/:source",
          {
            schema: {
              tags: ["webhooks"],
              summary: "Accept an event, signed as its source requires",
              params: intakePath,
              response: { 200: z.string(), 202: z.object({ id: z.string(), duplicate: z.boolean() }) },
            },
          },
          async (request, reply) => {
            const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
            const accepted = await accept(request.params, { headers: request.headers, body }, request.ip);
            if ("challenge" in accepted)
              return reply.status(200).type("text/plain; charset=utf-8").send(accepted.challenge);
            const { eventId, duplicate } = accepted;
            return reply.status(202).send({ id: eventId, duplicate });
          },
        );
      });
    },
  };
}

const orderKeyChars = 200;

/** What an event has at the path by which an endpoint is ordered; without it the delivery is in no order. */
function orderKeyOf(orderBy: string | null, body: Buffer): string | null {
  const value = orderBy === null ? undefined : jsonScalar(body, orderBy.split("."));
  return value === undefined ? null : storable(value).slice(0, orderKeyChars);
}

function assertAddress({ addresses }: IntakeTarget, client: string) {
  if (!holdsAddress(addresses, client))
    throw rejected("address_not_allowed", "address", `${client} is not among the addresses of this source`);
}
