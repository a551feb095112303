import type { OnCall, OnCallPerson } from "@wheelhouse/shared/alerts/routing.ts";
import { DateTime } from "luxon";
import type { Database } from "#lib/postgres/postgres.ts";
import type { Clock } from "#lib/time/clock.ts";
import { gapWithin, readinessOf, shiftOf } from "./readiness.ts";
import { handoversIn, stretchesOf } from "./rota.ts";
import { readStanding, type Standing, type StandingTeam } from "./standing.ts";
import { calledByStep } from "./targets.ts";
import { type Person, problemOf, usableWays, waysOf } from "./ways.ts";

type OnCallDeps = { database: Database; sendsMail: boolean; clock: Clock };

const daysShown = 14;
const dayMs = 24 * 3_600_000;
const mostMembers = 500;

/** Who is on call, and whether it would work. Read by the system role: those of parent organizations can be called, too. */
export function createOnCall({ database, sendsMail, clock }: OnCallDeps) {
  const viewOf = (standing: Standing, team: StandingTeam, fromMs: number, toMs: number) => {
    const nowMs = clock.now();
    const shifts = team.layers.map((_, layer) =>
      stretchesOf(team, team.overrides, layer, fromMs, toMs).map((stretch) => shiftOf(standing, stretch)),
    );
    const { overrides, ...rest } = team;
    return {
      team: rest,
      shifts,
      overrides: overrides.map((each) => ({
        id: each.id,
        layer: each.layer,
        userId: each.userId,
        startsAt: new Date(each.startsMs).toISOString(),
        endsAt: new Date(each.endsMs).toISOString(),
        reason: each.reason,
        createdBy: each.by,
      })),
      handovers: handoversIn(team, fromMs, toMs).map(({ atMs, local }) => ({
        at: new Date(atMs).toISOString(),
        local,
      })),
      steps: team.steps.map((_, at) => stepOf(standing, team, at, nowMs)),
      now: calledByStep(standing, team, 0, nowMs).people[0]?.name ?? null,
    };
  };

  return {
    async read(organizationId: string): Promise<OnCall> {
      const nowMs = clock.now();
      const fromMs = DateTime.fromMillis(nowMs, { zone: "utc" }).startOf("week").toMillis();
      const toMs = fromMs + daysShown * dayMs;
      const standing = await readStanding(database.system, organizationId, { sendsMail, sinceMs: fromMs });
      const teams = standing.teams.map((team) => viewOf(standing, team, fromMs, toMs));
      // What is over no longer matters.
      const ahead = teams.map(({ team, shifts }): [string, typeof shifts] => [
        team.id,
        shifts.map((layer) => layer.filter(({ to }) => Date.parse(to) > nowMs)),
      ]);
      return {
        checkedAt: new Date(nowMs).toISOString(),
        from: new Date(fromMs).toISOString(),
        to: new Date(toMs).toISOString(),
        teams,
        gaps: readinessOf(standing, new Map(ahead), nowMs),
        people: peopleOf(standing).map(personView),
        members: [...standing.people.values()]
          .map(({ userId, name }) => ({ userId, name }))
          .sort((a, b) => a.name.localeCompare(b.name))
          .slice(0, mostMembers),
      };
    },
  };
}

function stepOf(standing: Standing, team: StandingTeam, at: number, nowMs: number) {
  const { people, channels } = calledByStep(standing, team, at, nowMs);
  const names = [...people.map(({ name }) => name), ...channels.map(({ name }) => name)];
  const ways = people.flatMap((person) => waysOf(person, "critical", nowMs));
  const gaps = people.flatMap((person) => gapWithin(person, nowMs, nowMs + 60_000) ?? []);
  const kinds = (team.steps[at]?.targets ?? []).map((target) => {
    if (target.kind === "rota") return `Rota, layer ${target.layer + 1}`;
    if (target.kind === "role") return `Role ${target.role}`;
    return target.kind === "person" ? "Person" : "Channel";
  });
  return {
    who: [...new Set(kinds)].join(" and "),
    detail: names.slice(0, 5).join(", ") + (names.length > 5 ? ` and ${names.length - 5} more` : ""),
    channels: ways.filter(({ kind }) => kind !== "bell").length + channels.length,
    gap:
      names.length === 0
        ? "leads to nobody"
        : gaps.length === people.length && channels.length === 0
          ? (gaps[0]?.short ?? null)
          : null,
  };
}

/** Everyone on a rota, an override or a step, by name. */
function peopleOf({ teams, people }: Standing): Person[] {
  const ids = teams.flatMap(({ layers, steps, overrides }) => [
    ...layers.flat(),
    ...overrides.map(({ userId }) => userId),
    ...steps.flatMap(({ targets }) =>
      targets.flatMap((target) => {
        if (target.kind === "person") return [target.userId];
        if (target.kind !== "role") return [];
        return [...people.values()].filter(({ role }) => role === target.role).map(({ userId }) => userId);
      }),
    ),
  ]);
  return [...new Set(ids)]
    .flatMap((id) => people.get(id) ?? [])
    .sort((a, b) => a.name.localeCompare(b.name))
    .slice(0, mostMembers);
}

const personView = (person: Person): OnCallPerson => {
  const tested = person.contacts.flatMap(({ testedAt }) => (testedAt ? [testedAt.getTime()] : []));
  return {
    userId: person.userId,
    name: person.name,
    criticalDay: usableWays(person, person.rules.critical.day),
    criticalNight: usableWays(person, person.rules.critical.night),
    warning: usableWays(person, person.rules.warning.day),
    testedAt: tested.length === 0 ? null : new Date(Math.max(...tested)).toISOString(),
    problem: problemOf(person),
  };
};
