import { createHash, randomUUID } from "node:crypto";
import { once } from "node:events";
import { PassThrough } from "node:stream";
import type { AuditExportFormat, exportAuditEvents } from "@wheelhouse/shared/audit-export.ts";
import type { ExportedAuditTrailer } from "@wheelhouse/shared/audit-export-format.ts";
import type { EndpointParsed } from "@wheelhouse/shared/endpoint.ts";
import type pg from "pg";
import { type CopyToStreamQuery, to as copyTo } from "pg-copy-streams";
import type { Logger } from "pino";
import { z } from "zod";
import type { AuditTrail } from "#lib/change.ts";
import type { Clock } from "#lib/clock.ts";
import { AppError } from "#lib/errors.ts";
import { type Database, openPool } from "#lib/postgres.ts";
import type { RequestContext } from "#lib/request-context.ts";
import type { StreamedFile } from "#lib/route.ts";
import { createBlockReader } from "./audit-export-blocks.ts";
import { type CopyRange, copyStatement, csvTrailer, endsStatement, headOf } from "./audit-export-copy.ts";
import { type AuditFilter, filterFields, rowConditions } from "./audit-find.ts";

type AuditExportDeps = { database: Database; trail: AuditTrail; clock: Clock; log: Logger };

const runningMax = 3;
const rangeSize = 20_000;
/** A reader may be slow, but not for ever: the snapshot it reads keeps old rows from being cleaned. */
const rangeTimeoutMs = 10 * 60_000;
const bufferBytes = 512 * 1024;
const types: Record<AuditExportFormat, string> = {
  ndjson: "application/x-ndjson; charset=utf-8",
  csv: "text/csv; charset=utf-8",
};
const boundsRow = z.object({ first: z.date().nullable(), last: z.date().nullable() });
const endsRow = z.object({ first: z.coerce.number(), last: z.coerce.number() });
const pidRow = z.object({ pid: z.number() });
const headRow = z.object({ seq: z.coerce.number() });

/**
 * Exports of the trail: stored text by COPY from one snapshot, through a hash, as fast as the reader takes it. What ends
 * early has no trailer. Beginning and end are events of the trail; the end says what was handed out, also when it broke.
 */
