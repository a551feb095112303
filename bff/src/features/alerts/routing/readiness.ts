import type { ReadinessGap, Shift } from "@wheelhouse/shared/alerts/routing.ts";
import { grouped } from "./grouped.ts";
import type { Stretch } from "./rota.ts";
import type { Standing, StandingTeam } from "./standing.ts";
import { calledBy } from "./targets.ts";
import { gapOf, isNight, type Person } from "./ways.ts";

const iso = (ms: number) => new Date(ms).toISOString();
const hourMs = 3_600_000;

/** Whether a time touches the night of a person. */
function hasNight(person: Person, fromMs: number, toMs: number): boolean {
  if (toMs - fromMs >= 24 * hourMs) return person.nightFrom !== person.nightTo;
  for (let ms = fromMs; ms < toMs; ms += hourMs / 2) if (isNight(person, ms)) return true;
  return false;
}

type Gap = { kind: "not_reachable" | "not_at_night"; short: string; text: string };

/** Why a person could not be called in a time; null if it is possible all along. */
export function gapWithin(person: Person | undefined, fromMs: number, toMs: number): Gap | null {
  const byDay = gapOf(person, "day");
  if (byDay) return { kind: "not_reachable", short: byDay.short, text: byDay.text };
  const atNight = person && hasNight(person, fromMs, toMs) ? gapOf(person, "night") : null;
  return atNight ? { kind: "not_at_night", short: atNight.short, text: atNight.text } : null;
}

export const shiftOf = ({ people }: Standing, stretch: Stretch): Shift => {
  const person = people.get(stretch.userId);
  return {
    from: iso(stretch.fromMs),
    to: iso(stretch.toMs),
    userId: stretch.userId,
    name: person?.name ?? "Former member",
    overrideId: stretch.override?.id ?? null,
    reason: stretch.override?.reason ?? null,
    by: stretch.override?.by ?? null,
    gap: gapWithin(person, stretch.fromMs, stretch.toMs)?.short ?? null,
  };
};

/** Everyone on a rota who could not be called, once, from when it matters. */
function gapsOfRota(
  standing: Standing,
  team: StandingTeam,
  shifts: readonly (readonly Shift[])[],
): ReadinessGap[] {
  return shifts.flatMap((layer, at) =>
    [...grouped(layer, ({ userId }) => userId).values()].flatMap((own): ReadinessGap[] => {
      const first = own.find(({ gap }) => gap !== null);
      if (!first) return [];
      const person = standing.people.get(first.userId);
      const gap = gapWithin(person, Date.parse(first.from), Date.parse(first.to));
      if (!gap) return [];
      return [
        {
          kind: gap.kind,
          title: `${first.name}: ${gap.text}`,
          detail: first.overrideId ? "On call by override" : "On call by the rota",
          where: `${team.name}, layer ${at + 1} of the rota`,
          from: first.from,
          to: first.to,
          teamId: team.id,
          userId: first.userId,
        },
      ];
    }),
  );
}

function gapsOfStep(standing: Standing, team: StandingTeam, at: number, nowMs: number): ReadinessGap[] {
  const { targets = [], afterMinutes = 0 } = team.steps[at] ?? {};
  const where = `${team.name}, step ${at + 1}`;
  const always = { where, from: null, to: null, teamId: team.id };
  const called = targets.map((target) => calledBy(standing, team, target, nowMs));
  const isEmpty = called.every(({ people, channels }) => people.length + channels.length === 0);
  if (isEmpty)
    return [
      {
        ...always,
        kind: "nobody",
        title: `${where}: leads to nobody`,
        detail: `After ${afterMinutes} minutes nobody is called. ${targets.map(missing).join(", ")}`,
        userId: null,
      },
    ];
  const gaps = targets.flatMap((target, index): ReadinessGap[] => {
    if (target.kind === "rota") return [];
    const people = called[index]?.people ?? [];
    if (target.kind === "person" && people.length === 0)
      return [
        {
          ...always,
          kind: "not_reachable",
          title: "A person on this step is no longer a member",
          detail: "The step calls one person less",
          userId: target.userId,
        },
      ];
    return people.flatMap((person) => {
      const gap = gapWithin(person, nowMs, nowMs + 24 * hourMs);
      const kind = gap?.kind;
      return gap && kind
        ? [
            {
              ...always,
              kind,
              title: `${person.name}: ${gap.text}`,
              detail: "Named on the step",
              userId: person.userId,
            },
          ]
        : [];
    });
  });
  return gaps;
}

const missing = (target: StandingTeam["steps"][number]["targets"][number]): string => {
  if (target.kind === "rota") return `Layer ${target.layer + 1} of the rota has nobody`;
  if (target.kind === "role") return `The role “${target.role}” has no member`;
  return target.kind === "person" ? "The person is no longer a member" : "The channel was deleted";
};

const beginOf = ({ from }: ReadinessGap) => (from === null ? 0 : Date.parse(from));

/** A person who cannot be called in several places is named once, with the place that comes first. */
function onePerPerson(gaps: readonly ReadinessGap[]): ReadinessGap[] {
  return [
    ...grouped(gaps, ({ kind, title, userId, where }) => `${kind}:${title}:${userId ?? where}`).values(),
  ].flatMap((same) => {
    const [first, ...others] = same.toSorted((a, b) => beginOf(a) - beginOf(b));
    if (!first) return [];
    const more = new Set(others.map(({ where }) => where).filter((where) => where !== first.where)).size;
    return [more === 0 ? first : { ...first, where: `${first.where}, and ${more} more` }];
  });
}

/** Everything that would keep somebody from being called, worst first. */
export function readinessOf(
  standing: Standing,
  shiftsOf: ReadonlyMap<string, readonly (readonly Shift[])[]>,
  nowMs: number,
): ReadinessGap[] {
  const { teams, channels } = standing;
  const nothing = { from: null, to: null, teamId: null, userId: null };
  const failing = [...channels.values()].flatMap(({ name, failingSince, lastError }): ReadinessGap[] =>
    failingSince === null
      ? []
      : [
          {
            ...nothing,
            kind: "channel_failing",
            title: `${name}: messages are not accepted`,
            detail: lastError ?? "unknown",
            where: "Channel",
            from: failingSince.toISOString(),
          },
        ],
  );
  const catchesAll = teams.some(({ matchers }) => matchers.length === 0);
  const uncaught: ReadinessGap[] = catchesAll
    ? []
    : [
        {
          ...nothing,
          kind: "no_team",
          title: teams.length === 0 ? "There is no team" : "Incidents that match no team have no escalation",
          detail: "They are told once to everybody who may act on alerts, and to every channel",
          where: "All other incidents",
        },
      ];
  const ofTeams = onePerPerson(
    teams.flatMap((team) => [
      ...team.steps.flatMap((_, at) => gapsOfStep(standing, team, at, nowMs)),
      ...gapsOfRota(standing, team, shiftsOf.get(team.id) ?? []),
    ]),
  );
  return [
    ...ofTeams.filter(({ kind }) => kind === "nobody"),
    ...ofTeams.filter(({ kind }) => kind !== "nobody"),
    ...failing,
    ...uncaught,
  ];
}
