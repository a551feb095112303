import { type AuditNotName, auditNotNames, auditOutcomes } from "@wheelhouse/shared/audit/filter.ts";
import { type RawBuilder, sql } from "kysely";

export type AuditFilter = {
  actor?: readonly string[] | undefined;
  action?: readonly string[] | undefined;
  class?: readonly string[] | undefined;
  target?: string | undefined;
  outcome?: readonly string[] | undefined;
  /** `4-02`: Thursday, 02:00 to 03:00 UTC. */
  slot?: readonly string[] | undefined;
  /** Filters to negate. */
  not?: readonly AuditNotName[] | undefined;
  from?: string | undefined;
  to?: string | undefined;
  q?: string | undefined;
};

/** Position in a list, newest first: the last row shown. */
export type AuditPlace = { recordedAt: string; id: string };

/**
 * Statement that selects `id` and `recorded_at` of the matching events, newest first, after `place`, at most
 * `limit`, and `content` on request. A single filter walks its own index under row-level security
 * (`wheelhouse.browse_audit`); text, targets and combinations use `wheelhouse.find_audit`.
 */
export function findEvents(
  organizationIds: readonly string[],
  asked: AuditFilter,
  place: AuditPlace | undefined,
  limit: number,
  withContent = false,
): RawBuilder<unknown> {
  const filter = withWantedOutcomes(asked);
  const walked = walkedBy(filter);
  return walked
    ? browsed(organizationIds, filter, walked, { place, limit, withContent })
    : looked(organizationIds, filter, { place, limit, withContent });
}

/**
 * The filter as conditions on a row `e` of audit_events, equivalent to the list, for statements that read a
 * time range anyway. Text uses `find_audit`, limited to that range (`within`, inclusive).
 */
export function rowConditions(
  organizationId: string,
  filter: AuditFilter,
  within: { from: string; to: string },
): RawBuilder<unknown>[] {
  const { actor, action, class: classes, target, outcome, slot, from, to, q } = filter;
  const conditions = [
    sql`e.org_id = ${organizationId}::uuid`,
    ...turned(filter, {
      actor: actor && sql`(e.actor_id = any (${actor}::text[]) or e.actor_display = any (${actor}::text[]))`,
      action: action && sql`e.action = any (${action}::text[])`,
      class: classes && sql`e.class = any (${classes}::text[])`,
      target: target === undefined ? undefined : sql`e.target_keys && ${[target]}::text[]`,
      outcome: outcome && sql`e.outcome = any (${outcome}::text[])`,
      slot: slot && sql`to_char(e.recorded_at at time zone 'UTC', 'ID-HH24') = any (${slot}::text[])`,
    }),
  ];
  if (from) conditions.push(sql`e.recorded_at >= ${from}::timestamptz`);
  if (to) conditions.push(sql`e.recorded_at < ${to}::timestamptz`);
  const asked = { from: within.from, to: new Date(Date.parse(within.to) + 1).toISOString() };
  if (q !== undefined)
    conditions.push(sql`e.id in (select f.id from (${looked([organizationId], { q, ...asked }, all)}) f)`);
  return conditions;
}

/** The conditions of the filters that are set, with `not` applied; null counts as no match. */
export function turned(
  { not }: AuditFilter,
  conditions: Readonly<Partial<Record<AuditNotName, RawBuilder<unknown> | undefined>>>,
): RawBuilder<unknown>[] {
  return auditNotNames.flatMap((name) => {
    const condition = conditions[name];
    if (!condition) return [];
    return [not?.includes(name) ? sql`(${condition}) is not true` : condition];
  });
}

/** The filters that are set, as recorded in the trail. */
export function filterFields(filter: AuditFilter) {
  const fields: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(filter))
    if (value !== undefined) fields[name] = typeof value === "string" ? value : [...value];
  return fields;
}

/** Turns a negated outcome into the other two, which have an index. */
function withWantedOutcomes(filter: AuditFilter): AuditFilter {
  const { outcome, not } = filter;
  if (!outcome || !not?.includes("outcome")) return filter;
  const wanted = auditOutcomes.filter((one) => !outcome.includes(one));
  return wanted.length === 0
    ? filter
    : { ...filter, outcome: wanted, not: not.filter((name) => name !== "outcome") };
}

type Asked = { place: AuditPlace | undefined; limit: number | null; withContent: boolean };
const all: Asked = { place: undefined, limit: null, withContent: false };

type Walked = { column: "actor_id" | "action" | "outcome"; values: readonly string[] } | "newest";

/**
 * The index that serves this filter in list order; undefined if there is none. Distinct values, so that no
 * row appears twice.
 */
function walkedBy(filter: AuditFilter): Walked | undefined {
  const { actor, action, outcome, not } = filter;
  const set = (["actor", "action", "class", "target", "outcome", "slot", "q"] as const).filter(
    (name) => filter[name] !== undefined,
  );
  if (set.length === 0) return "newest";
  if (set.length > 1 || set.some((name) => name !== "q" && not?.includes(name))) return undefined;
  // An actor given by name may have many ids.
  if (actor?.every(isId)) return { column: "actor_id", values: [...new Set(actor)] };
  if (action) return { column: "action", values: [...new Set(action)] };
  if (!outcome) return undefined;
  // Nearly all actions succeed, so scanning the newest finds enough of them.
  return outcome.includes("success") ? "newest" : { column: "outcome", values: [...new Set(outcome)] };
}

function browsed(
  organizationIds: readonly string[],
  { outcome, from, to }: AuditFilter,
  walked: Walked,
  { place, limit, withContent }: Asked,
) {
  const [column, values] = walked === "newest" ? [null, null] : [walked.column, [...walked.values]];
  const outcomes = walked === "newest" && outcome ? [...outcome] : null;
  return sql`
    select id, recorded_at, content from wheelhouse.browse_audit(
      ${[...organizationIds]}::uuid[], ${column}::text, ${values}::text[], ${outcomes}::text[],
      ${from ?? null}::timestamptz, ${to ?? null}::timestamptz, ${place?.recordedAt ?? null}::timestamptz,
      ${place?.id ?? null}::uuid, ${limit}::int, ${withContent}::boolean)`;
}

function looked(
  organizationIds: readonly string[],
  { q, from, to, not, ...lists }: AuditFilter,
  { place, limit, withContent }: Asked,
) {
  const asked = JSON.stringify({
    q,
    from,
    to,
    organizations: organizationIds,
    actors: lists.actor,
    actions: lists.action,
    classes: lists.class,
    outcomes: lists.outcome,
    slots: lists.slot,
    targets: lists.target === undefined ? undefined : [lists.target],
    not: not?.map((name) => listNames[name]),
  });
  return sql`
    select id, recorded_at, content from wheelhouse.find_audit(
      ${asked}::jsonb, ${place?.recordedAt ?? null}::timestamptz, ${place?.id ?? null}::uuid, ${limit}::int,
      ${withContent}::boolean)`;
}

const listNames: Readonly<Record<AuditNotName, string>> = {
  actor: "actors",
  action: "actions",
  class: "classes",
  target: "targets",
  outcome: "outcomes",
  slot: "slots",
};

const isId = (text: string) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);
