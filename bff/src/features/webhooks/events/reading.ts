import type { EndpointParsed, EndpointResult } from "@wheelhouse/shared/endpoint.ts";
import { endpointSettings } from "@wheelhouse/shared/webhooks/endpoint-settings.ts";
import type {
  EndpointVerdict,
  listEvents,
  readEvent,
  summarizeEvents,
  WebhookEventDetail,
} from "@wheelhouse/shared/webhooks/events.ts";
import { type SourceRedaction, sourceRedaction } from "@wheelhouse/shared/webhooks/senders.ts";
import { z } from "zod";
import { decodeCursor, encodeCursor } from "#lib/http/cursor.ts";
import { notFound } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import type { SharedReads } from "#lib/shared-reads.ts";
import type { Clock } from "#lib/time/clock.ts";
import { matches } from "../directory/directory.ts";
import { assertRange, organizationsOf, type Payloads } from "../log/log.ts";
import { redact, redactHeaders } from "../redaction.ts";
import {
  barMax,
  type EventContentRow,
  type EventEndpointRow,
  type EventRow,
  type EventStore,
  eventOf,
} from "./store.ts";

const hourMs = 3_600_000;
const maxShownBytes = 64 * 1024;
const noBody = Buffer.alloc(0);
const place = z.strictObject({ createdAt: z.iso.datetime(), id: z.string().max(40) });

/** Why this endpoint has a delivery of the event, or none. Without its body, a filter on the body decides nothing. */
function verdictOf(
  endpoint: EventEndpointRow,
  event: { event_type: string; received_at: Date },
  body: Buffer | null,
): EndpointVerdict {
  if (endpoint.delivered) return "delivered";
  if (endpoint.missed) return "disabled";
  if (endpoint.created_at.getTime() > event.received_at.getTime()) return "created_after";
  const { event_types: eventTypes } = endpoint;
  if (!matches({ eventTypes, bodyFilter: [] }, event.event_type, noBody)) return "filter";
  const { bodyFilter } = endpointSettings.pick({ bodyFilter: true }).parse(endpoint.settings);
  if (bodyFilter.length === 0) return "takes";
  if (body === null) return "unknown";
  return matches({ eventTypes, bodyFilter }, event.event_type, body) ? "takes" : "filter";
}

type EventsOptions = {
  /** Equal first pages and counts share one query. */
  shared: Pick<SharedReads, "open">;
  store: EventStore;
  payloads: Payloads;
  clock: Clock;
};

/** Received events for the pages. */
export function createEventReading({ shared, store, payloads, clock }: EventsOptions) {
  const sharedList = shared.open<EventRow[]>();
  const sharedCount = shared.open<{
    fromMs: number;
    toMs: number;
    barMs: number;
    counted: Awaited<ReturnType<EventStore["count"]>>;
  }>();

  function payloadOf(
    content: EventContentRow,
    body: Buffer | null,
    mayRead: boolean,
    redaction: SourceRedaction,
  ): WebhookEventDetail["payload"] {
    const { size_bytes: sizeBytes, expunged_at: expungedAt } = content;
    const empty = { body: "", sizeBytes, truncated: false, redacted: [], expungedAt: null };
    if (expungedAt !== null) return { ...empty, state: "expunged", expungedAt: expungedAt.toISOString() };
    if (!mayRead) return { ...empty, state: "hidden" };
    if (body === null) return { ...empty, state: "gone" };
    const { text, redacted } = redact(body.subarray(0, maxShownBytes).toString("utf8"), redaction);
    return {
      state: "shown",
      body: text,
      sizeBytes: body.length,
      truncated: body.length > maxShownBytes,
      redacted,
      expungedAt: null,
    };
  }

  return {
    async list(
      { cursor, limit, includeChildren, ...filter }: EndpointParsed<typeof listEvents>["query"],
      context: RequestContext,
    ): Promise<EndpointResult<typeof listEvents>> {
      assertRange(filter);
      const after = decodeCursor(cursor, place);
      const organizations = organizationsOf(includeChildren, context);
      const read = () => store.list(organizations, filter, after, limit + 1);
      const rows = await (after ? read() : sharedList(organizations, { filter, limit }, read));
      const last = rows[limit - 1];
      return {
        items: rows.slice(0, limit).map(eventOf),
        nextCursor:
          filter.q === undefined && rows.length > limit && last
            ? encodeCursor({ createdAt: last.created_at.toISOString(), id: last.event_id })
            : null,
      };
    },

    /** An exact id is not counted: the list has all that it names. */
    async summarize(
      { bars, includeChildren, q: _, ...filter }: EndpointParsed<typeof summarizeEvents>["query"],
      context: RequestContext,
    ): Promise<EndpointResult<typeof summarizeEvents>> {
      assertRange(filter);
      const organizations = organizationsOf(includeChildren, context);
      const { fromMs, toMs, barMs, counted } = await sharedCount(
        organizations,
        { filter, bars },
        async () => {
          const toMs = filter.to ? Date.parse(filter.to) : clock.now();
          const fromMs = filter.from ? Date.parse(filter.from) : toMs - hourMs;
          const barMs = Math.max(1, Math.ceil((toMs - fromMs) / bars));
          const counted = await store.count(organizations, filter, { fromMs, barMs, bars });
          return { fromMs, toMs, barMs, counted };
        },
      );
      const shown = Array.from({ length: bars }, () => ({ matched: 0, unmatched: 0 }));
      const ofFate = (fate: string) =>
        counted.filter((each) => each.fate === fate).reduce((sum, { count }) => sum + count, 0);
      for (const { bar, fate, count } of counted) {
        const target = shown[bar];
        if (target) target[fate === "matched" || fate === "later" ? "matched" : "unmatched"] += count;
      }
      return {
        from: new Date(fromMs).toISOString(),
        to: new Date(toMs).toISOString(),
        barMs,
        bars: shown,
        counts: {
          matched: ofFate("matched"),
          disabled: ofFate("disabled"),
          filter: ofFate("filter"),
          none: ofFate("none"),
          later: ofFate("later"),
          unrecorded: ofFate("unrecorded"),
        },
        isBound: counted.some(({ count }) => count >= barMax),
      };
    },

    async read(id: string, context: RequestContext): Promise<EndpointResult<typeof readEvent>> {
      const found = await store.read(organizationsOf(true, context), id);
      if (!found) throw notFound("event");
      const { event, content, endpoints } = found;
      const mayRead = context.actor.can("webhooks:payload").in(event.org_id).check();
      const body = payloads.open(content.payload, id);
      const redaction = sourceRedaction.parse(content.redaction);
      return {
        ...eventOf(event),
        // Again, because the rules may be newer than the event.
        headers: redactHeaders(content.headers, redaction),
        contentType: content.content_type,
        endpoints: endpoints.map((endpoint) => ({
          id: endpoint.id,
          name: endpoint.name,
          eventTypes: endpoint.event_types,
          enabled: endpoint.enabled,
          verdict: verdictOf(endpoint, event, body),
        })),
        payload: payloadOf(content, body, mayRead, redaction),
      };
    },
  };
}
export type EventReading = ReturnType<typeof createEventReading>;
