import {
  createSilence,
  endSilence,
  type listSilences,
  type Silence,
} from "@wheelhouse/shared/alerts/silences.ts";
import type { EndpointParsed } from "@wheelhouse/shared/endpoint.ts";
import { type Selectable, sql, type Transaction } from "kysely";
import { z } from "zod";
import type { Tables } from "#database/tables.ts";
import type { Core } from "#lib/feature.ts";
import { decodeCursor, encodeCursor } from "#lib/http/cursor.ts";
import { AppError, invalidField, notFound } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import { isInForce, isMatched } from "./matching.ts";

type Row = Selectable<Tables["silences"]>;
type Labelled = { state: string; labels: Record<string, string> };

const dayMs = 86_400_000;
const longestMs = 90 * dayMs;
const mostOpen = 200;
const place = z.object({ at: z.iso.datetime({ offset: true }), id: z.uuid() });

function viewOf(row: Row, alerts: readonly Labelled[], nowMs: number): Silence {
  const times = {
    startsMs: row.starts_at.getTime(),
    endsMs: row.ends_at.getTime(),
    endedMs: row.ended_at?.getTime() ?? null,
  };
  const matched = isInForce(times, nowMs)
    ? alerts.filter(({ labels }) => isMatched(row.matchers, labels))
    : [];
  return {
    id: row.id,
    matchers: row.matchers,
    reason: row.reason,
    startsAt: row.starts_at.toISOString(),
    endsAt: row.ends_at.toISOString(),
    createdBy: row.created_by,
    createdAt: row.created_at.toISOString(),
    endedAt: row.ended_at?.toISOString() ?? null,
    endedBy: row.ended_by,
    firing: matched.filter(({ state }) => state === "firing").length,
    pending: matched.filter(({ state }) => state === "pending").length,
  };
}

const alertsNow = (tx: Transaction<Tables>, organizationId: string) =>
  tx
    .selectFrom("alert_instances")
    .select(["state", "labels"])
    .where("org_id", "=", organizationId)
    .where("state", "!=", "resolved")
    .limit(5_000)
    .execute();

const auditOf = ({ id, matchers }: Pick<Silence, "id" | "matchers">) => {
  const name = matchers.map(({ label, pattern, isNot }) => `${isNot ? "not " : ""}${label}:${pattern}`);
  return { targets: [{ type: "silence", id, name: name.join(" ").slice(0, 200) }], names: name };
};

type SilencesNeeds = Pick<Core, "database" | "changes" | "clock"> & {
  /** Takes back what is pending of incidents that a new silence covers; in its transaction. */
  hold(tx: Transaction<Tables>, organizationId: string): Promise<void>;
};

/** Silences hold notifications of matching alerts until they end; their incidents stay as they are. */
export function createSilences({ database, changes, clock, hold }: SilencesNeeds) {
  return {
    list(organizationId: string, { state, cursor, limit }: EndpointParsed<typeof listSilences>["query"]) {
      const before = decodeCursor(cursor, place);
      const now = new Date(clock.now());
      return database.asOrganizations([organizationId], async (tx) => {
        const open = sql<boolean>`ended_at is null and ends_at > ${now}`;
        let query = tx
          .selectFrom("silences")
          .selectAll()
          .where("org_id", "=", organizationId)
          .where(state === "open" ? open : sql<boolean>`not (${open})`);
        if (before)
          query = query.where(
            sql<boolean>`(created_at, id) < (${before.at}::timestamptz, ${before.id}::uuid)`,
          );
        const rows = await query
          .orderBy("created_at", "desc")
          .orderBy("id", "desc")
          .limit(limit + 1)
          .execute();
        const alerts = await alertsNow(tx, organizationId);
        const items = rows.slice(0, limit).map((row) => viewOf(row, alerts, now.getTime()));
        const last = items.at(-1);
        const nextCursor =
          rows.length > limit && last ? encodeCursor({ at: last.createdAt, id: last.id }) : null;
        return { items, nextCursor };
      });
    },

    create(body: EndpointParsed<typeof createSilence>["body"], context: RequestContext): Promise<Silence> {
      const nowMs = clock.now();
      const startsMs = body.startsAt === undefined ? nowMs : Date.parse(body.startsAt);
      const endsMs = Date.parse(body.endsAt);
      if (endsMs <= startsMs) throw invalidField("body.endsAt", "must be after the start");
      if (endsMs <= nowMs) throw invalidField("body.endsAt", "must be in the future");
      if (endsMs - startsMs > longestMs)
        throw invalidField("body.endsAt", "must be within 90 days of the start");
      const { organization, actor } = context;
      return changes.run(context, createSilence.action, async (tx) => {
        const { open } = await tx
          .selectFrom("silences")
          .select((of) => of.fn.countAll<number>().as("open"))
          .where("org_id", "=", organization.id)
          .where("ended_at", "is", null)
          .where("ends_at", ">", new Date(nowMs))
          .executeTakeFirstOrThrow();
        if (open >= mostOpen)
          throw new AppError("conflict", `There are already ${mostOpen} silences; end some first.`);
        const row = await tx
          .insertInto("silences")
          .values({
            org_id: organization.id,
            matchers: JSON.stringify(body.matchers),
            reason: body.reason,
            starts_at: new Date(startsMs),
            ends_at: new Date(endsMs),
            created_by: actor.display,
          })
          .returningAll()
          .executeTakeFirstOrThrow();
        await hold(tx, organization.id);
        const result = viewOf(row, await alertsNow(tx, organization.id), nowMs);
        const { targets, names } = auditOf(result);
        const { startsAt, endsAt } = result;
        return {
          result,
          audit: { targets, before: null, after: { matchers: names, startsAt, endsAt }, reason: body.reason },
        };
      });
    },

    end(id: string, context: RequestContext): Promise<Silence> {
      const now = new Date(clock.now());
      const { organization, actor } = context;
      return changes.run(context, endSilence.action, async (tx) => {
        const before = await tx
          .selectFrom("silences")
          .selectAll()
          .where("org_id", "=", organization.id)
          .where("id", "=", id)
          .forUpdate()
          .executeTakeFirst();
        if (!before) throw notFound("silence");
        if (before.ended_at !== null || before.ends_at <= now)
          throw new AppError("conflict", "This silence has already ended.");
        const row = await tx
          .updateTable("silences")
          .set({ ended_at: now, ended_by: actor.display })
          .where("id", "=", id)
          .returningAll()
          .executeTakeFirstOrThrow();
        const result = viewOf(row, [], now.getTime());
        const { endsAt, endedAt } = result;
        return {
          result,
          audit: { targets: auditOf(result).targets, before: { endsAt }, after: { endedAt } },
        };
      });
    },
  };
}
export type Silences = ReturnType<typeof createSilences>;
