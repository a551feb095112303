import { endpointSettings } from "@wheelhouse/shared/webhooks/endpoint-settings.ts";
import { sql } from "kysely";
import type { Logger } from "pino";
import type { Database } from "#lib/postgres/postgres.ts";
import type { Clock } from "#lib/time/clock.ts";
import type { WebhooksConfig } from "../config.ts";
import type { Disabled } from "../directory/directory.ts";

const warnings = [90, 70, 50] as const;

type Row = {
  id: string;
  org_id: string;
  name: string;
  version: number;
  settings: unknown;
  failing_since: Date;
  warned_percent: number;
};

const span = (ms: number) => {
  const hours = Math.round(ms / 3_600_000);
  return hours < 1
    ? `${Math.round(ms / 60_000)} minutes`
    : hours < 48
      ? `${hours} hours`
      : `${Math.round(hours / 24)} days`;
};

/**
 * Notes since when an endpoint fails: attempts within the window, and no success. Warns at 50, 70 and 90 % of the time
 * after which it is disabled, then disables it. One that gets no events does not fail any longer than it was tried.
 */
export function createFailing(deps: {
  database: Database;
  disable(endpoint: Disabled): Promise<void>;
  config: Pick<WebhooksConfig, "failing">;
  clock: Clock;
  log: Logger;
}) {
  const { database, disable, config, clock, log } = deps;

  async function note(since: Date): Promise<Row[]> {
    const { rows } = await sql<Row>`
      with recent as (
        select endpoint_id, bool_or(success) as ok, min(at) as first_at from webhook_figures
        where at > ${since}::timestamptz group by endpoint_id
      ), moved as (
        update webhook_endpoints e set
          failing_since = case when not r.ok then r.first_at end,
          warned_percent = 0
        from recent r
        where r.endpoint_id = e.id and e.enabled and e.deleted_at is null
          and r.ok = (e.failing_since is not null)
        returning e.id
      )
      select e.id, e.org_id, e.name, e.version, e.settings, e.failing_since, e.warned_percent
      from recent r join webhook_endpoints e on e.id = r.endpoint_id
      where not r.ok and e.enabled and e.deleted_at is null and e.failing_since is not null
    `.execute(database.system);
    return rows;
  }

  async function warn(row: Row, percent: number, disablesAt: Date) {
    const { numUpdatedRows } = await database.system
      .updateTable("webhook_endpoints")
      .set({ warned_percent: percent })
      .where("id", "=", row.id)
      .where("warned_percent", "<", percent)
      .executeTakeFirst();
    if (Number(numUpdatedRows) > 0)
      log.warn(
        { endpointId: row.id, endpoint: row.name, percent, disablesAt },
        "a failing endpoint will be disabled",
      );
  }

  return {
    /** @throws when the database is away. */
    async check(): Promise<void> {
      const now = clock.now();
      for (const row of await note(new Date(now - config.failing.windowMs))) {
        const { disableAfterMs } = endpointSettings.parse(row.settings);
        if (disableAfterMs === null) continue;
        const share = (now - row.failing_since.getTime()) / disableAfterMs;
        if (share >= 1) {
          const reason = `no attempt succeeded for ${span(disableAfterMs)}`;
          await disable({ organizationId: row.org_id, endpointId: row.id, version: row.version, reason });
          continue;
        }
        const due = warnings.find((percent) => share * 100 >= percent);
        if (due !== undefined && due > row.warned_percent)
          await warn(row, due, new Date(row.failing_since.getTime() + disableAfterMs));
      }
    },
  };
}
