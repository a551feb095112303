import type { sharedChannelKind } from "@wheelhouse/shared/alerts/channels.ts";
import type { severity } from "@wheelhouse/shared/alerts/notifications.ts";
import { matcher, personalRules, step, type Team } from "@wheelhouse/shared/alerts/routing.ts";
import { inheritedRoles } from "@wheelhouse/shared/capabilities.ts";
import { type Kysely, type Selectable, sql } from "kysely";
import { z } from "zod";
import type { Tables } from "#database/tables.ts";
import { grouped } from "./grouped.ts";
import type { RotaOverride } from "./rota.ts";
import { defaultPreferences, type Person, type PersonContact } from "./ways.ts";

export type StandingChannel = {
  id: string;
  kind: z.infer<typeof sharedChannelKind>;
  name: string;
  leastSeverity: z.infer<typeof severity>;
  failingSince: Date | null;
  lastError: string | null;
};
export type StandingTeam = Team & { overrides: readonly RotaOverride[] };

/** Everything that decides who is called in an organization, read at one moment. */
export type Standing = {
  organizationId: string;
  /** In the order in which they are asked. */
  teams: readonly StandingTeam[];
  people: ReadonlyMap<string, Person>;
  channels: ReadonlyMap<string, StandingChannel>;
  settings: { throttleLimit: number; throttleMinutes: number; digestMinutes: number; allowsLinks: boolean };
};

const most = { teams: 200, overrides: 1_000, people: 2_000, contacts: 10_000, channels: 500 };
const defaultSettings = {
  throttleLimit: 20,
  throttleMinutes: 10,
  digestMinutes: 15,
  allowsLinks: false,
};

export const teamOf = (row: Selectable<Tables["alert_teams"]>): Team => ({
  id: row.id,
  position: row.position,
  version: row.version,
  name: row.name,
  matchers: z.array(matcher).parse(row.matchers),
  timeZone: row.time_zone,
  handoverDay: row.handover_day,
  handoverTime: row.handover_time,
  rotaFrom: row.rota_from,
  layers: z.array(z.array(z.string())).parse(row.layers),
  steps: z.array(step).parse(row.steps),
  repeats: row.repeats,
});

type PersonRow = { id: string; name: string; email: string; role: string };

/** Members, and those of parent organizations whose role holds here. */
async function membersOf(db: Kysely<Tables>, organizationId: string): Promise<PersonRow[]> {
  const { rows } = await sql<PersonRow>`
    with recursive up as (
      select id, parent_id from organizations where id = ${organizationId}::uuid
      union all select o.id, o.parent_id from organizations o join up on o.id = up.parent_id
    )
    select distinct on (u.id) u.id, u.name, u.email, m.role
    from up join memberships m on m.org_id = up.id join users u on u.id = m.user_id
    where u.disabled_at is null
      and (m.org_id = ${organizationId}::uuid or m.role = any (${[...inheritedRoles]}::text[]))
    order by u.id, (m.org_id = ${organizationId}::uuid) desc
    limit ${most.people}
  `.execute(db);
  return rows;
}

const inNight = (row: Selectable<Tables["alert_people"]> | undefined) => ({
  timeZone: row?.time_zone ?? defaultPreferences.timeZone,
  nightFrom: row?.night_from ?? defaultPreferences.nightFrom,
  nightTo: row?.night_to ?? defaultPreferences.nightTo,
  rules: personalRules.safeParse(row?.rules).data ?? defaultPreferences.rules,
});

async function peopleOf(db: Kysely<Tables>, organizationId: string, sendsMail: boolean) {
  const members = await membersOf(db, organizationId);
  const chosen = await db
    .selectFrom("alert_people")
    .selectAll()
    .where("org_id", "=", organizationId)
    .limit(most.people)
    .execute();
  const contacts = await db
    .selectFrom("alert_contacts")
    .select(["id", "user_id", "kind", "name", "expired_at", "failing_since", "last_error", "tested_at"])
    .where("org_id", "=", organizationId)
    .orderBy("id")
    .limit(most.contacts)
    .execute();
  const choices = new Map(chosen.map((row) => [row.user_id, row]));
  const own = grouped(contacts, ({ user_id }) => user_id);
  return new Map(
    members.map(({ id, name, email, role }): [string, Person] => [
      id,
      {
        userId: id,
        name,
        email: sendsMail ? email : null,
        role,
        ...inNight(choices.get(id)),
        contacts: (own.get(id) ?? []).map(contactOf),
      },
    ]),
  );
}

const contactOf = (row: {
  id: string;
  kind: PersonContact["kind"];
  name: string;
  expired_at: Date | null;
  failing_since: Date | null;
  last_error: string | null;
  tested_at: Date | null;
}): PersonContact => ({
  id: row.id,
  kind: row.kind,
  name: row.name,
  expiredAt: row.expired_at,
  failingSince: row.failing_since,
  lastError: row.last_error,
  testedAt: row.tested_at,
});

async function teamsOf(db: Kysely<Tables>, organizationId: string, sinceMs: number): Promise<StandingTeam[]> {
  const rows = await db
    .selectFrom("alert_teams")
    .selectAll()
    .where("org_id", "=", organizationId)
    .orderBy("position")
    .orderBy("id")
    .limit(most.teams)
    .execute();
  const overrides = await db
    .selectFrom("alert_overrides")
    .selectAll()
    .where("org_id", "=", organizationId)
    .where("ends_at", ">", new Date(sinceMs))
    .orderBy("id")
    .limit(most.overrides)
    .execute();
  const byTeam = grouped(overrides, ({ team_id }) => team_id);
  return rows.map((row) => ({
    ...teamOf(row),
    overrides: (byTeam.get(row.id) ?? []).map((each) => ({
      id: each.id,
      layer: each.layer,
      userId: each.user_id,
      startsMs: each.starts_at.getTime(),
      endsMs: each.ends_at.getTime(),
      reason: each.reason,
      by: each.created_by,
    })),
  }));
}

/** Reads who is called in one organization. @param sinceMs overrides that ended before are left out. */
export async function readStanding(
  db: Kysely<Tables>,
  organizationId: string,
  { sendsMail, sinceMs }: { sendsMail: boolean; sinceMs: number },
): Promise<Standing> {
  const teams = await teamsOf(db, organizationId, sinceMs);
  const people = await peopleOf(db, organizationId, sendsMail);
  const channels = await db
    .selectFrom("alert_channels")
    .select(["id", "kind", "name", "least_severity", "failing_since", "last_error"])
    .where("org_id", "=", organizationId)
    .orderBy("name")
    .limit(most.channels)
    .execute();
  const settings = await db
    .selectFrom("alert_settings")
    .select(["throttle_limit", "throttle_minutes", "digest_minutes", "allows_links"])
    .where("org_id", "=", organizationId)
    .executeTakeFirst();
  return {
    organizationId,
    teams,
    people,
    channels: new Map(
      channels.map((row) => [
        row.id,
        {
          id: row.id,
          kind: row.kind,
          name: row.name,
          leastSeverity: row.least_severity,
          failingSince: row.failing_since,
          lastError: row.last_error,
        },
      ]),
    ),
    settings: settings
      ? {
          throttleLimit: settings.throttle_limit,
          throttleMinutes: settings.throttle_minutes,
          digestMinutes: settings.digest_minutes,
          allowsLinks: settings.allows_links,
        }
      : defaultSettings,
  };
}
