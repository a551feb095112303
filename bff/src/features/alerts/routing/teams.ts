import type { createOverride, Override, Team, TeamDefinition } from "@wheelhouse/shared/alerts/routing.ts";
import type { EndpointParsed } from "@wheelhouse/shared/endpoint.ts";
import { type Selectable, sql, type Transaction } from "kysely";
import type { Tables } from "#database/tables.ts";
import type { AuditFields, Changes } from "#lib/change.ts";
import { AppError, invalidField, notFound } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import type { Clock } from "#lib/time/clock.ts";
import { teamOf } from "./standing.ts";

const mostTeams = 50;
const mostOverrides = 500;
const longestOverrideMs = 90 * 24 * 3_600_000;

const nameTaken = (error: unknown): never => {
  if (error instanceof Error && "code" in error && error.code === "23505")
    throw new AppError("conflict", "There is already a team of this name.", {
      details: [{ field: "body.name", message: "is already taken" }],
      cause: error,
    });
  throw error;
};

const rowOf = (body: TeamDefinition) => ({
  name: body.name,
  matchers: JSON.stringify(body.matchers),
  time_zone: body.timeZone,
  handover_day: body.handoverDay,
  handover_time: body.handoverTime,
  rota_from: body.rotaFrom,
  layers: JSON.stringify(body.layers),
  steps: JSON.stringify(body.steps),
  repeats: body.repeats,
});

const auditOf = (team: TeamDefinition): AuditFields => ({
  name: team.name,
  matchers: team.matchers.map(({ label, value }) => `${label}=${value}`),
  timeZone: team.timeZone,
  handover: `${team.handoverDay} ${team.handoverTime}`,
  layers: team.layers.map((people) => people.join(", ")),
  steps: team.steps.map(
    ({ afterMinutes, targets }) => `${afterMinutes} m: ${targets.map(nameOf).join(", ")}`,
  ),
  // An attempt that was refused keeps its own repeats under that name.
  rounds: team.repeats,
});

const nameOf = (target: TeamDefinition["steps"][number]["targets"][number]) => {
  if (target.kind === "rota") return `rota ${target.layer + 1}`;
  if (target.kind === "person") return `person ${target.userId}`;
  return target.kind === "role" ? `role ${target.role}` : `channel ${target.channelId}`;
};

const targetsOf = ({ id, name }: { id: string; name: string }) => [{ type: "alert-team", id, name }];

const overrideView = (row: Selectable<Tables["alert_overrides"]>): Override => ({
  id: row.id,
  layer: row.layer,
  userId: row.user_id,
  startsAt: row.starts_at.toISOString(),
  endsAt: row.ends_at.toISOString(),
  reason: row.reason,
  createdBy: row.created_by,
});

function assertSteps({ steps, layers }: TeamDefinition) {
  for (const [at, step] of steps.entries()) {
    const before = steps[at - 1];
    if (at === 0 && step.afterMinutes !== 0)
      throw invalidField("body.steps.0.afterMinutes", "must be 0: the first step begins at once");
    if (before && step.afterMinutes <= before.afterMinutes)
      throw invalidField(`body.steps.${at}.afterMinutes`, "must be later than the step before");
    for (const [index, target] of step.targets.entries())
      if (target.kind === "rota" && target.layer >= layers.length)
        throw invalidField(`body.steps.${at}.targets.${index}.layer`, "is not a layer of the rota");
  }
}

