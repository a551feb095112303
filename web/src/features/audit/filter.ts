import type { AuditEvent } from "@wheelhouse/shared/audit/audit.ts";
import { type AuditNotName, auditNotNames } from "@wheelhouse/shared/audit/filter.ts";
import { type AuditSearch, setNames } from "./search.ts";
import { slotAt } from "./slots.ts";

export type AuditFilter = Omit<AuditSearch, "event" | "review">;

const joined = (values: readonly string[] | undefined) =>
  values === undefined || values.length === 0 ? undefined : values.join(",");

/** API query for a filter: lists joined by commas, unset filters omitted. */
export const auditQuery = (filter: AuditFilter): Record<string, string> =>
  Object.fromEntries(
    Object.entries({
      actor: joined(filter.actor),
      action: joined(filter.action),
      class: joined(filter.class),
      target: filter.target,
      outcome: joined(filter.outcome),
      slot: joined(filter.slot),
      not: joined(setNames(filter.not, filter)),
      from: filter.from,
      to: filter.to,
      q: filter.q,
    }).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );

/** A saved view keeps everything except the time range. */
export const storedFilter = ({
  actor,
  action,
  class: classes,
  target,
  outcome,
  slot,
  not,
  q,
}: AuditFilter) => ({
  actor,
  action,
  class: classes,
  target,
  outcome,
  slot,
  not,
  q,
});

export const auditFilterCount = (filter: AuditFilter): number =>
  [
    filter.actor,
    filter.action,
    filter.class,
    filter.target,
    filter.outcome,
    filter.slot,
    filter.from ?? filter.to,
    filter.q,
  ].filter((value) => value !== undefined).length;

const wordsOf = (text: string | null): string[] =>
  (text ?? "")
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== "");

/**
 * Whether a pushed event belongs to the list. Text is compared only with what a row shows; the server searches
 * more fields.
 */
export const matchesAudit = (filter: AuditFilter, event: AuditEvent): boolean => {
  const recordedMs = Date.parse(event.recordedAt);
  if (filter.from !== undefined && recordedMs < Date.parse(filter.from)) return false;
  if (filter.to !== undefined && recordedMs >= Date.parse(filter.to)) return false;
  const { id, display } = event.actor;
  const { target, not } = filter;
  const matches: Record<AuditNotName, boolean | undefined> = {
    actor: filter.actor?.some((actor) => actor === id || actor === display),
    action: filter.action?.includes(event.action),
    class: filter.class?.includes(event.class),
    target:
      target === undefined
        ? undefined
        : event.targets.some((one) => one.id === target || one.name === target),
    outcome: filter.outcome?.includes(event.outcome),
    slot: filter.slot?.includes(slotAt(recordedMs)),
  };
  if (auditNotNames.some((name) => matches[name] === (not?.includes(name) === true))) return false;
  if (filter.q === undefined) return true;
  const shown = [event.action, display, event.reason, ...event.targets.map(({ name }) => name)].flatMap(
    wordsOf,
  );
  const wanted = wordsOf(filter.q);
  return wanted.length > 0 && wanted.every((part) => shown.some((word) => word.startsWith(part)));
};

/** Newest first, as in the server's key. */
export const newestEventFirst = (a: AuditEvent, b: AuditEvent): number =>
  Date.parse(b.recordedAt) - Date.parse(a.recordedAt) || (a.id < b.id ? 1 : -1);

export const targetName = (event: Pick<AuditEvent, "targets">): string => {
  const [first, ...others] = event.targets;
  if (first === undefined) return "";
  return others.length === 0 ? first.name : `${first.name} and ${others.length} more`;
};

export const outcomeWords: Record<AuditEvent["outcome"], string> = {
  success: "Success",
  denied: "Denied",
  failure: "Failed",
};

export const actorKind: Record<AuditEvent["actor"]["type"], string> = {
  user: "Person",
  token: "API token",
  system: "System",
  anonymous: "Not signed in",
  external: "Reported",
};

export const authMethod: Record<AuditEvent["actor"]["authMethod"], string> = {
  password: "signed in with password",
  oidc: "signed in with OpenID Connect",
  token: "by API token",
  none: "not signed in",
  internal: "by Wheelhouse itself",
  unknown: "sign-in method not reported",
};

/** Number of the newest event that is missing among these of one organization; undefined if none is. */
export const missingEvent = (events: readonly Pick<AuditEvent, "seq">[]): number | undefined => {
  const numbers = events.flatMap(({ seq }) => (seq === null ? [] : [seq])).sort((a, b) => b - a);
  return numbers
    .map((seq) => seq - 1)
    .find((seq, at) => {
      const next = numbers[at + 1];
      return next !== undefined && next < seq;
    });
};
