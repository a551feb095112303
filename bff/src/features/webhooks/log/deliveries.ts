import type { EndpointParsed, EndpointResult } from "@wheelhouse/shared/endpoint.ts";
import type {
  DeliveryAttempt,
  listDeliveries,
  readDelivery,
  summarizeDeliveries,
} from "@wheelhouse/shared/webhooks/webhooks.ts";
import { decodeCursor } from "#lib/http/cursor.ts";
import { invalidField, notFound } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import type { Clock } from "#lib/time/clock.ts";
import type { Breakers } from "../breaker.ts";
import { endpointView, pageOf, place } from "../directory/directory.ts";
import { redactText } from "../redaction.ts";
import { barsOf } from "./bars.ts";
import type { AttemptRow, DetailStore, PayloadRow } from "./detail-store.ts";
import { type DeliveryStore, deliveryOf, knownErrorClass } from "./store.ts";

const dayMs = 86_400_000;
const maxShownBytes = 16 * 1024;

type DeliveriesOptions = {
  store: DeliveryStore;
  detail: DetailStore;
  breakers: Pick<Breakers, "view">;
  clock: Clock;
};

const organizationsOf = (includeChildren: boolean, { organization, subtreeIds }: RequestContext) =>
  includeChildren ? [...new Set([organization.id, ...subtreeIds])] : [organization.id];

function assertRange({ from, to }: { from?: string | undefined; to?: string | undefined }) {
  if (from && to && Date.parse(from) >= Date.parse(to))
    throw invalidField("query.from", "must be before query.to");
}

function attemptOf(row: AttemptRow, payload: PayloadRow | null): DeliveryAttempt {
  const body = payload?.payload.subarray(0, maxShownBytes) ?? Buffer.alloc(0);
  const sizeBytes = payload?.size_bytes ?? 0;
  return {
    generation: row.generation,
    attempt: row.attempt,
    trigger:
      row.attempt_trigger === "replay" || row.attempt_trigger === "recovery"
        ? row.attempt_trigger
        : "schedule",
    startedAt: row.started_at.toISOString(),
    finishedAt: row.finished_at?.toISOString() ?? null,
    latencyMs: row.latency_ms,
    outcome: row.outcome,
    statusCode: row.status_code,
    errorClass: knownErrorClass(row.error_class),
    errorMessage: row.error_message,
    request: {
      url: row.url,
      headers: row.request_headers,
      body: redactText(body.toString("utf8")),
      bodySizeBytes: sizeBytes,
      truncated: sizeBytes > maxShownBytes,
    },
    response:
      row.response_headers === null
        ? null
        : {
            headers: row.response_headers,
            body: row.response_body ?? "",
            bodySizeBytes: row.response_size_bytes ?? 0,
            truncated: row.response_truncated ?? false,
          },
  };
}

/** Delivery reads for the pages. */
export function createDeliveries({ store, detail, breakers, clock }: DeliveriesOptions) {
  return {
    async list(
      { cursor, limit, includeChildren, ...filter }: EndpointParsed<typeof listDeliveries>["query"],
      context: RequestContext,
    ): Promise<EndpointResult<typeof listDeliveries>> {
      assertRange(filter);
      const after = decodeCursor(cursor, place);
      const rows = await store.list(organizationsOf(includeChildren, context), filter, after, limit + 1);
      return pageOf(rows, limit, deliveryOf);
    },

    /** Defaults to the last 24 h, `from` being the beginning of the first bar; the histogram counts rows by current outcome. */
    async summarize(
      { bars, includeChildren, ...filter }: EndpointParsed<typeof summarizeDeliveries>["query"],
      context: RequestContext,
    ): Promise<EndpointResult<typeof summarizeDeliveries>> {
      assertRange(filter);
      const toMs = filter.to ? Date.parse(filter.to) : clock.now();
      const fromMs = filter.from ? Date.parse(filter.from) : toMs - dayMs;
      const organizations = organizationsOf(includeChildren, context);
      const { barMs, firstMs, count: barCount } = barsOf(fromMs, toMs, bars);
      const found = await store.summarize(organizations, filter, fromMs, toMs, { firstMs, barMs });
      const shown = Array.from({ length: barCount }, () => ({
        completed: 0,
        failed: 0,
        deadLetter: 0,
        open: 0,
      }));
      for (const { bar, status, count } of found.histogram) {
        const target = shown[Math.min(Math.max(bar, 0), barCount - 1)];
        if (!target) continue;
        if (status === "completed") target.completed += count;
        else if (status === "failed") target.failed += count;
        else if (status === "dead_letter") target.deadLetter += count;
        else if (status === "pending") target.open += count;
      }
      const count = (status: string) => found.counts[status] ?? 0;
      return {
        from: new Date(firstMs).toISOString(),
        to: new Date(toMs).toISOString(),
        barMs,
        bars: shown,
        counts: {
          pending: count("pending"),
          processing: count("processing"),
          completed: count("completed"),
          failed: count("failed"),
          dead_letter: count("dead_letter"),
          discarded: count("discarded"),
        },
      };
    },

    async read(id: string, context: RequestContext): Promise<EndpointResult<typeof readDelivery>> {
      const found = await detail.read(organizationsOf(true, context), id);
      if (!found?.endpoint) throw notFound("delivery");
      const { delivery, payload, endpoint } = found;
      return {
        ...deliveryOf(delivery),
        version: delivery.version,
        attemptLog: found.attempts.map((row) => attemptOf(row, payload)),
        payload: {
          body: redactText(payload?.payload.toString("utf8") ?? ""),
          sizeBytes: payload?.size_bytes ?? 0,
          truncated: payload !== null && payload.size_bytes > payload.payload.length,
          contentType: payload?.content_type ?? "",
        },
        endpoint: endpointView(endpoint, breakers),
        sameCause: found.sameCause,
      };
    },
  };
}

export type Deliveries = ReturnType<typeof createDeliveries>;
