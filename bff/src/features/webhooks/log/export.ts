import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import type { EndpointParsed } from "@wheelhouse/shared/endpoint.ts";
import {
  type DeliveryExportFormat,
  deliveryExportMax,
  type exportDeliveries,
} from "@wheelhouse/shared/webhooks/export.ts";
import { type RawBuilder, sql } from "kysely";
import type { Changes } from "#lib/change.ts";
import { AppError } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import type { StreamedFile } from "#lib/http/route.ts";
import type { Database } from "#lib/postgres/postgres.ts";
import type { Clock } from "#lib/time/clock.ts";
import { assertRange, organizationsOf } from "./scope.ts";
import { type DeliveryFilter, searchFilter } from "./store.ts";
import { setFields } from "./views.ts";

const runningMax = 3;
const pageRows = 2_000;
const timeoutMs = 10_000;

type Place = { at: Date; id: string };
type Page = { text: string | null; rows: number; last_at: Date | null; last_id: string | null };

/** Names in both formats, and what stands there of a row `d`. */
const columns: readonly [name: string, value: RawBuilder<unknown>][] = [
  ["id", sql`d.id`],
  ["eventId", sql`d.event_id`],
  ["eventType", sql`d.event_type`],
  ["source", sql`d.source_name`],
  ["endpoint", sql`d.endpoint_name`],
  ["endpointId", sql`d.endpoint_id`],
  ["status", sql`case when d.claimed_at is null then d.status else 'processing' end`],
  ["attempts", sql`d.attempts`],
  ["maxAttempts", sql`d.max_attempts`],
  ["generation", sql`d.generation`],
  ["receivedAt", sql`to_char(d.received_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`],
  ["lastAttemptAt", sql`to_char(d.last_attempt_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`],
  ["completedAt", sql`to_char(d.completed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`],
  ["lastStatusCode", sql`d.last_status_code`],
  ["errorClass", sql`d.error_class`],
  ["errorMessage", sql`d.error_message`],
];

const lineOf: Record<DeliveryExportFormat, RawBuilder<unknown>> = {
  csv: sql`substr(${sql.join(
    columns.map(([, value]) => sql`wheelhouse.audit_csv_cell((${value})::text)`),
    sql` || `,
  )}, 2) || E'\n'`,
  ndjson: sql`json_build_object(${sql.join(
    columns.map(([name, value]) => sql`${sql.lit(name)}, ${value}`),
  )})::text || E'\n'`,
};

/** Without the mark, Excel decodes UTF-8 with the code page of its machine. */
const headOf: Record<DeliveryExportFormat, string> = {
  csv: `\ufeff${columns.map(([name]) => name).join(",")}\n`,
  ndjson: "",
};

function trailerOf(format: DeliveryExportFormat, end: { rows: number; sha256: string; isCut: boolean }) {
  if (format === "ndjson") return `${JSON.stringify({ trailer: end })}\n`;
  const said = end.isCut ? "more match" : "complete";
  return `end of export,${end.rows},${end.sha256},${said}${",".repeat(columns.length - 4)}\n`;
}

const types: Record<DeliveryExportFormat, string> = {
  csv: "text/csv; charset=utf-8",
  ndjson: "application/x-ndjson; charset=utf-8",
};

type Options = { database: Database; changes: Changes; clock: Clock; pageRows?: number; maxRows?: number };

/**
 * Exports of the log. Postgres writes the lines, page after page by key, so that a slow reader holds neither a
 * connection nor a snapshot. The start is an event of the trail.
 */
export function createDeliveryExport(options: Options) {
  const { database, changes, clock } = options;
  const maxRows = options.maxRows ?? deliveryExportMax;
  let running = 0;

  function readPage(
    organizations: readonly string[],
    filter: DeliveryFilter,
    format: DeliveryExportFormat,
    { after, limit }: { after: Place | null; limit: number },
  ): Promise<Page | undefined> {
    return database.asOrganizations(
      organizations,
      async (tx) => {
        const { rows } = await sql<Page>`
          with found as materialized (
            select id, created_at from wheelhouse.find_webhook_deliveries(
              ${searchFilter(organizations, filter)}::jsonb, ${after?.at ?? null}::timestamptz,
              ${after?.id ?? null}::uuid, ${limit}::int)
          ), shown as materialized (
            select * from wheelhouse.show_webhook_deliveries(
              array(select id from found), array(select created_at from found))
          )
          select string_agg(${lineOf[format]}, '' order by d.created_at desc, d.id desc) as text,
            count(*)::int as rows, min(d.created_at) as last_at,
            (array_agg(d.id order by d.created_at, d.id))[1] as last_id
          from shown d
        `.execute(tx);
        return rows[0];
      },
      { statementTimeoutMs: timeoutMs },
    );
  }

  async function* linesOf(
    organizations: readonly string[],
    filter: DeliveryFilter,
    format: DeliveryExportFormat,
  ): AsyncGenerator<Buffer> {
    const hash = createHash("sha256");
    const hashed = (text: string) => {
      const bytes = Buffer.from(text);
      hash.update(bytes);
      return bytes;
    };
    let rows = 0;
    let isCut = false;
    let after: Place | null = null;
    if (headOf[format] !== "") yield hashed(headOf[format]);
    for (;;) {
      const limit = Math.min(options.pageRows ?? pageRows, maxRows - rows);
      if (limit === 0) {
        const more = await readPage(organizations, filter, format, { after, limit: 1 });
        isCut = (more?.rows ?? 0) > 0;
        break;
      }
      const page = await readPage(organizations, filter, format, { after, limit });
      if (!page?.text || page.last_at === null || page.last_id === null) break;
      rows += page.rows;
      after = { at: page.last_at, id: page.last_id };
      yield hashed(page.text);
      if (page.rows < limit) break;
    }
    yield Buffer.from(trailerOf(format, { rows, sha256: hash.digest("hex"), isCut }));
  }

  return {
    async open(
      { format, includeChildren, ...filter }: EndpointParsed<typeof exportDeliveries>["query"],
      context: RequestContext,
    ): Promise<StreamedFile> {
      assertRange(filter);
      if (running >= runningMax)
        throw new AppError(
          "rate_limited",
          `${runningMax} exports are already running. Try again when one has finished.`,
          { retryAfterSeconds: 10 },
        );
      running += 1;
      const { organization } = context;
      const once = { ...context, idempotencyKey: null };
      try {
        await changes.run(once, "webhooks.delivery.export", async () => ({
          result: null,
          audit: {
            targets: [{ type: "organization", id: organization.id, name: organization.name }],
            before: null,
            after: { ...setFields(filter), format, ...(includeChildren ? { includeChildren } : {}) },
          },
        }));
      } catch (error) {
        running -= 1;
        throw error;
      }
      const lines = linesOf(organizationsOf(includeChildren, context), filter, format);
      const day = new Date(clock.now()).toISOString().slice(0, 10);
      const file = Readable.from(lines, { objectMode: false });
      file.once("close", () => {
        running -= 1;
      });
      return {
        file,
        type: types[format],
        name: `deliveries-${organization.slug}-${day}.${format}`,
      };
    },
  };
}
export type DeliveryExport = ReturnType<typeof createDeliveryExport>;
