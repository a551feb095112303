import { type Annotation, annotationsMax } from "@wheelhouse/shared/history.ts";
import { type Foldable, foldFlaps, stateOfLabel, turnOfLabel } from "@wheelhouse/shared/live/flaps.ts";
import { sql } from "kysely";
import { z } from "zod";
import type { Database } from "#lib/postgres/postgres.ts";
import { rangeOf } from "./series.ts";

/** An audited change, as a line. */
export type ActLine = { id: string; at: string; text: string; by: string };
/** Reads audited changes within a range, newest first; `about`: only those of these ids or names. */
export type ActsBetween = (
  organizationId: string,
  range: { from: string; to: string; about?: readonly string[] | undefined },
  limit: number,
) => Promise<ActLine[]>;
type Thing = { kind: string; id: string; name: string };
/** `callers`: a breaker changes with the service that it belongs to, which only acts and deployments change. */
export type Related = { own: readonly Thing[]; callers: readonly Thing[]; needed: readonly Thing[] };

/** A range is read in this many parts of equal length, so that a busy part leaves the others their lines. */
const parts = 60;
const mostInPart = 100;
const changeRow = z.object({
  id: z.string(),
  at: z.date(),
  kind: z.string(),
  subjectId: z.string().nullable(),
  subject: z.string(),
  to: z.string().nullable(),
  text: z.string(),
  cause: z.string(),
  inPart: z.number(),
});
const deployedRow = z.object({
  id: z.string(),
  at: z.date(),
  service: z.string(),
  version: z.string(),
  by: z.string(),
});

type Item = Foldable & { annotation: Omit<Annotation, "fold"> };

/** Everything that happened within a range, or what concerns one thing, as lines for charts. */
export const createAnnotationsReader =
  ({ database, actsBetween }: { database: Database; actsBetween: ActsBetween }) =>
  /** @param related undefined for everything */
  async (
    organizationId: string,
    range: { from: string; to: string },
    of: { mayReadActs: boolean; related: Related | undefined },
  ): Promise<{ items: Annotation[]; isCut: boolean }> => {
    const { fromMs, toMs } = rangeOf(range);
    const [from, to] = [new Date(fromMs).toISOString(), new Date(toMs).toISOString()];
    const { related, mayReadActs } = of;
    const changed = related && [...related.own, ...related.needed];
    const about = changed && [...changed, ...related.callers].flatMap(({ id, name }) => [id, name]);
    const limit = annotationsMax + 1;
    const [turns, deployments, acts] = await Promise.all([
      changesIn(database, organizationId, { from, to, things: changed }),
      deploymentsIn(database, organizationId, { from, to, about, limit }),
      mayReadActs ? actsBetween(organizationId, { from, to, about }, limit) : [],
    ]);
    const items = foldFlaps([...turns.items, ...deployments, ...acts.map(itemOfAct)]).map(
      ({ last: { annotation }, text, fold }): Annotation => {
        const { id, at, source, by, state, subject } = annotation;
        return { id, at, source, text, by: fold === null ? by : "", state, subject, fold };
      },
    );
    return {
      items: spread(items, { fromMs, toMs }),
      isCut: turns.isCut || items.length > annotationsMax,
    };
  };

/** At most `annotationsMax`, as evenly over the range as they happened: acts and deployments are kept first. */
function spread(items: readonly Annotation[], { fromMs, toMs }: { fromMs: number; toMs: number }) {
  if (items.length <= annotationsMax) return [...items];
  const acts = items.filter(({ source }) => source !== "journal").slice(0, annotationsMax);
  const room = annotationsMax - acts.length;
  const slots = new Map<number, Annotation[]>();
  for (const item of items) {
    if (item.source !== "journal") continue;
    const slot = Math.floor(((Date.parse(item.at) - fromMs) / (toMs - fromMs)) * parts);
    slots.set(slot, [...(slots.get(slot) ?? []), item]);
  }
  const kept: Annotation[] = [];
  for (let round = 0; kept.length < room && round < items.length; round += 1)
    for (const slot of slots.values()) {
      const item = slot[round];
      if (item && kept.length < room) kept.push(item);
    }
  return [...acts, ...kept].sort((a, b) => b.at.localeCompare(a.at));
}

async function changesIn(
  database: Database,
  organizationId: string,
  { from, to, things }: { from: string; to: string; things: readonly Thing[] | undefined },
) {
  const kinds = things?.map(({ kind }) => kind) ?? null;
  const ids = things?.map(({ id }) => id) ?? null;
  const names = things?.map(({ name }) => name) ?? null;
  const { rows } = await database.asOrganizations([organizationId], (tx) =>
    sql`select * from (
      select id, at, kind, subject_id as "subjectId", subject, to_state as "to", text, cause,
        count(*) over (partition by part)::int as "inPart",
        row_number() over (partition by part order by at desc, id desc) as place
      from (
        select j.*, width_bucket(extract(epoch from at), extract(epoch from ${from}::timestamptz),
          extract(epoch from ${to}::timestamptz), ${parts}::int) as part
        from history_journal j
        where org_id = ${organizationId} and at >= ${from} and at < ${to} and (${ids}::text[] is null or exists (
          select from unnest(${kinds}::text[], ${ids}::text[], ${names}::text[]) as t (kind, id, name)
          where t.kind = j.kind and (t.id = j.subject_id or (j.subject_id is null and t.name = j.subject))))
      ) found
    ) placed where place <= ${mostInPart} order by at desc, id desc`.execute(tx),
  );
  const read = rows.map((row) => changeRow.parse(row));
  return { items: read.map(itemOfChange), isCut: read.some(({ inPart }) => inPart > mostInPart) };
}

async function deploymentsIn(
  database: Database,
  organizationId: string,
  of: { from: string; to: string; about: readonly string[] | undefined; limit: number },
): Promise<Item[]> {
  const about = of.about ? [...of.about] : null;
  const { rows } = await database.asOrganizations([organizationId], (tx) =>
    sql`select id, deployed_at as at, service, version, deployed_by as by from deployments
      where org_id = ${organizationId} and deployed_at >= ${of.from} and deployed_at < ${of.to}
        and (${about}::text[] is null or service = any (${about}::text[]))
      order by deployed_at desc limit ${of.limit}`.execute(tx),
  );
  return rows.map((row) => {
    const { id, at, service, version, by } = deployedRow.parse(row);
    const text = `${service} ${version} deployed`;
    return standing({
      id,
      at: at.toISOString(),
      source: "deployment",
      text,
      by,
      state: null,
      subject: service,
    });
  });
}

const itemOfAct = (act: ActLine): Item =>
  standing({
    id: act.id,
    at: act.at,
    source: "audit",
    text: act.text,
    by: act.by,
    state: null,
    subject: null,
  });

/** A line that is never folded. */
const standing = (annotation: Item["annotation"]): Item => {
  const { at, text, id } = annotation;
  return { at, text, thing: id, turn: null, annotation };
};

function itemOfChange(row: z.infer<typeof changeRow>): Item {
  const { id, kind, subjectId, subject, to, text, cause } = row;
  const at = row.at.toISOString();
  const state = stateOfLabel(to);
  const annotation = { id, at, source: "journal", text, by: cause, state, subject } as const;
  return { at, text, thing: `${kind} ${subjectId ?? subject}`, turn: turnOfLabel(to), annotation };
}
