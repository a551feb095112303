import { endpointSettings } from "@wheelhouse/shared/webhooks/endpoint-settings.ts";
import { type Kysely, sql } from "kysely";
import type { Logger } from "pino";
import type { Tables } from "#database/tables.ts";
import type { Events } from "#lib/events.ts";
import type { Database } from "#lib/postgres/postgres.ts";
import type { Clock } from "#lib/time/clock.ts";
import type { WebhooksConfig } from "../config.ts";
import type { AttemptStore } from "./attempt-store.ts";
import type { Doorbell } from "./doorbell.ts";
import { unknownOutcome } from "./receiver.ts";
import { scheduleOf } from "./schedule.ts";

// Any fixed number works as the name of the advisory lock.
const lockKey = 4600_0010;
const batch = 500;
const compactEveryMs = 10_000;
const fatesBatch = 5_000;

type SweeperOptions = {
  database: Database;
  store: AttemptStore;
  /** Looks at failing endpoints. */
  checkFailing(): Promise<void>;
  doorbell: Pick<Doorbell, "remind">;
  events: Pick<Events, "emit">;
  config: WebhooksConfig;
  clock: Clock;
  log: Logger;
};

type DueRow = {
  id: string;
  endpoint_id: string;
  generation: number;
  attempts: number;
  next_attempt_at: Date;
  /** As text, because a JavaScript date would lose the microseconds needed to resume the scan. */
  at: string;
};
type ExpiredRow = {
  delivery_id: string;
  org_id: string;
  generation: number;
  attempt: number;
  max_attempts: number;
  event_id: string;
  settings: unknown;
};

/**
 * Recovers from crashes and Redis data loss: creates missing jobs for due deliveries, and records claims
 * past their deadline as attempts with an unknown outcome. An advisory lock lets only one process sweep at
 * a time.
 */
