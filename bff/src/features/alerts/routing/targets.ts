import { type Severity, severities } from "@wheelhouse/shared/alerts/notifications.ts";
import type { Matcher, StepTarget } from "@wheelhouse/shared/alerts/routing.ts";
import { capabilitiesOf, roles } from "@wheelhouse/shared/capabilities.ts";
import { onCallAt } from "./rota.ts";
import type { Standing, StandingChannel, StandingTeam } from "./standing.ts";
import type { Person } from "./ways.ts";

export type Called = { people: Person[]; channels: StandingChannel[] };

const fits = ({ label, value }: Matcher, labels: Readonly<Record<string, string>>) => {
  const given = labels[label];
  if (given === undefined) return false;
  return value.endsWith("*") ? given.startsWith(value.slice(0, -1)) : given === value;
};

/** The first team whose labels match; null when there is none. */
export const teamFor = ({ teams }: Standing, labels: Readonly<Record<string, string>>): StandingTeam | null =>
  teams.find(({ matchers }) => matchers.every((matcher) => fits(matcher, labels))) ?? null;

export const sendsAt = ({ leastSeverity }: StandingChannel, severity: Severity) =>
  severities.indexOf(severity) <= severities.indexOf(leastSeverity);

const mayAct = ({ role }: Person) => {
  const held = roles.find((each) => each === role);
  return held !== undefined && capabilitiesOf[held].includes("alerts:act");
};

/** Everyone who may act on incidents, and every channel, for an organization whose teams do not take an incident. */
export const everyone = ({ people, channels }: Standing): Called => ({
  people: [...people.values()].filter(mayAct),
  channels: [...channels.values()],
});

/** Whom one target of a step means at a moment. */
export function calledBy(standing: Standing, team: StandingTeam, target: StepTarget, atMs: number): Called {
  const { people, channels } = standing;
  const one = (userId: string | null): Called => {
    const person = userId === null ? undefined : people.get(userId);
    return { people: person ? [person] : [], channels: [] };
  };
  if (target.kind === "rota") return one(onCallAt(team, team.overrides, target.layer, atMs));
  if (target.kind === "person") return one(target.userId);
  if (target.kind === "role")
    return { people: [...people.values()].filter(({ role }) => role === target.role), channels: [] };
  const channel = channels.get(target.channelId);
  return { people: [], channels: channel ? [channel] : [] };
}

/** Everyone whom a step calls at a moment, each once. */
export function calledByStep(standing: Standing, team: StandingTeam, at: number, atMs: number): Called {
  const all = (team.steps[at]?.targets ?? []).map((target) => calledBy(standing, team, target, atMs));
  return {
    people: [...new Set(all.flatMap(({ people }) => people))],
    channels: [...new Set(all.flatMap(({ channels }) => channels))],
  };
}

const minuteMs = 60_000;
const repeatMinutes = 15;

/** What follows a step: the next one, or the first again. Null when nothing is left. */
export function nextStep(
  { steps, repeats }: StandingTeam,
  { step, round }: { step: number; round: number },
): { step: number; round: number; waitMs: number } | null {
  const now = steps[step]?.afterMinutes ?? 0;
  const next = steps[step + 1];
  if (next) return { step: step + 1, round, waitMs: Math.max(0, next.afterMinutes - now) * minuteMs };
  if (round >= repeats) return null;
  const before = steps[step - 1]?.afterMinutes ?? now - repeatMinutes;
  return { step: 0, round: round + 1, waitMs: Math.max(1, now - before) * minuteMs };
}
