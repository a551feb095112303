import {
  createRule,
  deleteRule,
  type RuleDefinition,
  type RuleView,
  type readRule,
  ruleDefinition,
  updateRule,
} from "@wheelhouse/shared/alerts/rules.ts";
import type { EndpointParsed, EndpointResult } from "@wheelhouse/shared/endpoint.ts";
import type { AuditFields } from "#lib/change.ts";
import type { Core } from "#lib/feature.ts";
import { AppError, notFound } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import type { OrganizationKey } from "#observe/aspect.ts";
import type { ActiveRule } from "../evaluation/evaluation.ts";
import { builtinRules } from "./builtin.ts";
import { createRulesStore, type RuleRecord } from "./store.ts";

const mostRules = 2_000;

type Kept = Pick<RuleRecord, "source" | "version" | "definition" | "updated_by"> & { updated_at: Date };
type Counts = { pending: number; firing: number };

/** @param from a row, or the definition of wheelhouse.yaml */
const viewOf = (key: string, from: Kept | RuleDefinition | null, counts: Counts | undefined): RuleView => {
  const builtin = builtinRules.get(key);
  const isDeclared = from !== null && "condition" in from;
  const kept = isDeclared ? null : from;
  const definition = isDeclared ? from : kept === null ? builtin : ruleDefinition.parse(kept.definition);
  if (definition === undefined) throw new Error(`rule ${key} has no definition`);
  return {
    key,
    source: isDeclared ? "file" : (kept?.source ?? "builtin"),
    version: kept?.version ?? 0,
    definition,
    updatedAt: kept?.updated_at.toISOString() ?? null,
    updatedBy: kept?.updated_by ?? null,
    pending: counts?.pending ?? 0,
    firing: counts?.firing ?? 0,
  };
};

/** The fields of a rule as the trail keeps them. */
function fieldsOf(definition: RuleDefinition, version: number): AuditFields {
  const { condition, labels, things, ...plain } = definition;
  return Object.assign({ version, things, condition: JSON.stringify(condition) }, plain, {
    labels: Object.entries(labels).map(([name, value]) => `${name}=${value}`),
  });
}

/** Rules of organizations: those built in, as changed on the page, and those of wheelhouse.yaml. */
export function createRulesService(
  { database, changes }: Pick<Core, "database" | "changes">,
  { declaredOf }: { declaredOf(slug: string): readonly { key: string; definition: RuleDefinition }[] },
) {
  const store = createRulesStore(database);
  const target = (key: string, { name }: RuleDefinition) => [{ type: "alert-rule", id: key, name }];

  return {
    list: ({ id: organizationId, slug }: OrganizationKey): Promise<RuleView[]> =>
      database.asOrganizations([organizationId], async (tx) => {
        const declared = new Map(declaredOf(slug).map((rule) => [rule.key, rule.definition]));
        const kept = new Map((await store.list(tx, organizationId)).map((row) => [row.key, row]));
        const counts = new Map((await store.counts(tx, organizationId)).map((row) => [row.rule_key, row]));
        return [...new Set([...builtinRules.keys(), ...kept.keys(), ...declared.keys()])]
          .map((key) => viewOf(key, declared.get(key) ?? kept.get(key) ?? null, counts.get(key)))
          .sort((a, b) => a.definition.name.localeCompare(b.definition.name, "en"));
      }),

    read: (
      { id: organizationId, slug }: OrganizationKey,
      key: string,
    ): Promise<EndpointResult<typeof readRule>> =>
      database.asOrganizations([organizationId], async (tx) => {
        const declared = declaredOf(slug).find((rule) => rule.key === key)?.definition;
        const row = (await store.list(tx, organizationId)).find((each) => each.key === key) ?? null;
        if (row === null && !builtinRules.has(key) && !declared) throw notFound("alert rule");
        const counts = (await store.counts(tx, organizationId)).find(({ rule_key }) => rule_key === key);
        const versions = await store.versions(tx, organizationId, key);
        return {
          ...viewOf(key, declared ?? row, counts),
          versions: versions.map(({ version, definition, changed_by, created_at }) => ({
            version,
            definition: definition === null ? null : ruleDefinition.parse(definition),
            by: changed_by,
            at: created_at.toISOString(),
          })),
        };
      }),

    create(
      { key, definition }: EndpointParsed<typeof createRule>["body"],
      context: RequestContext,
    ): Promise<RuleView> {
      const { organization, actor } = context;
      return changes.run(context, createRule.action, async (tx) => {
        refuseDeclared(organization.slug, key);
        const before = await store.lock(tx, organization.id, key);
        if ((before && before.deleted_at === null) || builtinRules.has(key))
          throw new AppError("conflict", `There already is a rule "${key}".`);
        const all = await store.list(tx, organization.id);
        if (all.length >= mostRules)
          throw new AppError("conflict", `There are already ${mostRules} rules; delete some first.`);
        const version = (before?.version ?? 0) + 1;
        const row = await store.write(tx, {
          organizationId: organization.id,
          key,
          source: "page",
          definition,
          version,
          by: actor.display,
          isDeleted: false,
        });
        return {
          result: viewOf(key, row, undefined),
          audit: { targets: target(key, definition), before: null, after: fieldsOf(definition, version) },
        };
      });
    },

    update(
      key: string,
      { version, definition }: EndpointParsed<typeof updateRule>["body"],
      context: RequestContext,
    ): Promise<RuleView> {
      const { organization, actor } = context;
      return changes.run(context, updateRule.action, async (tx) => {
        const { row, last } = await current(tx, organization, key, version);
        const before = row === null ? builtinRules.get(key) : ruleDefinition.parse(row.definition);
        const saved = await store.write(tx, {
          organizationId: organization.id,
          key,
          source: builtinRules.has(key) ? "builtin" : "page",
          definition,
          version: last + 1,
          by: actor.display,
          isDeleted: false,
        });
        return {
          result: viewOf(key, saved, undefined),
          audit: {
            targets: target(key, definition),
            before: before ? fieldsOf(before, version) : null,
            after: fieldsOf(definition, saved.version),
          },
        };
      });
    },

    delete(key: string, version: number, context: RequestContext): Promise<{ key: string }> {
      const { organization, actor } = context;
      return changes.run(context, deleteRule.action, async (tx) => {
        const { row } = await current(tx, organization, key, version);
        if (row === null)
          throw new AppError("conflict", "This rule is as it is built in. Disable it instead.");
        const definition = ruleDefinition.parse(row.definition);
        await store.write(tx, {
          organizationId: organization.id,
          key,
          source: row.source,
          definition,
          version: row.version + 1,
          by: actor.display,
          isDeleted: true,
        });
        return {
          result: { key },
          audit: { targets: target(key, definition), before: fieldsOf(definition, row.version), after: null },
        };
      });
    },
  };

  function refuseDeclared(slug: string, key: string) {
    if (declaredOf(slug).some((rule) => rule.key === key))
      throw new AppError("conflict", "This rule is part of wheelhouse.yaml. Change it there.");
  }

  /** The row of a rule that is still as the caller knows it. @throws 404, or 409 when it was changed or is of a file */
  async function current(
    tx: Parameters<typeof store.lock>[0],
    organization: OrganizationKey,
    key: string,
    version: number,
  ): Promise<{ row: RuleRecord | null; last: number }> {
    refuseDeclared(organization.slug, key);
    const row = await store.lock(tx, organization.id, key);
    const isThere = row !== undefined && row.deleted_at === null;
    if (!isThere && !builtinRules.has(key)) throw notFound("alert rule");
    const now = isThere ? row.version : 0;
    if (now !== version)
      throw new AppError(
        "conflict",
        `The rule has been changed meanwhile${isThere ? ` by ${row.updated_by}` : ""}: it is at version ${now}, not ${version}. Load it again.`,
      );
    // Versions count on after a rule was set back.
    return { row: isThere ? row : null, last: row?.version ?? 0 };
  }
}
export type RulesService = ReturnType<typeof createRulesService>;

