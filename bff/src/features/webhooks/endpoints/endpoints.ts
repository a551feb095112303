import type { EndpointResult } from "@wheelhouse/shared/endpoint.ts";
import type { EndpointDetail, testEndpoint } from "@wheelhouse/shared/webhooks/endpoints.ts";
import type { Changes } from "#lib/change.ts";
import { AppError } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import type { SecretBox } from "#lib/security/secret-box.ts";
import type { Clock } from "#lib/time/clock.ts";
import type { Breakers } from "../breaker.ts";
import type { WebhooksConfig } from "../config.ts";
import { headersOf, judge, type Sender } from "../delivery/delivery.ts";
import { type ConfigurationStore, endpointView, openTerms } from "../directory/directory.ts";
import { makeEventIds } from "../ids.ts";
import type { HealthRow } from "./health-store.ts";

export { createHealthStore } from "./health-store.ts";

const hourMs = 3_600_000;
const testType = "test.ping";

type EndpointsOptions = {
  store: Pick<ConfigurationStore, "readEndpoint" | "readTerms">;
  health(organizationId: string, endpointId: string, since: Date): Promise<HealthRow>;
  sender: Pick<Sender, "post">;
  changes: Changes;
  breakers: Pick<Breakers, "view">;
  secrets: SecretBox;
  config: WebhooksConfig;
  clock: Clock;
};

/** One endpoint in detail, and the event that tries it. */
export function createEndpoints(options: EndpointsOptions) {
  const { store, health, sender, changes, breakers, secrets, config, clock } = options;
  const never = new AbortController().signal;
  return {
    async read(id: string, { organization }: RequestContext): Promise<EndpointDetail> {
      const [row, recent] = await Promise.all([
        store.readEndpoint(organization.id, id),
        health(organization.id, id, new Date(clock.now() - hourMs)),
      ]);
      return {
        ...endpointView(row, breakers),
        health: {
          deliveries: recent.deliveries,
          successRatio: recent.deliveries === 0 ? null : recent.succeeded / recent.deliveries,
          latencyMsP50: recent.p50,
          latencyMsP95: recent.p95,
          waiting: recent.waiting,
          deadLetters: recent.dead,
        },
      };
    },

    /** Past breaker, rate and schedule, so that a person can try a receiver while its breaker is open. */
    async test(id: string, context: RequestContext): Promise<EndpointResult<typeof testEndpoint>> {
      const row = await store.readEndpoint(context.organization.id, id);
      const terms = openTerms(secrets, id, await store.readTerms(context.organization.id, id));
      if (terms.secrets.length === 0) throw new AppError("conflict", "This endpoint has no signing secret.");
      const startedMs = clock.now();
      const { eventId } = makeEventIds(startedMs, 0);
      const timestamp = new Date(startedMs).toISOString();
      const payload = Buffer.from(
        JSON.stringify({ type: testType, timestamp, data: { endpoint: row.slug } }),
      );
      const event = { eventId, eventType: testType, payload, contentType: "application/json", attempt: 1 };
      const headers = headersOf(event, terms, startedMs);
      const timeoutMs = terms.settings.timeoutMs ?? config.deliveryTimeoutMs;
      const result = await sender.post(row.url, headers, payload, timeoutMs, never);
      const attempted = { deliveryId: id, generation: 1, attempt: 1, maxAttempts: 1 };
      const { outcome } = judge(attempted, headers, result, startedMs, clock.now(), config, 0.5);
      const shown = {
        eventId,
        sentAt: timestamp,
        latencyMs: outcome.latencyMs ?? 0,
        delivered: outcome.result === "success",
        statusCode: outcome.statusCode,
        errorClass: outcome.errorClass,
        errorMessage: outcome.errorMessage,
        request: {
          url: row.url,
          headers: outcome.requestHeaders,
          body: payload.toString("utf8"),
          bodySizeBytes: payload.length,
          truncated: false,
        },
        response:
          outcome.responseHeaders === null
            ? null
            : {
                headers: outcome.responseHeaders,
                body: outcome.responseBody ?? "",
                bodySizeBytes: outcome.responseSizeBytes ?? 0,
                truncated: outcome.responseTruncated ?? false,
              },
      };
      return changes.run(context, "webhooks.endpoint.test", async () => ({
        result: shown,
        audit: {
          targets: [{ type: "webhook-endpoint", id, name: row.name }],
          before: null,
          after: { statusCode: outcome.statusCode, errorClass: outcome.errorClass },
        },
      }));
    },
  };
}

export type Endpoints = ReturnType<typeof createEndpoints>;
