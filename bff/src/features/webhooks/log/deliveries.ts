import type { EndpointParsed, EndpointResult } from "@wheelhouse/shared/endpoint.ts";
import type { SourceRedaction } from "@wheelhouse/shared/webhooks/senders.ts";
import type {
  DeliveryAttempt,
  DeliveryStatus,
  listDeliveries,
  readDelivery,
  summarizeDeliveries,
} from "@wheelhouse/shared/webhooks/webhooks.ts";
import { decodeCursor } from "#lib/http/cursor.ts";
import { notFound } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import type { SharedReads } from "#lib/shared-reads.ts";
import type { Clock } from "#lib/time/clock.ts";
import type { Breakers } from "../breaker.ts";
import { endpointView, pageOf, place } from "../directory/directory.ts";
import { redactHeaders, redactText } from "../redaction.ts";
import { barsOf } from "./bars.ts";
import type { AttemptRow, DetailStore, PayloadRow } from "./detail-store.ts";
import { assertRange, organizationsOf } from "./scope.ts";
import {
  type CountedRow,
  type DeliveryRow,
  type DeliveryStore,
  deliveryOf,
  knownErrorClass,
  textCap,
} from "./store.ts";

const dayMs = 86_400_000;
const maxShownBytes = 16 * 1024;

type DeliveriesOptions = {
  /** Equal first pages and counts share one query. */
  shared: Pick<SharedReads, "open">;
  store: DeliveryStore;
  detail: DetailStore;
  breakers: Pick<Breakers, "view">;
  clock: Clock;
};

/** Counted rows in the shape of the histogram. */
function outcomeBars(counted: readonly CountedRow[], count: number) {
  const bars = Array.from({ length: count }, () => ({ completed: 0, failed: 0, deadLetter: 0, open: 0 }));
  for (const { bar, status, count } of counted) {
    const target = bars[bar];
    if (!target) continue;
    if (status === "completed") target.completed += count;
    else if (status === "failed") target.failed += count;
    else if (status === "dead_letter") target.deadLetter += count;
    else if (status === "pending" || status === "processing") target.open += count;
  }
  return bars;
}

function attemptOf(row: AttemptRow, payload: PayloadRow | null, redaction: SourceRedaction): DeliveryAttempt {
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
    errorMessage: row.error_message === null ? null : redactText(row.error_message, redaction),
    request: {
      url: row.url,
      headers: row.request_headers,
      body: redactText(body.toString("utf8"), redaction),
      bodySizeBytes: sizeBytes,
      truncated: sizeBytes > maxShownBytes,
    },
    response:
      row.response_headers === null
        ? null
        : {
            headers: redactHeaders(row.response_headers, redaction),
            // A receiver may repeat what it got.
            body: redactText(row.response_body ?? "", redaction),
            bodySizeBytes: row.response_size_bytes ?? 0,
            truncated: row.response_truncated ?? false,
          },
  };
}

/** Delivery reads for the pages. */
export function createDeliveries({ shared, store, detail, breakers, clock }: DeliveriesOptions) {
  const sharedList = shared.open<DeliveryRow[]>();
  const sharedSummary = shared.open<[CountedRow[], CountedRow[]]>();
  return {
    async list(
      { cursor, limit, includeChildren, ...filter }: EndpointParsed<typeof listDeliveries>["query"],
      context: RequestContext,
    ): Promise<EndpointResult<typeof listDeliveries>> {
      assertRange(filter);
      const after = decodeCursor(cursor, place);
      const organizations = organizationsOf(includeChildren, context);
      const read = () => store.list(organizations, filter, after, limit + 1);
      const rows = await (after ? read() : sharedList(organizations, { filter, limit }, read));
      return pageOf(rows, limit, deliveryOf);
    },

    /** Defaults to the last 24 h; the histogram counts rows by current outcome, in whole bars around the range. */
    async summarize(
      { bars, includeChildren, ...filter }: EndpointParsed<typeof summarizeDeliveries>["query"],
      context: RequestContext,
    ): Promise<EndpointResult<typeof summarizeDeliveries>> {
      assertRange(filter);
      const nowMs = clock.now();
      const toMs = filter.to ? Date.parse(filter.to) : nowMs;
      const fromMs = filter.from ? Date.parse(filter.from) : toMs - dayMs;
      const organizations = organizationsOf(includeChildren, context);
      const shown = barsOf({ fromMs, toMs, nowMs, most: bars });
      const { status, ...rest } = filter;
      const asked = { filter, bars };
      const [counted, histogram] = await sharedSummary(organizations, asked, () =>
        Promise.all([
          store.count(organizations, rest, { fromMs, toMs, barMs: null }),
          store.count(organizations, filter, shown),
        ]),
      );
      const ofStatus = (one: DeliveryStatus) => counted.find((row) => row.status === one)?.count ?? 0;
      return {
        from: new Date(shown.fromMs).toISOString(),
        to: new Date(shown.toMs).toISOString(),
        barMs: shown.barMs,
        bars: outcomeBars(histogram, shown.count),
        counts: {
          pending: ofStatus("pending"),
          processing: ofStatus("processing"),
          completed: ofStatus("completed"),
          failed: ofStatus("failed"),
          dead_letter: ofStatus("dead_letter"),
          discarded: ofStatus("discarded"),
        },
        isBound: filter.q !== undefined && counted.reduce((sum, row) => sum + row.count, 0) >= textCap,
      };
    },

    async read(id: string, context: RequestContext): Promise<EndpointResult<typeof readDelivery>> {
      const found = await detail.read(organizationsOf(true, context), id);
      if (!found?.endpoint) throw notFound("delivery");
      const { delivery, endpoint, redaction } = found;
      const mayRead = context.actor.can("webhooks:payload").in(delivery.org_id).check();
      const payload = mayRead ? found.payload : null;
      return {
        ...deliveryOf(delivery),
        version: delivery.version,
        attemptLog: found.attempts.map((row) => attemptOf(row, payload, redaction)),
        payload: {
          state: !mayRead ? "hidden" : payload === null ? "gone" : "shown",
          body: redactText(payload?.payload.toString("utf8") ?? "", redaction),
          sizeBytes: found.payload?.size_bytes ?? 0,
          truncated: payload !== null && payload.size_bytes > payload.payload.length,
          contentType: found.payload?.content_type ?? "",
        },
        endpoint: endpointView(endpoint, breakers),
        order: found.order,
        sameCause: found.sameCause,
        replayedBy: found.runs.map((run) => ({
          replayId: run.replay_id,
          generation: run.generation,
          startedBy: run.started_by,
          startedAt: run.starts_at?.toISOString() ?? null,
          outcome: run.outcome,
        })),
      };
    },
  };
}

export type Deliveries = ReturnType<typeof createDeliveries>;