export function createAuditExport({ database, trail, clock, log }: AuditExportDeps) {
  // Its own connections: an export lasts, and what others do must not wait for it.
  const pool = openPool(
    {
      ...database.pools.app.options,
      max: runningMax,
      statement_timeout: rangeTimeoutMs,
      query_timeout: 0,
      application_name: "wheelhouse-exports",
    },
    log,
  );
  let running = 0;

  async function write(client: pg.PoolClient, out: PassThrough, job: Job, told: Told) {
    const hash = createHash("sha256");
    const send = async (part: Buffer | string) => {
      hash.update(part);
      if (!out.write(part)) await once(out, "drain", { signal: job.signal });
    };
    await client.query("begin isolation level repeatable read read only");
    await client.query(
      "select set_config('work_mem', '64MB', true), set_config('wheelhouse.organization_ids', $1, true)",
      [`{${job.organizationIds.join(",")}}`],
    );
    if (headOf[job.format] !== "") await send(headOf[job.format]);
    let copying: CopyToStreamQuery | undefined;
    job.signal.addEventListener("abort", () => copying?.destroy(job.signal.reason), { once: true });
    for (const organizationId of job.organizationIds) {
      const heads = await client.query("select seq from audit_heads where org_id = $1", [organizationId]);
      let toSeq = heads.rows[0] ? headRow.parse(heads.rows[0]).seq : 0;
      let ends: { newest: CopyRange; oldest: CopyRange } | undefined;
      for (; toSeq > 0; toSeq -= rangeSize) {
        const afterSeq = Math.max(0, toSeq - rangeSize);
        const bounds = await client.query(
          "select min(recorded_at) as first, max(recorded_at) as last from audit_chain where org_id = $1 and seq > $2 and seq <= $3",
          [organizationId, afterSeq, toSeq],
        );
        const { first, last } = boundsRow.parse(bounds.rows[0]);
        if (!first || !last || isOutside(first, last, job.filter)) continue;
        const range = { afterSeq, toSeq, from: first.toISOString(), to: last.toISOString() };
        const conditions = rowConditions(organizationId, job.filter, range);
        const copy = client.query(copyTo(copyStatement(database, job.format, range, conditions)));
        copying = copy;
        const blocks = job.format === "ndjson" ? createBlockReader() : undefined;
        for await (const part of copy) for (const bytes of blocks?.read(part) ?? [part]) await send(bytes);
        // The count comes after the rows, so it is there when the next answer is.
        await client.query("select");
        const rows = blocks?.lines ?? copy.rowCount;
        told.rows += rows;
        // Only the newest and the oldest that hold something have the ends of an organization's numbers.
        if (rows > 0) ends = { newest: ends?.newest ?? range, oldest: range };
      }
      if (!ends || job.format === "csv") continue;
      for (const range of new Set([ends.newest, ends.oldest])) {
        const { rows } = await client.query(
          endsStatement(database, range, rowConditions(organizationId, job.filter, range)),
        );
        const { first, last } = endsRow.parse(rows[0]);
        told.firstSeq = Math.min(told.firstSeq ?? first, first);
        told.lastSeq = Math.max(told.lastSeq ?? last, last);
      }
    }
    await client.query("commit");
    told.sha256 = hash.digest("hex");
    out.end(trailerOf(job, told, new Date(clock.now()).toISOString()));
  }

  return {
    /** @throws AppError `rate_limited` while three exports run here already. */
    async begin(
      { format, includeChildren, ...filter }: EndpointParsed<typeof exportAuditEvents>["query"],
      context: RequestContext,
    ): Promise<StreamedFile> {
      if (running >= runningMax)
        throw new AppError(
          "rate_limited",
          `${runningMax} exports run already; try again when one has ended.`,
          {
            retryAfterSeconds: 10,
          },
        );
      running += 1;
      const record = recorderOf(trail, context, { format, ...filterFields(filter), includeChildren });
      const aborted = new AbortController();
      const organizationIds = includeChildren ? context.subtreeIds : [context.organization.id];
      const job = { format, filter, organizationIds, signal: aborted.signal };
      const told: Told = { rows: 0, sha256: null, firstSeq: null, lastSeq: null };
      let client: pg.PoolClient;
      let pid: number;
      try {
        await record({ state: "begun" });
        client = await pool.connect();
        pid = pidRow.parse((await client.query("select pg_backend_pid() as pid")).rows[0]).pid;
      } catch (error) {
        running -= 1;
        throw error;
      }
      const file = new PassThrough({ highWaterMark: bufferBytes });
      file.once("close", () => {
        if (file.writableEnded) return;
        aborted.abort(new Error("the reader went away"));
        // A COPY that finds nothing for a while would not notice that nobody reads.
        void database.pools.app.query("select pg_cancel_backend($1)", [pid]).catch(() => {});
      });
      const finished = write(client, file, job, told).then(
        () => ({ state: "completed", failed: false }),
        (error: unknown) => {
          const isCancelled = aborted.signal.aborted;
          if (!isCancelled) log.warn({ err: error }, "an export broke off");
          file.destroy(error instanceof Error ? error : new Error("the export broke off"));
          return { state: isCancelled ? "cancelled" : "failed", failed: true };
        },
      );
      void finished
        .then(({ state, failed }) => {
          client.release(failed);
          return record({ state, rows: told.rows, sha256: told.sha256 });
        })
        .catch((err: unknown) => log.error({ err }, "the end of an export could not be recorded"))
        .finally(() => {
          running -= 1;
        });
      const at = new Date(clock.now()).toISOString().replaceAll(/[:.]/g, "-");
      return { file, type: types[format], name: `audit-${context.organization.slug}-${at}.${format}` };
    },
    close: () => pool.end(),
  };
}
export type AuditExport = ReturnType<typeof createAuditExport>;

type Job = {
  format: AuditExportFormat;
  filter: AuditFilter;
  organizationIds: readonly string[];
  signal: AbortSignal;
};
type Told = { rows: number; sha256: string | null; firstSeq: number | null; lastSeq: number | null };

function isOutside(first: Date, last: Date, { from, to }: AuditFilter): boolean {
  return (
    (from !== undefined && last.getTime() < Date.parse(from)) ||
    (to !== undefined && first.getTime() >= Date.parse(to))
  );
}

/** Events of one export are linked by its id. */
function recorderOf(
  trail: AuditTrail,
  context: RequestContext,
  asked: Record<string, string | string[] | boolean>,
) {
  const id = randomUUID();
  return (more: Record<string, string | number | null>) =>
    trail.recordAct(context, "audit.trail.export", {
      targets: [{ type: "audit-export", id, name: `export to ${asked.format}` }],
      after: { ...asked, ...more },
    });
}

function trailerOf(
  { format, filter, organizationIds }: Job,
  { rows, sha256, firstSeq, lastSeq }: Told,
  exportedAt: string,
) {
  if (format === "csv") return csvTrailer(rows, sha256 ?? "");
  const fields = {
    ...filterFields(filter),
    ...(organizationIds.length > 1 ? { includeChildren: true } : {}),
  };
  const trailer: ExportedAuditTrailer = {
    trailer: { rows, sha256: sha256 ?? "", firstSeq, lastSeq, filter: fields, exportedAt },
  };
  return `${JSON.stringify(trailer)}\n`;
}