/** Teams with rota and escalation, and overrides of a rota. */
export function createTeams({ changes, clock }: { changes: Changes; clock: Clock }) {
  async function lock(tx: Transaction<Tables>, organizationId: string, id: string): Promise<Team> {
    const row = await tx
      .selectFrom("alert_teams")
      .selectAll()
      .where("org_id", "=", organizationId)
      .where("id", "=", id)
      .forUpdate()
      .executeTakeFirst();
    if (!row) throw notFound("team");
    return teamOf(row);
  }

  /** @throws 400 for somebody whom this organization does not know. */
  async function assertPeople(tx: Transaction<Tables>, team: TeamDefinition) {
    const named = [
      ...team.layers.flatMap((people, layer) =>
        people.map((id, at) => ({ id, field: `body.layers.${layer}.${at}` })),
      ),
      ...team.steps.flatMap(({ targets }, step) =>
        targets.flatMap((target, at) =>
          target.kind === "person"
            ? [{ id: target.userId, field: `body.steps.${step}.targets.${at}.userId` }]
            : [],
        ),
      ),
    ];
    if (named.length === 0) return;
    const known = await knownAmong(
      tx,
      named.map(({ id }) => id),
    );
    const unknown = named.find(({ id }) => !known.has(id));
    if (unknown) throw invalidField(unknown.field, "is not a member of this organization");
  }

  /** People whom the transaction's organization sees; others do not exist for it. */
  async function knownAmong(tx: Transaction<Tables>, ids: readonly string[]): Promise<Map<string, string>> {
    const rows = await tx
      .selectFrom("users")
      .select(["id", "name"])
      .where("id", "in", [...ids])
      .execute();
    return new Map(rows.map(({ id, name }) => [id, name]));
  }

  async function assertChannels(tx: Transaction<Tables>, organizationId: string, team: TeamDefinition) {
    const ids = team.steps.flatMap(({ targets }) =>
      targets.flatMap((target) => (target.kind === "channel" ? [target.channelId] : [])),
    );
    if (ids.length === 0) return;
    const rows = await tx
      .selectFrom("alert_channels")
      .select("id")
      .where("org_id", "=", organizationId)
      .where("id", "in", ids)
      .execute();
    if (rows.length < new Set(ids).size)
      throw invalidField("body.steps", "name a channel that this organization does not have");
  }

  async function assertTeam(tx: Transaction<Tables>, organizationId: string, team: TeamDefinition) {
    assertSteps(team);
    await assertPeople(tx, team);
    await assertChannels(tx, organizationId, team);
  }

  return {
    create: (body: TeamDefinition, context: RequestContext): Promise<Team> =>
      changes.run(context, "alerts.team.create", async (tx) => {
        const { id: organizationId } = context.organization;
        await assertTeam(tx, organizationId, body);
        const { count, position } = await tx
          .selectFrom("alert_teams")
          .select([
            sql<number>`count(*)::int`.as("count"),
            sql<number>`coalesce(max(position), 0) + 1`.as("position"),
          ])
          .where("org_id", "=", organizationId)
          .executeTakeFirstOrThrow();
        if (count >= mostTeams)
          throw new AppError("conflict", `An organization has at most ${mostTeams} teams.`);
        const row = await tx
          .insertInto("alert_teams")
          .values({ org_id: organizationId, position, ...rowOf(body) })
          .returningAll()
          .executeTakeFirstOrThrow()
          .catch(nameTaken);
        const result = teamOf(row);
        return { result, audit: { targets: targetsOf(result), before: null, after: auditOf(result) } };
      }),

    update: (
      id: string,
      body: TeamDefinition & { version: number },
      context: RequestContext,
    ): Promise<Team> =>
      changes.run(context, "alerts.team.update", async (tx) => {
        const { id: organizationId } = context.organization;
        const before = await lock(tx, organizationId, id);
        if (before.version !== body.version)
          throw new AppError("conflict", "Somebody else has changed this team. Reload the page.");
        await assertTeam(tx, organizationId, body);
        const row = await tx
          .updateTable("alert_teams")
          .set({ ...rowOf(body), version: body.version + 1 })
          .where("id", "=", id)
          .returningAll()
          .executeTakeFirstOrThrow()
          .catch(nameTaken);
        const result = teamOf(row);
        return {
          result,
          audit: { targets: targetsOf(result), before: auditOf(before), after: auditOf(result) },
        };
      }),

    remove: (id: string, context: RequestContext) =>
      changes.run(context, "alerts.team.delete", async (tx) => {
        const before = await lock(tx, context.organization.id, id);
        await tx.deleteFrom("alert_teams").where("id", "=", id).execute();
        return { result: null, audit: { targets: targetsOf(before), before: auditOf(before), after: null } };
      }),

    override: (
      id: string,
      body: EndpointParsed<typeof createOverride>["body"],
      context: RequestContext,
    ): Promise<Override> => {
      const startsAt = new Date(body.startsAt);
      const endsAt = new Date(body.endsAt);
      if (endsAt <= startsAt) throw invalidField("body.endsAt", "must be after the start");
      if (endsAt.getTime() <= clock.now()) throw invalidField("body.endsAt", "must be in the future");
      if (endsAt.getTime() - startsAt.getTime() > longestOverrideMs)
        throw invalidField("body.endsAt", "must be within 90 days of the start");
      return changes.run(context, "alerts.override.create", async (tx) => {
        const { id: organizationId } = context.organization;
        const team = await lock(tx, organizationId, id);
        if (body.layer >= team.layers.length) throw invalidField("body.layer", "is not a layer of the rota");
        const person = (await knownAmong(tx, [body.userId])).get(body.userId);
        if (person === undefined) throw invalidField("body.userId", "is not a member of this organization");
        const { open } = await tx
          .selectFrom("alert_overrides")
          .select((eb) => eb.fn.countAll<number>().as("open"))
          .where("org_id", "=", organizationId)
          .where("ends_at", ">", new Date(clock.now()))
          .executeTakeFirstOrThrow();
        if (open >= mostOverrides)
          throw new AppError("conflict", `There are ${mostOverrides} overrides already.`);
        const row = await tx
          .insertInto("alert_overrides")
          .values({
            org_id: organizationId,
            team_id: id,
            layer: body.layer,
            user_id: body.userId,
            starts_at: startsAt,
            ends_at: endsAt,
            reason: body.reason ?? null,
            created_by: context.actor.display,
          })
          .returningAll()
          .executeTakeFirstOrThrow();
        const after = { person, layer: body.layer + 1, from: body.startsAt, until: body.endsAt };
        return {
          result: overrideView(row),
          audit: { targets: targetsOf(team), before: null, after, reason: body.reason ?? null },
        };
      });
    },

    removeOverride: (id: string, context: RequestContext) =>
      changes.run(context, "alerts.override.delete", async (tx) => {
        const row = await tx
          .deleteFrom("alert_overrides")
          .where("org_id", "=", context.organization.id)
          .where("id", "=", id)
          .returningAll()
          .executeTakeFirst();
        if (!row) throw notFound("override");
        const team = await lock(tx, context.organization.id, row.team_id);
        const person = (await knownAmong(tx, [row.user_id])).get(row.user_id) ?? row.user_id;
        const before = {
          person,
          layer: row.layer + 1,
          from: row.starts_at.toISOString(),
          until: row.ends_at.toISOString(),
        };
        return { result: null, audit: { targets: targetsOf(team), before, after: null } };
      }),
  };
}
export type Teams = ReturnType<typeof createTeams>;