export function createSweeper(options: SweeperOptions) {
  const { database, store, doorbell, events, config, clock, log } = options;
  // The scan of due rows resumes where it stopped, so rows with jobs cannot hide those without.
  let walked: { at: string; id: string } | null = null;
  let compactedMs = 0;
  let checkedMs = 0;
  let trustedFromMs = 0;
  let areFatesSettled = false;

  async function ringDue(connection: Kysely<Tables>) {
    const dueBefore = new Date(clock.now() - config.sweepGraceMs);
    const { rows } = await sql<DueRow>`
      select d.id, d.endpoint_id, d.generation, d.attempts, d.next_attempt_at, d.next_attempt_at::text as at
      from webhook_delivery_log d
      where d.status in ('pending', 'failed') and d.next_attempt_at < ${dueBefore}::timestamptz
        ${walked ? sql`and (d.next_attempt_at, d.id) > (${walked.at}::timestamptz, ${walked.id}::uuid)` : sql``}
        and not exists (select from webhook_claims c where c.delivery_id = d.id)
      order by d.next_attempt_at, d.id
      limit ${batch}
    `.execute(connection);
    const last = rows.at(-1);
    walked = last && rows.length === batch ? { at: last.at, id: last.id } : null;
    await doorbell.remind(
      rows.map(({ id, endpoint_id, generation, attempts }) => ({
        deliveryId: id,
        endpointId: endpoint_id,
        generation,
        attempt: attempts + 1,
      })),
    );
    return rows.length;
  }

  async function endExpiredClaims(connection: Kysely<Tables>) {
    // After a database outage, workers get a moment to store the outcomes they kept.
    if (clock.now() < trustedFromMs) return 0;
    const { rows } = await sql<ExpiredRow>`
      select c.delivery_id, c.org_id, c.generation, c.attempt, d.max_attempts, d.event_id,
        e.settings
      from webhook_claims c
      join webhook_delivery_log d on d.id = c.delivery_id and d.created_at = c.delivery_created_at
      join webhook_endpoints e on e.id = c.endpoint_id
      where c.deadline_at < ${new Date(clock.now())}::timestamptz
      order by c.deadline_at
      limit ${batch}
    `.execute(connection);
    if (rows.length === 0) return 0;
    const outcomes = rows.map((row) =>
      unknownOutcome(
        {
          deliveryId: row.delivery_id,
          generation: row.generation,
          attempt: row.attempt,
          maxAttempts: row.max_attempts,
        },
        row.event_id,
        clock.now(),
        scheduleOf(config, endpointSettings.parse(row.settings).retryScheduleMs),
        Math.random(),
      ),
    );
    const stored = await store.finish(outcomes);
    for (const [at, row] of rows.entries())
      if (stored[at]?.stored)
        events.emit("deliveries.changed", { organizationId: row.org_id, ids: [row.delivery_id], created: 0 });
    log.warn({ attempts: rows.length }, "recorded expired attempts as unknown");
    return rows.length;
  }

  /** Adds up appended counts and figures to keep reads cheap. */
  async function compact(connection: Kysely<Tables>) {
    await sql`select fold_webhook_changes()`.execute(connection);
    if (clock.now() - compactedMs < compactEveryMs) return;
    compactedMs = clock.now();
    await sql`
      with taken as (delete from webhook_counts returning org_id, status, delta)
      insert into webhook_counts (org_id, status, delta)
      select org_id, status, sum(delta) from taken group by org_id, status having sum(delta) <> 0
    `.execute(connection);
    const now = clock.now();
    await sql`delete from webhook_tally where step = 5 and at < ${new Date(now - 26 * 3_600_000)}::timestamptz`.execute(
      connection,
    );
    await sql`delete from webhook_figures where at < ${new Date(now - 70 * 60_000)}::timestamptz`.execute(
      connection,
    );
    await sql`
      with taken as (
        delete from webhook_figures
        where at < ${new Date(now - 90_000)}::timestamptz and latency_bucket <> -2
        returning *
      )
      insert into webhook_figures (org_id, endpoint_id, at, success, first_attempt, final, latency_bucket, count)
      select org_id, endpoint_id, date_trunc('minute', at), success, first_attempt, final, -2, sum(count)
      from taken group by 1, 2, 3, 4, 5, 6
    `.execute(connection);
  }

  /** A batch of what an upgrade left to do; a statement of its own, so that nobody waits for it. */
  async function settleFates() {
    if (areFatesSettled) return;
    const { rows } = await sql<{ done: boolean }>`
      select settle_webhook_fates(${fatesBatch}) as done`.execute(database.system);
    areFatesSettled = rows[0]?.done ?? true;
  }

  /** Sweeps once, unless another process is sweeping. @throws when the database is unreachable. */
  async function sweep() {
    let isSweeping = false;
    await database.system.transaction().execute(async (tx) => {
      const { rows } = await sql<{
        held: boolean;
      }>`select pg_try_advisory_xact_lock(${lockKey}) as held`.execute(tx);
      if (!rows[0]?.held) return;
      while ((await endExpiredClaims(tx)) === batch);
      await ringDue(tx);
      await compact(tx);
      isSweeping = true;
    });
    if (!isSweeping) return;
    await settleFates();
    // Beside the transaction, because disabling writes its own audit row; only the process that sweeps looks.
    if (clock.now() - checkedMs < config.failing.everyMs) return;
    checkedMs = clock.now();
    await options.checkFailing();
  }

  return {
    sweep,
    start() {
      let timer: NodeJS.Timeout | undefined;
      let stopped = false;
      let failed = false;
      let current = Promise.resolve();
      const run = async () => {
        try {
          await sweep();
          failed = false;
        } catch (err) {
          if (!failed) log.warn({ err }, "webhook sweep failed");
          failed = true;
          trustedFromMs = clock.now() + Math.max(2_000, 2 * config.sweepIntervalMs);
        }
        if (!stopped) timer = setTimeout(tick, config.sweepIntervalMs).unref();
      };
      const tick = () => {
        current = run();
      };
      tick();
      return {
        async stop() {
          stopped = true;
          clearTimeout(timer);
          await current;
        },
      };
    },
  };
}
