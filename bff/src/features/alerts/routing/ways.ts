import type { Severity } from "@wheelhouse/shared/alerts/notifications.ts";
import type { PersonalRules, PersonalWay } from "@wheelhouse/shared/alerts/routing.ts";
import { DateTime } from "luxon";

export type PersonContact = {
  id: string;
  kind: "email" | "push" | "pagerduty";
  name: string;
  expiredAt: Date | null;
  failingSince: Date | null;
  lastError: string | null;
  testedAt: Date | null;
};

/** What a person chose, and what there is to reach the person with. */
export type Person = {
  userId: string;
  name: string;
  /** The account's address; null if this installation sends no e-mail. */
  email: string | null;
  role: string;
  timeZone: string;
  nightFrom: string;
  nightTo: string;
  rules: PersonalRules;
  contacts: readonly PersonContact[];
};

export const defaultPreferences = {
  timeZone: "UTC",
  nightFrom: "22:00",
  nightTo: "07:00",
  rules: {
    critical: { day: ["bell", "push", "pagerduty", "email"], night: ["bell", "push", "pagerduty", "email"] },
    warning: { day: ["bell", "email"], night: ["bell"] },
    info: { day: ["bell"], night: ["bell"] },
  } satisfies PersonalRules,
};

/** Whether it is night where the person is. A night that begins and ends at the same time is none. */
export function isNight(
  { timeZone, nightFrom, nightTo }: Pick<Person, "timeZone" | "nightFrom" | "nightTo">,
  atMs: number,
): boolean {
  const time = DateTime.fromMillis(atMs, { zone: timeZone }).toFormat("HH:mm");
  return nightFrom <= nightTo ? time >= nightFrom && time < nightTo : time >= nightFrom || time < nightTo;
}

/** One message to one person: `contact` null for the bell and for the account's own address. */
export type Way = {
  kind: "bell" | "email" | "push" | "pagerduty";
  contact: PersonContact | null;
  isDigest: boolean;
};

const usable = ({ expiredAt }: PersonContact) => expiredAt === null;

function waysOver(person: Person, way: PersonalWay): Way[] {
  if (way === "bell") return [{ kind: "bell", contact: null, isDigest: false }];
  const isDigest = way === "digest";
  const kind = way === "digest" ? "email" : way;
  const own = person.contacts.filter((each) => each.kind === kind && usable(each));
  const found = own.map((contact): Way => ({ kind, contact, isDigest }));
  // Addresses that a person added take the place of the account's own.
  if (kind === "email" && found.length === 0 && person.email !== null)
    return [{ kind: "email", contact: null, isDigest }];
  if (isDigest && found.length === 0) return [{ kind: "bell", contact: null, isDigest: false }];
  return found;
}

const chosen = (person: Person, severity: Severity, atMs: number) =>
  person.rules[severity][isNight(person, atMs) ? "night" : "day"];

/** Over what a person is told. Nothing that is critical stays in the bell alone while there is another way. */
export function waysOf(person: Person, severity: Severity, atMs: number): Way[] {
  const found = [...new Set(chosen(person, severity, atMs))].flatMap((way) => waysOver(person, way));
  const disturbs = found.some(({ kind, isDigest }) => kind !== "bell" && !isDigest);
  if (severity !== "critical" || disturbs) return found;
  return [...found, ...(["push", "pagerduty", "email"] as const).flatMap((way) => waysOver(person, way))];
}

/** What of a choice can be used. */
export const usableWays = (person: Person, ways: readonly PersonalWay[]): PersonalWay[] =>
  ways.filter((way) => way === "bell" || waysOver(person, way).some(({ kind }) => kind !== "bell"));

/**
 * Why a person on call cannot be called; null if it is possible. The bell alone calls nobody, and at night e-mail wakes
 * nobody.
 */
export function gapOf(
  person: Person | undefined,
  when: "day" | "night",
): { short: string; text: string } | null {
  if (!person)
    return { short: "not reachable", text: "is no longer a member, or the account is deactivated" };
  const ways = [...usableWays(person, person.rules.critical[when]), ...waysInNeed(person)];
  if (ways.some((way) => way === "push" || way === "pagerduty")) return null;
  const hasMail = ways.includes("email");
  if (hasMail && when === "day") return null;
  if (hasMail) return { short: "e-mail only", text: "only e-mail at night" };
  const expired = person.contacts.find(({ kind, expiredAt }) => kind === "push" && expiredAt !== null);
  return {
    short: "not reachable",
    text: expired ? "browser push expired, no other channel" : "no channel beside the bell",
  };
}

/** Used although it was not chosen, because nothing that was chosen calls. */
const waysInNeed = (person: Person): PersonalWay[] =>
  (["push", "pagerduty", "email"] as const).filter((way) => waysOver(person, way).length > 0);

/** Why one of the chosen ways for critical incidents cannot be used; null when all can. */
export function problemOf(person: Person): string | null {
  const failing = person.contacts.find(({ failingSince }) => failingSince !== null);
  const expired = person.contacts.find(({ expiredAt }) => expiredAt !== null);
  if (failing) return `${failing.name} fails: ${failing.lastError ?? "unknown"}`;
  return expired ? `${expired.name}: push subscription expired` : null;
}