/** The rules in force of all organizations, read again as they change. */
export function createRulesInForce({
  database,
  derivedOf = () => [],
  declaredOf = () => [],
  onDeclared = () => {},
}: Pick<Core, "database"> & {
  /** Rules of objectives. */
  derivedOf?: (organizationId: string) => readonly ActiveRule[];
  /** Rules of wheelhouse.yaml; they go before any other of the same key. */
  declaredOf?: (organization: OrganizationKey) => readonly ActiveRule[];
  /** Calls back when they have changed. */
  onDeclared?: (listener: () => void) => unknown;
}) {
  const store = createRulesStore(database);
  const changed = new Map<string, Map<string, RuleRecord>>();
  let readMs = 0;
  let isDeclaredNew = false;
  onDeclared(() => {
    isDeclaredNew = true;
  });
  // A transaction may have begun before one that is already visible.
  const overlapMs = 60_000;
  return {
    /** @returns the organizations whose rules have changed since the last call */
    async refresh(nowMs: number): Promise<ReadonlySet<string>> {
      const rows = await store.changedSince(new Date(readMs === 0 ? 0 : readMs - overlapMs));
      const organizations = new Set<string>();
      for (const row of rows) {
        const mine = changed.get(row.org_id) ?? new Map<string, RuleRecord>();
        changed.set(row.org_id, mine);
        const known = mine.get(row.key);
        if (known?.version === row.version && known.deleted_at?.getTime() === row.deleted_at?.getTime())
          continue;
        mine.set(row.key, row);
        organizations.add(row.org_id);
      }
      readMs = nowMs;
      return organizations;
    },
    /** Whether those of wheelhouse.yaml have changed since the last call. */
    takeDeclared(): boolean {
      const isNew = isDeclaredNew;
      isDeclaredNew = false;
      return isNew;
    },
    of(organization: OrganizationKey): ActiveRule[] {
      const { id: organizationId } = organization;
      const kept = [...(changed.get(organizationId)?.values() ?? [])]
        .filter(({ deleted_at }) => deleted_at === null)
        .map(({ key, version, definition }) => ({
          key,
          version,
          definition: ruleDefinition.parse(definition),
        }));
      const builtin = [...builtinRules].map(([key, definition]) => ({ key, version: 0, definition }));
      const found = new Map<string, ActiveRule>();
      for (const rule of [...builtin, ...derivedOf(organizationId), ...kept, ...declaredOf(organization)])
        found.set(rule.key, rule);
      return [...found.values()];
    },
  };
}
export type RulesInForce = ReturnType<typeof createRulesInForce>;
