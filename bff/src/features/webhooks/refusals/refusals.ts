import type { EndpointParsed, EndpointResult } from "@wheelhouse/shared/endpoint.ts";
import { errorStatus } from "@wheelhouse/shared/errors.ts";
import { type listRefusals, type Refusal, refusalReason } from "@wheelhouse/shared/webhooks/refusals.ts";
import { sourceRules } from "@wheelhouse/shared/webhooks/senders.ts";
import type { Logger } from "pino";
import { z } from "zod";
import { decodeCursor, encodeCursor } from "#lib/http/cursor.ts";
import { type AppError, invalidField } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import type { Database } from "#lib/postgres/postgres.ts";
import type { SecretBox } from "#lib/security/secret-box.ts";
import type { Clock } from "#lib/time/clock.ts";
import type { WebhooksConfig } from "../config.ts";
import { type Directory, publicKeyOf } from "../directory/directory.ts";
import { causeOf } from "../refusal.ts";
import { type ArrivedRequest, describeRequest, isSlug } from "./request.ts";
import { createRefusalStore, type RefusalRow } from "./store.ts";
import { createTally } from "./tally.ts";

const hourMs = 3_600_000;
const defaultHours = 24;
const writeEveryMs = 1_000;
const rowsMax = 1_000;
/** Look-ups of organizations for refused requests that run at once; more are only counted in the log. */
const lookupsMax = 200;

const place = z.object({
  count: z.string().regex(/^\d{1,15}$/),
  source: z.string().max(63),
  reason: z.string().max(40),
});

type RefusalsOptions = {
  database: Database;
  directory: Pick<Directory, "find">;
  secrets: SecretBox;
  config: Pick<WebhooksConfig, "refusalsKeptDays" | "timestampToleranceMs">;
  clock: Clock;
  log: Logger;
};

/** Counts refused intake requests once a second, after they were answered, and lists them by source and reason. */
export function createRefusals({ database, directory, secrets, config, clock, log }: RefusalsOptions) {
  const store = createRefusalStore(database);
  const tally = createTally(rowsMax);
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> = Promise.resolve();
  let lookups = 0;
  const looking = new Set<Promise<void>>();
  let unattributed = 0;

  function write(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    writing = writing.then(async () => {
      const { rows, dropped } = tally.take();
      const lost = dropped + unattributed;
      unattributed = 0;
      if (lost > 0) log.warn({ requests: lost }, "refused intake requests were not counted");
      if (rows.length === 0) return;
      await store.add(rows).catch((err: unknown) => {
        log.warn({ err }, "refused intake requests are stored later");
        tally.giveBack(rows);
      });
    });
    return writing;
  }

  async function count(request: ArrivedRequest, error: AppError, address: string, requestId: string) {
    const { org, source } = request.path;
    const found = await directory.find(org, isSlug(source) ? source : "");
    if (!found) return;
    const { reason, field } = causeOf(error);
    const atMs = clock.now();
    tally.add({
      organizationId: found.organizationId,
      source: found.target ? source : "",
      reason,
      status: errorStatus[error.code],
      atMs,
      address,
      requestId,
      field,
      message: error.details?.[0]?.message ?? error.message,
      newest: describeRequest(request, atMs),
    });
    timer ??= setTimeout(() => void write(), writeEveryMs).unref();
  }

  return {
    /** Counts a request that was refused with this error; returns at once and never throws. */
    record(request: ArrivedRequest, error: AppError, address: string, requestId: string): void {
      if (errorStatus[error.code] >= 500 || !isSlug(request.path.org)) return;
      if (lookups >= lookupsMax) {
        unattributed += 1;
        return;
      }
      lookups += 1;
      const work = count(request, error, address, requestId)
        .catch((err: unknown) => {
          unattributed += 1;
          log.debug({ err }, "a refused request could not be attributed");
        })
        .finally(() => {
          lookups -= 1;
          looking.delete(work);
        });
      looking.add(work);
    },

    /** Stores what has been counted. */
    async settled(): Promise<void> {
      await Promise.all(looking);
      await write();
    },

    forget: () => store.forget(config.refusalsKeptDays),

    async list(
      { cursor, limit, from, to, ...filter }: EndpointParsed<typeof listRefusals>["query"],
      { organization }: RequestContext,
    ): Promise<EndpointResult<typeof listRefusals>> {
      const toMs = to ? Date.parse(to) : clock.now() + 1;
      const fromMs = from ? Date.parse(from) : toMs - defaultHours * hourMs;
      if (fromMs >= toMs) throw invalidField("query.from", "must be before query.to");
      const range = { from: new Date(fromMs - (fromMs % hourMs)), to: new Date(toMs) };
      const after = decodeCursor(cursor, place);
      const rows = await store.list(
        organization.id,
        filter,
        range,
        after && { count: Number(after.count), source: after.source, reason: after.reason },
        limit + 1,
      );
      const items = rows.slice(0, limit);
      const last = items.at(-1);
      return {
        items: items.map((row) => refusalOf(row, secrets)),
        nextCursor:
          rows.length > limit && last
            ? encodeCursor({ count: String(last.count), source: last.source, reason: last.reason })
            : null,
        total: rows[0]?.total ?? 0,
        from: range.from.toISOString(),
        to: range.to.toISOString(),
        keptDays: config.refusalsKeptDays,
        toleranceMs: config.timestampToleranceMs,
      };
    },
  };
}
export type Refusals = ReturnType<typeof createRefusals>;

const refusalOf = (row: RefusalRow, secrets: SecretBox): Refusal => ({
  source:
    row.source === ""
      ? null
      : {
          slug: row.source,
          name: row.name,
          scheme: row.scheme,
          secretHint: row.secret_hint,
          rules: row.scheme === null ? null : sourceRules.parse(row.rules),
          publicKey: row.id === null ? null : publicKeyOf({ ...row, id: row.id }, secrets),
          maxBodyBytes: row.max_body_bytes,
        },
  // A reason written by a newer version.
  reason: refusalReason.catch("other").parse(row.reason),
  status: row.status,
  count: row.count,
  firstAt: row.first_at.toISOString(),
  lastAt: row.last_at.toISOString(),
  addresses: row.addresses,
  lastRequestId: row.request_id,
  field: row.field,
  message: row.message,
  newest: row.newest,
});
