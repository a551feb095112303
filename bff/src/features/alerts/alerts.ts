import { performance } from "node:perf_hooks";
import { type RuleDefinition, severities } from "@wheelhouse/shared/alerts/rules.ts";
import type { Core, Feature, Running } from "#lib/feature.ts";
import { createPostgresLease } from "#lib/postgres/lease.ts";
import type { Figures, OrganizationKey } from "#observe/aspect.ts";
import type { SnapshotStore } from "#observe/spread/spread.ts";
import type { Tick } from "#observe/tick/tick.ts";
import {
  createChangesBefore,
  createIncidentActs,
  createIncidentReading,
  createRecorder,
  expireAlerts,
  incidentRoutes,
  type Look,
  type Notifications,
  type ReadAnnotations,
  type Related,
} from "./incidents/incidents.ts";
import { createObjectives, objectiveRoutes } from "./objectives/objectives.ts";
import { ownSignals } from "./own-signals.ts";
import { createPreview, createRulesInForce, createRulesService, ruleRoutes } from "./rules/rules.ts";
import { createRunner } from "./runner.ts";
import { createSignals } from "./signals.ts";
import { createSilences, silenceRoutes } from "./silences/silences.ts";

const mostLines = 50;
const leaseMs = 10_000;
const objectivesEveryMs = 60_000;
const leaseName = "alerts";

type AlertsNeeds = {
  snapshots: SnapshotStore;
  /** Id of this process in ticks. */
  owner: string;
  figuresOf(tick: Tick): readonly Figures[];
  /** Problems folded over the dependency graph. */
  look(organization: OrganizationKey): Look;
  relatedTo(organization: OrganizationKey, node: string): Related;
  annotations: ReadAnnotations;
  readSeries: Parameters<typeof createPreview>[0]["readSeries"];
  /** Rules of wheelhouse.yaml, by the slug of their organization. */
  declared: {
    rules(): readonly { key: string; organization: string; definition: RuleDefinition }[];
    onChange(listener: () => void): unknown;
  };
  /** Failed sign-ins of the last 15 minutes. */
  failedSignIns(): Promise<number>;
  /** Who tells people. */
  notifications: Notifications;
};

/** Rules that watch what is observed, and the incidents that people handle. */
export function createAlerts(core: Core, needs: AlertsNeeds) {
  const { database, clock, log, events } = core;
  const { snapshots, owner, figuresOf, look, readSeries, notifications } = needs;
  const declaredOf = (slug: string) =>
    needs.declared.rules().filter(({ organization }) => organization === slug);
  const rules = createRulesService(core, { declaredOf });
  const acts = createIncidentActs(Object.assign({ notifications }, core));
  const silences = createSilences(Object.assign({ hold: acts.hold }, core));
  const rulesOf = async (organization: OrganizationKey): Promise<ReadonlyMap<string, RuleDefinition>> =>
    new Map((await rules.list(organization)).map(({ key, definition }) => [key, definition]));
  const reading = createIncidentReading({
    database,
    clock,
    look,
    rulesOf,
    changesIn: createChangesBefore(needs),
    async readEvaluatedAt() {
      const lease = await database.system
        .selectFrom("leases")
        .select("expires_at")
        .where("name", "=", leaseName)
        .executeTakeFirst();
      return lease ? new Date(lease.expires_at.getTime() - leaseMs).toISOString() : null;
    },
  });
  const figuresNow = (organization: OrganizationKey) => {
    const tick = snapshots.tick();
    return tick === null
      ? []
      : figuresOf(tick).filter(({ organizationId }) => organizationId === organization.id);
  };
  const preview = createPreview({
    readSeries,
    figuresNow,
    nameOf: (organization, node) => look(organization).of(node).name,
    clock,
  });
  const nameOf = (organization: OrganizationKey, node: string) => look(organization).of(node).name;
  const objectives = createObjectives({ database, changes: core.changes, clock, readSeries, nameOf });
  const signals = createSignals({
    sources: [
      ...ownSignals({ dataDir: core.config.dataDir, failedSignIns: needs.failedSignIns }),
      { name: "objectives", everyMs: objectivesEveryMs, read: objectives.measure },
    ],
    clock,
    log,
  });
  const runner = createRunner({
    database,
    events,
    snapshots,
    owner,
    figuresOf,
    look,
    signals: signals.read,
    rules: createRulesInForce({
      database,
      derivedOf: objectives.rulesOf,
      declaredOf: ({ slug }) =>
        declaredOf(slug).map(({ key, definition }) => ({ key, version: 0, definition })),
      onDeclared: needs.declared.onChange,
    }),
    record: createRecorder(notifications),
    lease: createPostgresLease({ database, name: leaseName, owner, ttlMs: leaseMs }),
    clock,
    monotonic: () => performance.now(),
    log,
  });
  const feature = {
    routes(api) {
      incidentRoutes(api, {
        reading,
        acts,
        countRules: async (organization) => (await rules.list(organization)).length,
        async valuesOf(organizationId, { kind, id, metric, from, to }) {
          const { series } = await readSeries(organizationId, { kind, id, metrics: [metric], from, to });
          return series[0]?.values ?? [];
        },
        clock,
      });
      silenceRoutes(api, silences);
      ruleRoutes(api, { rules, preview });
      objectiveRoutes(api, objectives);
    },
    jobs: [{ name: "old alerts", on: "housekeeping", run: () => expireAlerts(database) }],
    processes: [
      {
        in: ["collector", "web"],
        async start(): Promise<Running> {
          runner.start();
          return { drain: async () => {}, stop: runner.stop };
        },
      },
    ],
  } satisfies Feature;
  return Object.assign(feature, {
    /** Newest state of incidents, for the live list. */
    readHeads: reading.heads,
    /** Open incidents, the worst first, as short lines. */
    async openIncidents(organizationId: string) {
      const { items } = await reading.list(organizationId, { status: "open", limit: mostLines });
      return items
        .toSorted((a, b) => severities.indexOf(a.severity) - severities.indexOf(b.severity))
        .map(({ id, number, subject, title, severity, acknowledgedBy }) => ({
          id,
          number,
          title: `${subject}: ${title}`,
          severity,
          acknowledgedBy,
        }));
    },
    acknowledgeById: acts.acknowledgeById,
    /** For the holder of a link, who need not be signed in. */
    acknowledgeByLink: acts.acknowledgeByLink,
  });
}
