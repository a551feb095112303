import type { AlertsSummary, IncidentRow, listIncidents } from "@wheelhouse/shared/alerts/incidents.ts";
import type { EndpointParsed } from "@wheelhouse/shared/endpoint.ts";
import { sql } from "kysely";
import { z } from "zod";
import type { Core } from "#lib/feature.ts";
import { decodeCursor, encodeCursor } from "#lib/http/cursor.ts";
import type { OrganizationKey } from "#observe/aspect.ts";
import { createDetailReading, type DetailNeeds, rowsOf } from "./detail.ts";
import { alertViewOf, entryOf } from "./views.ts";

type ReadingNeeds = DetailNeeds &
  Pick<Core, "clock"> & {
    /** When rules were last evaluated by any process. */
    readEvaluatedAt(): Promise<string | null>;
  };

const weekMs = 7 * 86_400_000;
const place = z.object({ at: z.iso.datetime({ offset: true }), id: z.uuid() });
const mostPending = 50;

/** Reads incidents of one organization. */
export function createIncidentReading({
  database,
  clock,
  look,
  rulesOf,
  changesIn,
  readEvaluatedAt,
}: ReadingNeeds) {
  const detailOf = createDetailReading({ database, look, rulesOf, changesIn });

  return {
    list(organizationId: string, query: EndpointParsed<typeof listIncidents>["query"]) {
      const { status, cursor, limit } = query;
      const before = decodeCursor(cursor, place);
      const column = sql.ref(status === "open" ? "started_at" : "resolved_at");
      return database.asOrganizations([organizationId], async (tx) => {
        let all = tx
          .selectFrom("incidents")
          .selectAll()
          .where("org_id", "=", organizationId)
          .where("status", "=", status);
        if (before)
          all = all.where(sql<boolean>`(${column}, id) < (${before.at}::timestamptz, ${before.id}::uuid)`);
        const rows = await all
          .orderBy(status === "open" ? "started_at" : "resolved_at", "desc")
          .orderBy("id", "desc")
          .limit(limit + 1)
          .execute();
        const shown = rows.slice(0, limit);
        const last = shown.at(-1);
        const at = status === "open" ? last?.started_at : last?.resolved_at;
        const nextCursor =
          rows.length > limit && last && at ? encodeCursor({ at: at.toISOString(), id: last.id }) : null;
        return { items: await rowsOf(tx, shown), nextCursor };
      });
    },

    /** The newest state of these, for the live list. */
    heads: (organizationId: string, ids: readonly string[]): Promise<IncidentRow[]> =>
      ids.length === 0
        ? Promise.resolve([])
        : database.asOrganizations([organizationId], async (tx) =>
            rowsOf(
              tx,
              await tx
                .selectFrom("incidents")
                .selectAll()
                .where("org_id", "=", organizationId)
                .where("id", "in", [...ids])
                .orderBy("started_at", "desc")
                .execute(),
            ),
          ),

    async summary(organization: OrganizationKey): Promise<Omit<AlertsSummary, "rules">> {
      const organizationId = organization.id;
      const rules = await rulesOf(organization);
      const evaluatedAt = await readEvaluatedAt();
      const now = new Date(clock.now());
      return database.asOrganizations([organizationId], async (tx) => {
        const counts = await tx
          .selectFrom("incidents")
          .select([
            sql<number>`count(*) filter (where status = 'open')::int`.as("open"),
            sql<number>`count(*) filter (where status = 'open' and acknowledged_at is null)::int`.as(
              "unacknowledged",
            ),
            sql<number>`count(*) filter (where status = 'open' and held_by is not null)::int`.as("held"),
            sql<number>`coalesce(sum(firing) filter (where status = 'open'), 0)::int`.as("alerts"),
            sql<number>`count(*) filter (where status = 'resolved' and merged_into is null)::int`.as(
              "resolvedWeek",
            ),
          ])
          .where("org_id", "=", organizationId)
          .where((where) =>
            where.or([
              where("status", "=", "open"),
              where("resolved_at", ">", new Date(now.getTime() - weekMs)),
            ]),
          )
          .executeTakeFirstOrThrow();
        const { silences } = await tx
          .selectFrom("silences")
          .select((of) => of.fn.countAll<number>().as("silences"))
          .where("org_id", "=", organizationId)
          .where("ended_at", "is", null)
          .where("ends_at", ">", now)
          .executeTakeFirstOrThrow();
        const pending = await tx
          .selectFrom("alert_instances")
          .selectAll()
          .where("org_id", "=", organizationId)
          .where("state", "=", "pending")
          .orderBy("since")
          .limit(mostPending)
          .execute();
        return {
          ...counts,
          silences,
          pending: pending.map((row) => alertViewOf(row, rules.get(row.rule_key)?.forMs ?? null)),
          evaluatedAt,
        };
      });
    },

    detail: (organization: OrganizationKey, number: number, mayReadActs: boolean) =>
      detailOf(organization, number, mayReadActs),

    /** What is open, and what began or ended in a time. */
    handover: (organizationId: string, { from, to }: { from: string; to: string }) =>
      database.asOrganizations([organizationId], async (tx) => {
        const all = tx.selectFrom("incidents").selectAll().where("org_id", "=", organizationId);
        const open = await all
          .where("status", "=", "open")
          .orderBy("started_at", "desc")
          .limit(200)
          .execute();
        const happened = await all
          .where("merged_into", "is", null)
          .where((where) =>
            where.or([
              where.and([where("started_at", ">=", new Date(from)), where("started_at", "<", new Date(to))]),
              where.and([
                where("resolved_at", ">=", new Date(from)),
                where("resolved_at", "<", new Date(to)),
              ]),
            ]),
          )
          .orderBy("started_at", "desc")
          .limit(100)
          .execute();
        const notes = await tx
          .selectFrom("incident_entries")
          .innerJoin("incidents", "incidents.id", "incident_entries.incident_id")
          .select([
            "incident_entries.id",
            "incident_entries.org_id",
            "incident_entries.incident_id",
            "incident_entries.at",
            "incident_entries.kind",
            "incident_entries.text",
            "incident_entries.by",
            "incidents.number",
          ])
          .where("incident_entries.org_id", "=", organizationId)
          .where("incident_entries.kind", "=", "note")
          .where("incident_entries.at", ">=", new Date(from))
          .where("incident_entries.at", "<", new Date(to))
          .orderBy("incident_entries.at", "desc")
          .limit(100)
          .execute();
        return {
          open: await rowsOf(tx, open),
          happened: await rowsOf(tx, happened),
          notes: notes.map((note) => Object.assign(entryOf(note), { number: note.number })),
        };
      }),
  };
}
export type IncidentReading = ReturnType<typeof createIncidentReading>;
