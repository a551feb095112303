import type { AuditFacet, auditFacetKeys } from "@wheelhouse/shared/audit/explore.ts";
import { sql } from "kysely";
import { z } from "zod";
import type { Database } from "#lib/postgres/postgres.ts";
import { type AuditFilter, findEvents, turned } from "./find.ts";

const readTimeoutMs = 5_000;
const batchSize = 20_000;
/** Maximum number of known targets; the least recently seen are dropped. */
const targetsMax = 20_000;

const counted = z.object({ found: z.number() });
const reached = z.object({ seq: z.number(), head: z.number() });
const facetRow = z.object({
  value: z.string(),
  label: z.string(),
  detail: z.string().nullable(),
  events: z.coerce.number(),
  lastAt: z.date(),
});
const hourRow = z.object({ at: z.date(), success: z.coerce.number(), refused: z.coerce.number() });
const actionRow = z.object({ action: z.string(), success: z.coerce.number(), refused: z.coerce.number() });

const actorRow = z.object({
  actor: z.string(),
  name: z.string(),
  success: z.coerce.number(),
  refused: z.coerce.number(),
});

/** Counters along the chain. Each event is added once, by its number, so the counters never drift. */
export function createAuditExploreStore({ database }: { database: Database }) {
  const running = new Map<string, Promise<boolean>>();

  async function addBatch(organizationId: string): Promise<boolean> {
    const { rows } = await sql`
      select wheelhouse.roll_up_audit(${organizationId}::uuid, ${batchSize}) as seq,
        coalesce((select h.seq from audit_heads h where h.org_id = ${organizationId}::uuid), 0) as head
    `.execute(database.system);
    const { seq, head } = reached.parse(rows[0]);
    return seq >= head;
  }

  return {
    /**
     * Counts new events, one batch at most, and returns whether all are counted. Concurrent callers share the
     * work.
     */
    catchUp(organizationId: string): Promise<boolean> {
      const shared = running.get(organizationId);
      if (shared) return shared;
      const started = addBatch(organizationId).finally(() => running.delete(organizationId));
      running.set(organizationId, started);
      return started;
    },

    /** Organizations with events that are not counted yet. */
    async behind(): Promise<string[]> {
      const { rows } = await sql`
        select h.org_id as id from audit_heads h left join audit_rolled r using (org_id)
        where h.seq > coalesce(r.seq, 0)`.execute(database.system);
      return rows.map((row) => z.object({ id: z.string() }).parse(row).id);
    },

    /** Drops the least recently seen targets of organizations that have too many. */
    async forgetTargets(): Promise<void> {
      await sql`
        delete from audit_known k using (
          select org_id, value, row_number() over (partition by org_id order by last_at desc) as place
          from audit_known where kind = 'target'
        ) old
        where k.kind = 'target' and k.org_id = old.org_id and k.value = old.value and old.place > ${targetsMax}
      `.execute(database.system);
    },

    /** Number of matching events, at most `max`. */
    async count(organizationIds: readonly string[], filter: AuditFilter, max: number): Promise<number> {
      const { rows } = await reading(organizationIds, (tx) =>
        sql`select count(*) as found from (${findEvents(organizationIds, filter, undefined, max)}) f`.execute(
          tx,
        ),
      );
      return counted.parse(rows[0]).found;
    },

    /** Known values whose name or id contains `q`, most frequent first. */
    async facets(
      organizationId: string,
      key: (typeof auditFacetKeys)[number],
      q: string | undefined,
      limit: number,
    ): Promise<AuditFacet[]> {
      const pattern = `%${(q ?? "").replaceAll(/[\\%_]/g, "\\$&")}%`;
      const known =
        key === "class"
          ? sql`
              select split_part(split_part(value, '.', 1), ':', 1) as value, split_part(split_part(value, '.', 1), ':', 1) as label,
                null as detail, sum(events)::bigint as events, max(last_at) as last_at
              from audit_known where org_id = ${organizationId}::uuid and kind = 'action' group by 1`
          : sql`
              select value, label, detail, events, last_at from audit_known
              where org_id = ${organizationId}::uuid and kind = ${key}`;
      const { rows } = await reading([organizationId], (tx) =>
        sql`
          select value, label, detail, events, last_at as "lastAt" from (${known}) k
          where value ilike ${pattern} or label ilike ${pattern}
          order by events desc, value limit ${limit}`.execute(tx),
      );
      return rows.map((row) => {
        const { lastAt, ...facet } = facetRow.parse(row);
        return { ...facet, lastAt: lastAt.toISOString() };
      });
    },

    /** Events per hour, per action and per actor in this range; a partial hour at its edges counts as a full hour. */
    async activity(organizationId: string, filter: AuditFilter) {
      const { actor, action, class: classes, outcome, slot, from, to } = filter;
      const conditions = [
        sql`org_id = ${organizationId}::uuid`,
        sql`hour >= date_trunc('hour', ${from}::timestamptz, 'UTC')`,
        sql`hour < ${to}::timestamptz`,
        ...turned(filter, {
          actor:
            actor &&
            sql`actor = any (select value from audit_known
              where org_id = ${organizationId}::uuid and kind = 'actor' and (value = any (${actor}) or label = any (${actor})))`,
          action: action && sql`action = any (${action})`,
          class: classes && sql`split_part(split_part(action, '.', 1), ':', 1) = any (${classes})`,
          outcome: outcome && sql`outcome = any (${outcome})`,
          slot: slot && sql`to_char(hour at time zone 'UTC', 'ID-HH24') = any (${slot})`,
        }),
      ];
      const sums = sql`coalesce(sum(events) filter (where outcome = 'success'), 0) as success,
        coalesce(sum(events) filter (where outcome <> 'success'), 0) as refused`;
      return reading([organizationId], async (tx) => {
        const where = sql`where ${sql.join(conditions, sql` and `)}`;
        const hours = await sql`
          select hour as at, ${sums} from audit_activity ${where} group by hour order by hour`.execute(tx);
        const actions = await sql`
          select action, ${sums} from audit_activity ${where} group by action order by sum(events) desc, action`.execute(
          tx,
        );
        const actors = await sql`
          select a.actor, coalesce(k.label, a.actor) as name, a.success, a.refused
          from (select actor, ${sums} from audit_activity ${where} group by actor) a
          left join audit_known k on k.org_id = ${organizationId}::uuid and k.kind = 'actor' and k.value = a.actor
          order by a.success + a.refused desc, a.actor`.execute(tx);
        const rolled = await sql`
          select coalesce((select seq from audit_rolled), 0) as seq, coalesce((select seq from audit_heads), 0) as head`.execute(
          tx,
        );
        const { seq, head } = reached.parse(rolled.rows[0]);
        return {
          hours: hours.rows.map((row) => {
            const { at, ...events } = hourRow.parse(row);
            return { at: at.toISOString(), ...events };
          }),
          actions: actions.rows.map((row) => actionRow.parse(row)),
          actors: actors.rows.map((row) => actorRow.parse(row)),
          rolled: { countedToSeq: seq, headSeq: head },
        };
      });
    },
  };

  function reading<T>(
    organizationIds: readonly string[],
    work: Parameters<typeof database.asOrganizations<T>>[1],
  ) {
    return database.asOrganizations(organizationIds, work, { statementTimeoutMs: readTimeoutMs });
  }
}
export type AuditExploreStore = ReturnType<typeof createAuditExploreStore>;
