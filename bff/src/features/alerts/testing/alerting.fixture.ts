import { randomUUID } from "node:crypto";
import { type RuleInput, ruleDefinition } from "@wheelhouse/shared/alerts/rules.ts";
import { pino } from "pino";
import { createPostgresLease } from "#lib/postgres/lease.ts";
import type { Database } from "#lib/postgres/postgres.ts";
import type { Figures } from "#observe/aspect.ts";
import { createSnapshotStore } from "#observe/spread/spread.ts";
import { makeTick } from "#testing/tick.ts";
import { createRecorder, type Look, type Notifications } from "../incidents/incidents.ts";
import type { RulesInForce } from "../rules/rules.ts";
import { createRunner } from "../runner.ts";

export const beginMs = Date.UTC(2026, 0, 5, 12);

export async function makeOrganization(database: Database) {
  const slug = `org-${randomUUID().slice(0, 8)}`;
  const { id } = await database.system
    .insertInto("organizations")
    .values({ slug, name: slug })
    .returning("id")
    .executeTakeFirstOrThrow();
  return { id, slug, name: slug };
}
export type TestOrganization = Awaited<ReturnType<typeof makeOrganization>>;

/** What is observed: values of `service.up` and other figures, and what explains what. */
export type World = {
  /** By thing; null is no data. Of kind `service` unless the name says another, e.g. `queue:mail`. */
  values: Record<string, Record<string, number | null> | null>;
  /** Root cause by node. */
  roots?: Record<string, string>;
  maintenance?: readonly string[];
};

const nodeOf = (name: string) => (name.includes(":") ? name : `service:${name}`);
const metrics = ["up", "load", "calls"];

const figuresOf = (organizationId: string, { values }: World): Figures[] =>
  Object.entries(values).map(([name, of]) => {
    const [kind = "", entity = ""] = nodeOf(name).split(":");
    return {
      organizationId,
      kind: kind as Figures["kind"],
      entity,
      metrics,
      values: metrics.map((metric) => of?.[metric] ?? null),
    };
  });

/** A graph in which whatever is not up has a problem. */
export function lookAt({ values, roots = {}, maintenance = [] }: World): Look {
  const failing = (node: string) =>
    Object.entries(values).some(([name, of]) => nodeOf(name) === node && of?.up === 0);
  const problemOf = (node: string) =>
    failing(node)
      ? ({
          state: "down",
          label: "Down",
          subject: node.split(":")[1] ?? node,
          title: "is down",
          cause: "No response",
          path: "services",
        } as const)
      : null;
  return {
    of: (node) => ({
      problem: problemOf(node),
      check: maintenance.includes(node) ? "maintenance" : null,
      root: roots[node] !== undefined && failing(roots[node]) ? roots[node] : node,
      name: node.split(":")[1] ?? node,
    }),
    nodes: Object.keys(values).map(nodeOf),
    needs: (node) => (roots[node] === undefined ? [] : [roots[node]]),
    effects: (root) =>
      Object.entries(roots)
        .filter(([node, cause]) => cause === root && failing(node))
        .map(([node]) => ({
          id: node,
          subject: node.split(":")[1] ?? node,
          state: "down",
          path: "services",
        })),
  };
}

export const rulesInForce = (inputs: Record<string, RuleInput>): RulesInForce => {
  const rules = Object.entries(inputs).map(([key, input]) => ({
    key,
    version: 1,
    definition: ruleDefinition.parse(input),
  }));
  return { refresh: async () => new Set(), takeDeclared: () => false, of: () => rules };
};

export const serviceDown: RuleInput = {
  name: "Service down",
  condition: { kind: "series", of: "service", metric: "up", when: "under", threshold: 1 },
  severity: "critical",
};

const tell = (
  tx: Parameters<Notifications["withdraw"]>[0],
  organizationId: string,
  incidentId: string,
  what: string,
) =>
  tx
    .insertInto("incident_entries")
    .values({ org_id: organizationId, incident_id: incidentId, kind: "told", text: what, by: null })
    .execute();

/** Keeps what people are told as lines of the time line, in the same transaction. */
export const told: Notifications = {
  announce: (tx, { organizationId, incidentId, event }) => tell(tx, organizationId, incidentId, event),
  withdraw: (tx, organizationId, incidentId) => tell(tx, organizationId, incidentId, "withdrawn"),
};

/** A process that observes this organization; time is told with each tick. */
export function alerting(
  database: Database,
  organization: TestOrganization,
  {
    rules = { "service-down": serviceDown },
    notifications = told,
  }: { rules?: Record<string, RuleInput>; notifications?: Notifications } = {},
) {
  const owner = `test/${randomUUID()}`;
  let nowMs = beginMs;
  let monotonicMs = 0;
  let world: World = { values: {} };
  const clock = { now: () => nowMs };
  const snapshots = createSnapshotStore({ aspects: [], clock, intervalMs: 1_000 });
  const lease = createPostgresLease({
    database,
    name: `alerts-${organization.slug}`,
    owner,
    ttlMs: 60_000,
  });
  const runner = createRunner({
    database,
    events: { emit: () => {}, on: () => () => {} },
    snapshots,
    owner,
    lease,
    figuresOf: () => figuresOf(organization.id, world),
    signals: () => new Map(),
    look: () => lookAt(world),
    rules: rulesInForce(rules),
    record: createRecorder(notifications),
    clock,
    monotonic: () => monotonicMs,
    log: pino({ level: "silent" }),
  });
  runner.start();
  const it = {
    lease,
    runner,
    /** Observes `seen` at a second after the beginning; `clockMs`: how far the clock is off by then. */
    async tick(second: number, seen: World, clockMs = 0) {
      world = seen;
      monotonicMs = second * 1_000;
      nowMs = beginMs + second * 1_000 + clockMs;
      snapshots.ingest(
        makeTick({
          observer: owner,
          observedAt: new Date(nowMs).toISOString(),
          organizations: [organization],
        }),
      );
      await runner.settled();
    },
    /** The process is gone: nothing is written or released any more. */
    kill: () =>
      database.system
        .updateTable("leases")
        .set({ expires_at: new Date(0) })
        .where("name", "=", `alerts-${organization.slug}`)
        .execute(),
  };
  return it;
}

/** Everything that is stored about incidents, as a test reads it. */
export function reading(database: Database, organization: TestOrganization) {
  const it = {
    incidents: () =>
      database.system
        .selectFrom("incidents")
        .selectAll()
        .where("org_id", "=", organization.id)
        .orderBy("number")
        .execute(),
    told: async () =>
      (
        await database.system
          .selectFrom("incident_entries")
          .select("text")
          .where("org_id", "=", organization.id)
          .where("kind", "=", "told")
          .orderBy("id")
          .execute()
      ).map(({ text }) => text),
    announced: async () => (await it.told()).filter((what) => what !== "withdrawn"),
    alerts: () =>
      database.system
        .selectFrom("alert_instances")
        .selectAll()
        .where("org_id", "=", organization.id)
        .orderBy("node")
        .execute(),
    entries: async () =>
      (
        await database.system
          .selectFrom("incident_entries")
          .select(["kind", "text"])
          .where("org_id", "=", organization.id)
          .where("kind", "!=", "told")
          .orderBy("at")
          .orderBy("id")
          .execute()
      ).map(({ kind, text }) => `${kind}: ${text}`),
  };
  return it;
}
