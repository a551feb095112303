import type { IncidentDetail } from "@wheelhouse/shared/alerts/incidents.ts";
import type { Annotation } from "@wheelhouse/shared/history.ts";
import type { OrganizationKey } from "#observe/aspect.ts";

type ChangeBefore = IncidentDetail["changesBefore"][number];
type Thing = { kind: string; id: string; name: string };
export type Related = { own: readonly Thing[]; callers: readonly Thing[]; needed: readonly Thing[] };
export type ReadAnnotations = (
  organizationId: string,
  range: { from: string; to: string },
  of: { mayReadActs: boolean; related: Related | undefined },
) => Promise<{ items: Annotation[] }>;

const mostChanges = 10;

/**
 * What changed before an incident: what can have caused it first, then acts and deployments near it. What the thing
 * itself did is no cause, and neither is a recovery.
 */
export function createChangesBefore({
  annotations,
  relatedTo,
}: {
  annotations: ReadAnnotations;
  relatedTo(organization: OrganizationKey, node: string): Related;
}) {
  return async (
    organization: OrganizationKey,
    { node, from, to, mayReadActs }: { node: string; from: string; to: string; mayReadActs: boolean },
  ): Promise<ChangeBefore[]> => {
    const related = relatedTo(organization, node);
    const [near, all] = await Promise.all([
      related.own.length === 0
        ? { items: [] }
        : annotations(organization.id, { from, to }, { mayReadActs, related }),
      annotations(organization.id, { from, to }, { mayReadActs, related: undefined }),
    ]);
    const own = new Set(related.own.map(({ name }) => name));
    const caused = near.items.filter(
      ({ source, state, subject }) => source !== "journal" || (state !== null && !own.has(subject ?? "")),
    );
    const ids = new Set(caused.map(({ id }) => id));
    const others = all.items.filter(({ id, source }) => source !== "journal" && !ids.has(id));
    const line =
      (isRelated: boolean) =>
      ({ at, text, by, source }: Annotation): ChangeBefore => ({ at, text, by, isRelated, source });
    return [...caused.map(line(true)), ...others.map(line(false))].slice(0, mostChanges);
  };
}
