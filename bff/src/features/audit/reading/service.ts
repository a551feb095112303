import type { AuditEventDetail, listAuditEvents } from "@wheelhouse/shared/audit/audit.ts";
import type { EndpointParsed, EndpointResult } from "@wheelhouse/shared/endpoint.ts";
import { z } from "zod";
import { decodeCursor, encodeCursor } from "#lib/http/cursor.ts";
import { AppError, notFound } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import type { EncodedJson } from "#lib/http/route.ts";
import type { SharedRead } from "#lib/shared-reads.ts";
import { filterFields } from "./find.ts";
import type { Readings } from "./readings.ts";
import type { AuditStore } from "./store.ts";

type AuditServiceDeps = {
  /** Equal first pages share one query; each reader's reading is recorded. */
  shared: SharedRead<Awaited<ReturnType<AuditStore["list"]>>>;
  store: AuditStore;
  readings: Readings;
};

const place = z.strictObject({ recordedAt: z.iso.datetime(), id: z.uuid() });

/** Reading the trail is recorded too: nothing is shown before its reading is recorded. */
export function createAuditService({ shared, store, readings }: AuditServiceDeps) {
  return {
    /**
     * Returns encoded JSON: `toAuditEvent` picks each field by name, and validating a page against the
     * contract would add a tenth to the request (tests validate it instead). The page is read and recorded in
     * parallel on two connections; the response waits for both.
     */
    async list(
      { cursor, limit, includeChildren, ...filter }: EndpointParsed<typeof listAuditEvents>["query"],
      context: RequestContext,
    ): Promise<EncodedJson> {
      const organizationIds = includeChildren ? context.subtreeIds : [context.organization.id];
      const after = decodeCursor(cursor, place);
      const read = () => store.list(organizationIds, filter, after, limit + 1);
      const [rows] = await Promise.all([
        after ? read() : shared(organizationIds, { filter, limit }, read),
        readings.record(context, { ...filterFields(filter), includeChildren }),
      ]);
      const shown = rows.slice(0, limit);
      const last = shown.at(-1);
      const page: EndpointResult<typeof listAuditEvents> = {
        items: shown.map(({ event }) => event),
        nextCursor: rows.length > limit && last ? encodeCursor(last.place) : null,
      };
      return { encodedJson: Buffer.from(JSON.stringify(page)) };
    },

    async read(id: string, context: RequestContext): Promise<AuditEventDetail> {
      const event = await store.read([context.organization.id], id);
      if (!event) {
        const expired = await store.expired([context.organization.id], id);
        if (!expired) throw notFound("audit event");
        throw new AppError(
          "not_found",
          `The content of event ${expired.seq} expired under checkpoint ${expired.checkpoint}. Its hash remains in the chain.`,
        );
      }
      await readings.record(context, { events: "one by one" });
      return event;
    },
  };
}
export type AuditService = ReturnType<typeof createAuditService>;
