import type { EndpointParsed } from "@wheelhouse/shared/endpoint.ts";
import type { ServiceRow } from "@wheelhouse/shared/health/health.ts";
import {
  createMaintenance,
  endMaintenance,
  listMaintenance,
  type MaintenanceWindow,
} from "@wheelhouse/shared/health/maintenance.ts";
import type { FastifyInstance } from "fastify";
import type { Selectable } from "kysely";
import type { Tables } from "#database/tables.ts";
import type { Changes } from "#lib/change.ts";
import { AppError, invalidField, notFound } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import { route } from "#lib/http/route.ts";
import type { Database } from "#lib/postgres/postgres.ts";
import type { Clock } from "#lib/time/clock.ts";
import type { OrganizationKey } from "#observe/aspect.ts";
import { createProbe } from "#observe/targets/targets.ts";

const readEveryMs = 2_000;
const dayMs = 24 * 60 * 60_000;
const longestMs = 30 * dayMs;
const earliestMs = 90 * dayMs;
const listedMs = 30 * dayMs;
const mostListed = 200;
const mostOpen = 200;
const mostActive = 5_000;

const viewOf = (row: Selectable<Tables["maintenance_windows"]>): MaintenanceWindow => ({
  id: row.id,
  services: row.services,
  reason: row.reason,
  createdBy: row.created_by,
  startsAt: row.starts_at.toISOString(),
  endsAt: row.ends_at.toISOString(),
  createdAt: row.created_at.toISOString(),
  endedAt: row.ended_at?.toISOString() ?? null,
});

/**
 * Maintenance windows: created, listed and ended through the API, and read every two seconds by the
 * collector. While Postgres is unavailable, the windows read last stay in effect until they end.
 */
export function createMaintenanceWindows(deps: { database: Database; changes: Changes; clock: Clock }) {
  const { database, changes, clock } = deps;

  const active = createProbe(
    async () => {
      const rows = await database.system
        .selectFrom("maintenance_windows")
        .innerJoin("organizations", "organizations.id", "maintenance_windows.org_id")
        .select(["organizations.slug", "services", "starts_at", "ends_at", "reason"])
        .where("ended_at", "is", null)
        .where("ends_at", ">", new Date(clock.now()))
        // If two windows overlap, the one that ends later wins.
        .orderBy("ends_at")
        .limit(mostActive)
        .execute();
      return rows.map(({ slug, services, starts_at, ends_at, reason }) => ({
        slug,
        services,
        reason,
        startsMs: starts_at.getTime(),
        endsMs: ends_at.getTime(),
      }));
    },
    { clock, everyMs: readEveryMs },
  );

  const create = async (
    body: EndpointParsed<typeof createMaintenance>["body"],
    watched: ReadonlySet<string>,
    context: RequestContext,
  ): Promise<MaintenanceWindow> => {
    const nowMs = clock.now();
    const startsAt = new Date(body.startsAt ?? nowMs);
    const endsAt = new Date(body.endsAt);
    const services = [...new Set(body.services)];
    if (startsAt.getTime() > nowMs + earliestMs)
      throw invalidField("body.startsAt", "must be within the next 90 days");
    if (endsAt <= startsAt) throw invalidField("body.endsAt", "must be after the start");
    if (endsAt.getTime() <= nowMs) throw invalidField("body.endsAt", "must be in the future");
    if (endsAt.getTime() - startsAt.getTime() > longestMs)
      throw invalidField("body.endsAt", "must be within 30 days of the start");
    const unknown = services.findIndex((id) => !watched.has(id));
    if (unknown >= 0) throw invalidField(`body.services.${unknown}`, "is not watched in this organization");
    return changes.run(context, createMaintenance.action, async (tx) => {
      const { open } = await tx
        .selectFrom("maintenance_windows")
        .select((of) => of.fn.countAll<number>().as("open"))
        .where("ended_at", "is", null)
        .where("ends_at", ">", new Date(nowMs))
        .executeTakeFirstOrThrow();
      if (open >= mostOpen)
        throw new AppError(
          "conflict",
          `There are already ${mostOpen} open maintenance windows; end some first.`,
        );
      const row = await tx
        .insertInto("maintenance_windows")
        .values({
          org_id: context.organization.id,
          services,
          starts_at: startsAt,
          ends_at: endsAt,
          reason: body.reason,
          created_by: context.actor.display,
        })
        .returningAll()
        .executeTakeFirstOrThrow();
      const result = viewOf(row);
      const { endsAt: until, startsAt: from } = result;
      return { result, audit: { ...auditOf(result), after: { services, from, until }, reason: body.reason } };
    });
  };

  const end = (id: string, context: RequestContext) =>
    changes.run(context, endMaintenance.action, async (tx) => {
      const now = new Date(clock.now());
      const before = await tx
        .selectFrom("maintenance_windows")
        .selectAll()
        .where("id", "=", id)
        .forUpdate()
        .executeTakeFirst();
      if (!before) throw notFound("maintenance window");
      if (before.ended_at !== null || before.ends_at <= now)
        throw new AppError("conflict", "This maintenance window has already ended.");
      await tx.updateTable("maintenance_windows").set({ ended_at: now }).where("id", "=", id).execute();
      const result = viewOf({ ...before, ended_at: now });
      const { endsAt: until, endedAt } = result;
      return { result, audit: { ...auditOf(result), before: { until }, after: { endedAt } } };
    });

  const list = async (organizationId: string): Promise<MaintenanceWindow[]> => {
    const rows = await database.asOrganizations([organizationId], (tx) =>
      tx
        .selectFrom("maintenance_windows")
        .selectAll()
        .where("org_id", "=", organizationId)
        .where("ends_at", ">", new Date(clock.now() - listedMs))
        .orderBy("starts_at", "desc")
        .orderBy("id", "desc")
        .limit(mostListed)
        .execute(),
    );
    return rows.map(viewOf);
  };

  return {
    /** Current and upcoming windows of a service, earliest first. @throws when Postgres is unavailable. */
    async comingOf(organizationId: string, service: string): Promise<MaintenanceWindow[]> {
      const now = new Date(clock.now()).toISOString();
      return (await list(organizationId))
        .filter(
          ({ services, endsAt, endedAt }) => services.includes(service) && endedAt === null && endsAt > now,
        )
        .reverse();
    },
    /** Starts a read when one is due, without waiting. */
    poke: () => void active.poke(),
    /** The current maintenance of a service; null without one. */
    activeOf(organization: string, service: string, nowMs: number): ServiceRow["maintenance"] {
      const going = active
        .latest()
        ?.value.findLast(
          ({ slug, services, startsMs, endsMs }) =>
            slug === organization && startsMs <= nowMs && nowMs < endsMs && services.includes(service),
        );
      return going ? { until: new Date(going.endsMs).toISOString(), reason: going.reason } : null;
    },
    /** @param watchedIn ids of the watched services and servers of an organization. */
    routes(app: FastifyInstance, watchedIn: (organization: OrganizationKey) => ReadonlySet<string>) {
      route(app, listMaintenance, async (_input, { organization }) => ({
        items: await list(organization.id),
        nextCursor: null,
      }));
      route(app, createMaintenance, ({ body }, context) =>
        create(body, watchedIn(context.organization), context),
      );
      route(app, endMaintenance, ({ params }, context) => end(params.id, context));
    },
  };
}

const auditOf = ({ id, services }: MaintenanceWindow) => ({
  targets: [{ type: "maintenance", id, name: services.join(", ").slice(0, 200) }],
});
