import { createHash, randomUUID } from "node:crypto";
import { once } from "node:events";
import { PassThrough } from "node:stream";
import {
  type AuditExportFormat,
  type exportAuditEvents,
  exportResumeHeader,
} from "@wheelhouse/shared/audit/export.ts";
import type { ExportedAuditTrailer } from "@wheelhouse/shared/audit/export-format.ts";
import type { EndpointParsed } from "@wheelhouse/shared/endpoint.ts";
import type pg from "pg";
import { type CopyToStreamQuery, to as copyTo } from "pg-copy-streams";
import type { Logger } from "pino";
import { z } from "zod";
import type { AuditTrail } from "#lib/change.ts";
import { AppError, invalidField } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import type { StreamedFile } from "#lib/http/route.ts";
import { type Database, onDatabase, openPool } from "#lib/postgres/postgres.ts";
import type { SecretBox } from "#lib/security/secret-box.ts";
import type { Clock } from "#lib/time/clock.ts";
import { type AuditFilter, filterFields, rowConditions } from "../reading/reading.ts";
import { createBlockReader } from "./blocks.ts";
import {
  type CopyRange,
  copyPickedStatement,
  copyStatement,
  copyStoredStatement,
  csvTrailer,
  endsStatement,
  headOf,
} from "./copy.ts";
import { isInside, isOutside, type Place, placesOf, timesOf } from "./places.ts";
import { chainsOf, createExportResume, type ExportStand, refuseOther } from "./resume.ts";

export { buildAuditBlocks } from "./block-builder.ts";

type AuditExportDeps = {
  database: Database;
  trail: AuditTrail;
  box: SecretBox;
  clock: Clock;
  log: Logger;
};

const runningMax = 3;
const tooMany = () =>
  new AppError(
    "rate_limited",
    `${runningMax} exports are already running. Try again when one has finished.`,
    { retryAfterSeconds: 10 },
  );
/** Limits slow readers, because the snapshot of an export keeps vacuum from removing old rows. */
const rangeTimeoutMs = 10 * 60_000;
const bufferBytes = 512 * 1024;
const types: Record<AuditExportFormat, string> = {
  ndjson: "application/x-ndjson; charset=utf-8",
  csv: "text/csv; charset=utf-8",
};
const endsRow = z.object({ first: z.coerce.number(), last: z.coerce.number() });
const pidRow = z.object({ pid: z.number() });
const snapshotRow = z.object({ snapshot: z.string().regex(/^[0-9A-F-]+$/) });

/**
 * Two readers of one snapshot: while one sends a range, the other prepares the next.
 * @returns the server processes of their transactions.
 */
async function openReaders(clients: Clients, { organizationIds, filter }: Job) {
  const settings = {
    statement_timeout: String(rangeTimeoutMs),
    work_mem: "64MB",
    // The range is read completely; a nested loop would take three times as long.
    enable_nestloop: filter.q === undefined ? "off" : "on",
    "wheelhouse.organization_ids": `{${organizationIds.join(",")}}`,
  };
  let snapshot: string | undefined;
  const pids: number[] = [];
  for (const client of clients) {
    await client.query("begin isolation level repeatable read read only");
    if (snapshot === undefined)
      snapshot = snapshotRow.parse(
        (await client.query("select pg_export_snapshot() as snapshot")).rows[0],
      ).snapshot;
    else await client.query(`set transaction snapshot '${snapshot}'`);
    for (const [name, value] of Object.entries(settings))
      await client.query("select set_config($1, $2, true)", [name, value]);
    // Within the transaction, because a pooler may serve the next one by another process.
    pids.push(pidRow.parse((await client.query("select pg_backend_pid() as pid")).rows[0]).pid);
  }
  return pids;
}

/**
 * Exports of the audit trail: stored text by COPY from a single snapshot, hashed, as fast as the reader
 * receives it. An interrupted export has no trailer. Start and end are recorded as events; the end states how
 * much was sent, even if the export failed.
 */
