import {
  createObjective,
  deleteObjective,
  type Objective,
  type ObjectiveDefinition,
  objectiveDefinition,
  updateObjective,
} from "@wheelhouse/shared/alerts/objectives.ts";
import { ruleDefinition } from "@wheelhouse/shared/alerts/rules.ts";
import type { EndpointParsed } from "@wheelhouse/shared/endpoint.ts";
import type { Selectable, Transaction } from "kysely";
import type { Tables } from "#database/tables.ts";
import type { AuditFields } from "#lib/change.ts";
import type { Core } from "#lib/feature.ts";
import { AppError, notFound } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import type { OrganizationKey } from "#observe/aspect.ts";
import type { ActiveRule, Measured } from "../evaluation/evaluation.ts";
import { breakerOf, createMeasuring, type ReadSeries } from "./measuring.ts";
import { lock, mostObjectives, rows, write } from "./store.ts";

type Row = Selectable<Tables["alert_objectives"]>;
type Tx = Transaction<Tables>;
type ObjectivesNeeds = Pick<Core, "database" | "changes" | "clock"> & {
  readSeries: ReadSeries;
  nameOf(organization: OrganizationKey, node: string): string | null;
};

const metrics = ["burnFast", "burnFastShort", "burnSlow", "burnSlowShort", "budgetLeft"] as const;

const fieldsOf = ({ fast: _, slow: __, ...fields }: ObjectiveDefinition, version: number): AuditFields =>
  Object.assign({ version }, fields);

/** The rules that watch an objective's budget. */
function rulesOf(key: string, { name, fast, slow, owner, runbook }: ObjectiveDefinition): ActiveRule[] {
  const rule = (of: "fast" | "slow", { over, severity }: ObjectiveDefinition["fast"]): ActiveRule => {
    const [long, short] =
      of === "fast" ? (["burnFast", "burnFastShort"] as const) : (["burnSlow", "burnSlowShort"] as const);
    return {
      key: `objective-${key}-${of}`,
      version: 0,
      definition: ruleDefinition.parse({
        name: `${name}: budget burns ${of === "fast" ? "fast" : "slowly"}`,
        condition: {
          kind: "series",
          of: "objective",
          metric: long,
          when: "over",
          threshold: over,
          and: { metric: short, when: "over", threshold: over },
        },
        things: [key],
        severity,
        labels: { objective: key },
        owner,
        runbook,
      }),
    };
  };
  return [rule("fast", fast), rule("slow", slow)];
}