export function createAuditExport({ database, trail, box, clock, log }: AuditExportDeps) {
  const resume = createExportResume({ box, clock });
  // A pool of its own, so that long exports do not block other requests.
  const pool = openPool(
    {
      ...database.pools.app.options,
      max: 2 * runningMax,
      query_timeout: 0,
      application_name: "wheelhouse-exports",
    },
    log,
  );
  let running = 0;

  /** Starts reading the events of a range; undefined if the filter's time range excludes it. */
  async function beginRange(client: pg.PoolClient, { format, filter }: Job, place: Place) {
    const { organizationId, afterSeq, toSeq, kept } = place;
    const times = await timesOf(client, database, place);
    if (!times || isOutside(times, filter)) return undefined;
    const range = { afterSeq, toSeq, from: times.first.toISOString(), to: times.last.toISOString() };
    const conditions = rowConditions(organizationId, filter, range);
    const statement =
      kept === "whole" && isInside(times, filter)
        ? copyStoredStatement(database, format, place)
        : kept === "picked"
          ? copyPickedStatement(database, { organizationId, ...range }, conditions)
          : copyStatement(database, format, range, conditions);
    const copy = client.query(copyTo(statement));
    // Prevents an unhandled error before the stream is read; the reader gets the same error.
    copy.once("error", () => {});
    return { organizationId, range, conditions, copy, client };
  }

  /**
   * Connects the readers of an export and returns their server process ids. Closes everything if it fails.
   */
  async function openJob(job: Job, before: ExportStand | undefined, record: () => Promise<unknown>) {
    const clients: pg.PoolClient[] = [];
    const connect = async () => {
      const client = await onDatabase(pool.connect());
      clients.push(client);
      return client;
    };
    try {
      await record();
      const readers: Clients = [await connect(), await connect()];
      const pids = await onDatabase(openReaders(readers, job));
      const chains = await chainsOf(readers[0], job.organizationIds);
      if (before) refuseOther(before.chains, chains);
      else job.stand.chains = chains;
      return { readers, pids };
    } catch (error) {
      for (const client of clients) client.release(true);
      running -= 1;
      throw error;
    }
  }

  function cancelWhenGone(file: PassThrough, aborted: AbortController, pids: readonly number[]) {
    file.once("close", () => {
      if (file.writableEnded) return;
      aborted.abort(new Error("the reader disconnected"));
      // A COPY without matches writes nothing, so it would not notice the closed connection.
      void database.pools.app
        .query("select pg_cancel_backend(pid) from unnest($1::int[]) pid", [pids])
        .catch(() => {});
    });
  }

  async function write(clients: Clients, out: PassThrough, job: Job, told: Told) {
    const file = hashedFile(out, job);
    if (headOf[job.format] !== "") await file.send(headOf[job.format]);
    const reading = new Set<CopyToStreamQuery>();
    job.signal.addEventListener(
      "abort",
      () => {
        for (const copy of reading) copy.destroy(job.signal.reason);
      },
      { once: true },
    );
    const begin = async (place: Place, client: pg.PoolClient) => {
      const begun = await beginRange(client, job, place);
      if (begun) reading.add(begun.copy);
      return begun;
    };
    const [one, other] = clients;
    // Only the newest and oldest non-empty ranges contain the ends of an organization's numbers.
    const ends = new Map<string, { newest: Begun; oldest: Begun }>();
    const take = async (begun: Begun | undefined) => {
      if (!begun) return;
      const { copy, organizationId } = begun;
      const blocks = createBlockReader();
      for await (const part of copy) for (const bytes of blocks.read(part)) await file.send(bytes);
      reading.delete(copy);
      told.rows += blocks.lines;
      if (blocks.lines > 0)
        ends.set(organizationId, { newest: ends.get(organizationId)?.newest ?? begun, oldest: begun });
    };
    let [next, rest] = [one, other];
    let prepared: Promise<Begun | undefined> | undefined;
    for (const place of await placesOf(one, job)) {
      const begun = begin(place, next);
      begun.catch(() => {});
      [next, rest] = [rest, next];
      await take(await prepared);
      prepared = begun;
    }
    await take(await prepared);
    if (job.format === "ndjson") await readEnds(one, database, ends, told);
    for (const client of clients) await client.query("commit");
    told.sha256 = file.digest();
    file.end(trailerOf(job, told));
  }

  return {
    /**
     * Starts an export, or resumes an interrupted one after the bytes that the reader already has.
     * @throws AppError `rate_limited` while three exports are running in this process.
     */
    async begin(
      { resume: token, have, ...asked }: EndpointParsed<typeof exportAuditEvents>["query"],
      context: RequestContext,
    ): Promise<StreamedFile> {
      if (running >= runningMax) throw tooMany();
      const { format, includeChildren, ...filter } = asked;
      const organizationId = context.organization.id;
      if (token === undefined && have > 0)
        throw invalidField("query.resume", "is required to resume an export");
      // A file that began with other columns cannot be continued.
      const shape = format === "csv" ? { ...asked, columns: headOf.csv } : asked;
      const before = token === undefined ? undefined : resume.open(token, shape, organizationId);
      running += 1;
      const id = before?.id ?? randomUUID();
      const record = recorderOf(trail, context, id, { format, ...filterFields(filter), includeChildren });
      const aborted = new AbortController();
      const organizationIds = includeChildren ? context.subtreeIds : [organizationId];
      const job: Job = {
        format,
        filter,
        organizationIds,
        signal: aborted.signal,
        stand: before ?? { id, beganAt: new Date(clock.now()).toISOString(), chains: [] },
        have,
      };
      const told: Told = { rows: 0, sha256: null, firstSeq: null, lastSeq: null };
      const { readers, pids } = await openJob(job, before, () =>
        record({ state: "begun", ...(before ? { have } : {}) }),
      );
      const file = new PassThrough({ highWaterMark: bufferBytes });
      cancelWhenGone(file, aborted, pids);
      const finished = write(readers, file, job, told).then(
        () => ({ state: "completed", failed: false }),
        (error: unknown) => {
          const isCancelled = aborted.signal.aborted;
          if (!isCancelled) log.warn({ err: error }, "an export was interrupted");
          file.destroy(error instanceof Error ? error : new Error("the export was interrupted"));
          return { state: isCancelled ? "cancelled" : "failed", failed: true };
        },
      );
      void finished
        .then(({ state, failed }) => {
          for (const client of readers) client.release(failed);
          return record({ state, rows: told.rows, sha256: told.sha256 });
        })
        .catch((err: unknown) => log.error({ err }, "the end of an export could not be recorded"))
        .finally(() => {
          running -= 1;
        });
      const at = job.stand.beganAt.replaceAll(/[:.]/g, "-");
      const sealed = resume.seal(job.stand, shape, organizationId);
      return {
        file,
        type: types[format],
        name: `audit-${context.organization.slug}-${at}.${format}`,
        headers: sealed === undefined ? {} : { [exportResumeHeader]: sealed },
      };
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
  stand: ExportStand;
  /** Bytes that the reader already has. */
  have: number;
};
type Clients = readonly [pg.PoolClient, pg.PoolClient];
type Begun = {
  organizationId: string;
  range: CopyRange;
  conditions: ReturnType<typeof rowConditions>;
  copy: CopyToStreamQuery;
  client: pg.PoolClient;
};
type Told = { rows: number; sha256: string | null; firstSeq: number | null; lastSeq: number | null };

/**
 * Hashes the whole file; bytes that the reader already has are generated again for the hash, but not sent.
 */
function hashedFile(out: PassThrough, { have, signal }: Job) {
  const hash = createHash("sha256");
  let skipping = have;
  const unread = (part: Buffer | string) => {
    if (skipping === 0) return part;
    const bytes = typeof part === "string" ? Buffer.from(part) : part;
    const skipped = Math.min(skipping, bytes.length);
    skipping -= skipped;
    return bytes.subarray(skipped);
  };
  return {
    async send(part: Buffer | string) {
      hash.update(part);
      if (!out.write(unread(part))) await once(out, "drain", { signal });
    },
    digest: () => hash.digest("hex"),
    end(trailer: string) {
      const rest = unread(trailer);
      if (skipping > 0) throw new Error("`have` is larger than the export");
      out.end(rest);
    },
  };
}

/** First and last exported number, for the trailer. */
async function readEnds(
  client: pg.PoolClient,
  database: AuditExportDeps["database"],
  ends: ReadonlyMap<string, { newest: Begun; oldest: Begun }>,
  told: Told,
) {
  for (const { newest, oldest } of ends.values())
    for (const { range, conditions } of new Set([newest, oldest])) {
      const { rows } = await client.query(endsStatement(database, range, conditions));
      const { first, last } = endsRow.parse(rows[0]);
      told.firstSeq = Math.min(told.firstSeq ?? first, first);
      told.lastSeq = Math.max(told.lastSeq ?? last, last);
    }
}

/** Events of one export share its id. */
function recorderOf(
  trail: AuditTrail,
  context: RequestContext,
  id: string,
  asked: Record<string, string | string[] | boolean>,
) {
  return (more: Record<string, string | number | null>) =>
    trail.recordAct(context, "audit.trail.export", {
      targets: [{ type: "audit-export", id, name: `export to ${asked.format}` }],
      after: { ...asked, ...more },
    });
}

function trailerOf(
  { format, filter, organizationIds, stand }: Job,
  { rows, sha256, firstSeq, lastSeq }: Told,
) {
  if (format === "csv") return csvTrailer(rows, sha256 ?? "");
  const fields = {
    ...filterFields(filter),
    ...(organizationIds.length > 1 ? { includeChildren: true } : {}),
  };
  const trailer: ExportedAuditTrailer = {
    trailer: { rows, sha256: sha256 ?? "", firstSeq, lastSeq, filter: fields, exportedAt: stand.beganAt },
  };
  return `${JSON.stringify(trailer)}\n`;
}