/** Objectives over the history: what was achieved, what is left of the budget, and how fast it burns. */
export function createObjectives({ database, changes, clock, readSeries, nameOf }: ObjectivesNeeds) {
  const known = new Map<string, { key: string; definition: ObjectiveDefinition }[]>();

  const figuresOf = createMeasuring({ readSeries, clock });

  const viewOf = async (organization: OrganizationKey, row: Row): Promise<Objective> => {
    const definition = objectiveDefinition.parse(row.definition);
    const node =
      definition.of === "service" ? `service:${definition.thing}` : `breaker:${breakerOf(definition.thing)}`;
    return Object.assign(
      {
        key: row.key,
        version: row.version,
        definition,
        updatedAt: row.updated_at.toISOString(),
        updatedBy: row.updated_by,
        thingName: nameOf(organization, node) ?? definition.thing,
      },
      await figuresOf(organization.id, definition),
    );
  };

  /** @throws 404, or 409 when it was changed meanwhile */
  const current = async (tx: Tx, organizationId: string, key: string, version: number): Promise<Row> => {
    const row = await lock(tx, organizationId, key);
    if (!row || row.deleted_at !== null) throw notFound("objective");
    if (row.version !== version)
      throw new AppError(
        "conflict",
        `The objective has been changed meanwhile by ${row.updated_by}: it is at version ${row.version}, not ${version}. Load it again.`,
      );
    return row;
  };
  const target = (key: string, { name }: ObjectiveDefinition) => [{ type: "alert-objective", id: key, name }];

  return {
    async list(organization: OrganizationKey): Promise<Objective[]> {
      const found = await database.asOrganizations([organization.id], (tx) => rows(tx, organization.id));
      return Promise.all(found.map((row) => viewOf(organization, row)));
    },

    async create(
      { key, definition }: EndpointParsed<typeof createObjective>["body"],
      context: RequestContext,
    ) {
      const { organization, actor } = context;
      await changes.run(context, createObjective.action, async (tx) => {
        const before = await lock(tx, organization.id, key);
        if (before && before.deleted_at === null)
          throw new AppError("conflict", `There already is an objective "${key}".`);
        if ((await rows(tx, organization.id)).length >= mostObjectives)
          throw new AppError(
            "conflict",
            `There are already ${mostObjectives} objectives; delete some first.`,
          );
        const version = (before?.version ?? 0) + 1;
        await write(tx, {
          organizationId: organization.id,
          key,
          definition,
          version,
          by: actor.display,
          isDeleted: false,
        });
        const audit = {
          targets: target(key, definition),
          before: null,
          after: fieldsOf(definition, version),
        };
        return { result: { key }, audit };
      });
      return read(organization, key);
    },

    async update(
      key: string,
      { version, definition }: EndpointParsed<typeof updateObjective>["body"],
      context: RequestContext,
    ) {
      const { organization, actor } = context;
      await changes.run(context, updateObjective.action, async (tx) => {
        const row = await current(tx, organization.id, key, version);
        const next = version + 1;
        await write(tx, {
          organizationId: organization.id,
          key,
          definition,
          version: next,
          by: actor.display,
          isDeleted: false,
        });
        const before = fieldsOf(objectiveDefinition.parse(row.definition), version);
        return {
          result: { key },
          audit: { targets: target(key, definition), before, after: fieldsOf(definition, next) },
        };
      });
      return read(organization, key);
    },

    delete: (key: string, version: number, context: RequestContext) =>
      changes.run(context, deleteObjective.action, async (tx) => {
        const { organization, actor } = context;
        const row = await current(tx, organization.id, key, version);
        const definition = objectiveDefinition.parse(row.definition);
        await write(tx, {
          organizationId: organization.id,
          key,
          definition,
          version: version + 1,
          by: actor.display,
          isDeleted: true,
        });
        const audit = {
          targets: target(key, definition),
          before: fieldsOf(definition, version),
          after: null,
        };
        return { result: { key }, audit };
      }),

    /** The rules of an organization's objectives, as last read by `measure`. */
    rulesOf: (organizationId: string): ActiveRule[] =>
      (known.get(organizationId) ?? []).flatMap(({ key, definition }) => rulesOf(key, definition)),

    /** The figures of all objectives, for the rules; reads the objectives again. */
    async measure(): Promise<Measured[]> {
      const found = await database.system
        .selectFrom("alert_objectives")
        .selectAll()
        .where("deleted_at", "is", null)
        .execute();
      known.clear();
      const measured: Measured[] = [];
      for (const { org_id, key, definition: stored } of found) {
        const definition = objectiveDefinition.parse(stored);
        known.set(org_id, [...(known.get(org_id) ?? []), { key, definition }]);
        const { burn, budgetLeft: left } = await figuresOf(org_id, definition);
        measured.push({
          organizationId: org_id,
          kind: "objective",
          entity: key,
          metrics,
          values: [burn.h1, burn.m5, burn.h6, burn.m30, left],
        });
      }
      return measured;
    },
  };

  async function read(organization: OrganizationKey, key: string): Promise<Objective> {
    const row = await database.asOrganizations([organization.id], (tx) => lock(tx, organization.id, key));
    if (!row || row.deleted_at !== null) throw notFound("objective");
    return viewOf(organization, row);
  }
}
export type Objectives = ReturnType<typeof createObjectives>;
