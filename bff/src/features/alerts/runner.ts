import { ruleDefinition } from "@wheelhouse/shared/alerts/rules.ts";
import type { Logger } from "pino";
import type { Core } from "#lib/feature.ts";
import { isUnavailable } from "#lib/http/errors.ts";
import { LeaseLost, type PostgresLease } from "#lib/postgres/lease.ts";
import type { Clock } from "#lib/time/clock.ts";
import type { OrganizationKey } from "#observe/aspect.ts";
import type { SnapshotStore } from "#observe/spread/spread.ts";
import type { Tick } from "#observe/tick/tick.ts";
import { type Alert, createEvaluator, type Evaluator, type Measured } from "./evaluation/evaluation.ts";
import {
  type AlertRecord,
  type createRecorder,
  type Look,
  readAlerts,
  readDue,
} from "./incidents/incidents.ts";
import type { RulesInForce } from "./rules/rules.ts";

export type RunnerDeps = Pick<Core, "database" | "events"> & {
  snapshots: SnapshotStore;
  /** Id of this process, as in its ticks. */
  owner: string;
  lease: PostgresLease;
  figuresOf(tick: Tick): readonly Measured[];
  /** Measured that no tick has, by organization id. */
  signals(): ReadonlyMap<string, readonly Measured[]>;
  look(organization: OrganizationKey): Look;
  rules: RulesInForce;
  record: ReturnType<typeof createRecorder>;
  clock: Clock;
  /** Milliseconds that no setting of the clock moves. */
  monotonic(): number;
  log: Logger;
};

/** How often the lease is renewed, and what may be due is looked at. */
const dueEveryMs = 2_000;
/** How often headlines of open incidents follow their problems. */
const refreshEveryMs = 10_000;
const stepFromMs = 3_000;

/**
 * Evaluates the rules on each tick of this process while it observes and holds the lease, and stores what changed. What
 * cannot be stored now is stored later; nothing is evaluated before what another process left has been read.
 */
export function createRunner(deps: RunnerDeps) {
  const { snapshots, owner, lease, rules, record, database, events, monotonic, log } = deps;
  const evaluators = new Map<string, Evaluator>();
  let organizations: readonly OrganizationKey[] = [];
  let epoch: number | null = null;
  let isObserving = false;
  let dueMs = Number.NEGATIVE_INFINITY;
  let refreshMs = Number.NEGATIVE_INFINITY;
  let evaluatedMs: number | null = null;
  let last: { atMs: number; monotonicMs: number } | null = null;
  let running: Promise<void> = Promise.resolve();
  let isRunning = false;
  let stopHearing = () => {};

  const forget = () => {
    epoch = null;
    evaluators.clear();
  };

  const evaluatorOf = (organization: OrganizationKey): Evaluator => {
    const known = evaluators.get(organization.id);
    if (known) return known;
    const made = createEvaluator();
    made.setRules(rules.of(organization));
    evaluators.set(organization.id, made);
    return made;
  };

  const take = async (taken: number) => {
    await rules.refresh(deps.clock.now());
    const stored = await readAlerts(database);
    evaluators.clear();
    const byOrganization = new Map<string, AlertRecord[]>();
    for (const row of stored) {
      const there = byOrganization.get(row.org_id);
      if (there) there.push(row);
      else byOrganization.set(row.org_id, [row]);
    }
    for (const organization of organizations) {
      const inForce = rules.of(organization);
      const rows = byOrganization.get(organization.id) ?? [];
      evaluatorOf(organization).adopt(rows.map((row) => alertOf(row, inForce)));
    }
    epoch = taken;
    log.info({ epoch: taken }, "this process now evaluates alerts");
  };

  const storeOf = async (
    held: number,
    organization: OrganizationKey,
    due: readonly string[],
    nowMs: number,
  ) => {
    const evaluator = evaluatorOf(organization);
    const changed = evaluator.dirty().map((alert) => ({ alert, phase: alert.phase }));
    if (changed.length === 0 && due.length === 0) return;
    const recorded = await lease.write(held, (tx) =>
      record(tx, organization.id, { changed, due, look: deps.look(organization), nowMs }),
    );
    for (const [alert, incidentId] of recorded.placed) alert.incidentId = incidentId;
    evaluator.settle(changed);
    if (recorded.changedIds.length > 0)
      events.emit("incidents.changed", {
        organizationId: organization.id,
        ids: recorded.changedIds.slice(-50),
        created: recorded.created,
      });
  };

  const storeAll = async (held: number) => {
    const nowMs = last?.atMs ?? deps.clock.now();
    const due = new Map<string, string[]>();
    if (monotonic() - dueMs >= dueEveryMs) {
      dueMs = monotonic();
      const isRefresh = monotonic() - refreshMs >= refreshEveryMs;
      if (isRefresh) refreshMs = monotonic();
      for (const { org_id, id } of await readDue(database, { all: isRefresh }))
        due.set(org_id, [...(due.get(org_id) ?? []), id]);
      const changed = await rules.refresh(deps.clock.now());
      const isAll = rules.takeDeclared();
      for (const organization of organizations)
        if (isAll || changed.has(organization.id)) evaluatorOf(organization).setRules(rules.of(organization));
    }
    for (const organization of organizations)
      try {
        await storeOf(held, organization, due.get(organization.id) ?? [], nowMs);
      } catch (err) {
        if (err instanceof LeaseLost || isUnavailable(err)) throw err;
        log.error({ err, organization: organization.slug }, "alerts could not be stored");
      }
  };

  const flush = async () => {
    try {
      const held = await lease.hold();
      if (held === null) return forget();
      if (held !== epoch) await take(held);
      else await storeAll(held);
    } catch (err) {
      if (err instanceof LeaseLost) {
        log.info("another process now evaluates alerts");
        return forget();
      }
      const reason = err instanceof Error ? err.message : String(err);
      log.warn({ reason }, "alerts are waiting to be stored");
    }
  };

  const startFlush = () => {
    if (isRunning) return;
    isRunning = true;
    running = flush().finally(() => {
      isRunning = false;
    });
  };

  /** A clock that was set moves all that is timed; a process that slept does not. */
  const followClock = (atMs: number) => {
    const monotonicMs = monotonic();
    if (last !== null) {
      const stepMs = atMs - last.atMs - (monotonicMs - last.monotonicMs);
      if (Math.abs(stepMs) >= stepFromMs) for (const each of evaluators.values()) each.shift(stepMs);
    }
    last = { atMs, monotonicMs };
  };

  const evaluate = (tick: Tick, nowMs: number) => {
    const signals = deps.signals();
    const byOrganization = new Map<string, Measured[]>();
    for (const figures of deps.figuresOf(tick)) {
      const there = byOrganization.get(figures.organizationId);
      if (there) there.push(figures);
      else byOrganization.set(figures.organizationId, [figures]);
    }
    let isDirty = false;
    for (const organization of tick.head.organizations) {
      const evaluator = evaluatorOf(organization);
      const figures = [
        ...(byOrganization.get(organization.id) ?? []),
        ...(signals.get(organization.id) ?? []),
      ];
      evaluator.evaluate(figures, { seen: deps.look(organization), nowMs });
      isDirty ||= evaluator.dirty().length > 0;
    }
    evaluatedMs = nowMs;
    return isDirty;
  };

  const onTick = (tick: Tick) => {
    if (tick.head.observer !== owner) {
      if (!isObserving) return;
      isObserving = false;
      last = null;
      running = running.then(() => lease.release().catch(() => {})).then(forget);
      return;
    }
    isObserving = true;
    organizations = tick.head.organizations;
    const nowMs = Date.parse(tick.head.observedAt);
    followClock(nowMs);
    const isDirty = epoch !== null && evaluate(tick, nowMs);
    if (isDirty || epoch === null || monotonic() - dueMs >= dueEveryMs) startFlush();
  };

  return {
    start() {
      stopHearing = snapshots.onTick((tick) => {
        try {
          onTick(tick);
        } catch (err) {
          log.error({ err }, "alerts could not be evaluated");
        }
      });
    },
    /** Stores what is pending and lets another process go on at once. */
    async stop() {
      stopHearing();
      await running;
      if (!isObserving || epoch === null) return;
      await flush();
      await lease.release().catch(() => {});
    },
    /** Resolves when the writes already started have succeeded or failed. */
    settled: () => running,
    /** When the rules were last evaluated here; null when this process does not. */
    evaluatedMs: () => (epoch === null ? null : evaluatedMs),
  };
}

const msOf = (at: Date | null) => at?.getTime() ?? null;

/** An alert as another process left it. A rule that is gone since then ends it. */
function alertOf(row: AlertRecord, rules: ReturnType<RulesInForce["of"]>): Alert {
  const rule = rules.find(({ key }) => key === row.rule_key) ?? {
    key: row.rule_key,
    version: 0,
    definition: ruleDefinition.parse({
      name: row.rule_key,
      isEnabled: false,
      condition: { kind: "problem", nodes: ["-"] },
      severity: row.severity,
    }),
  };
  return {
    rule,
    node: row.node,
    phase: {
      state: row.state,
      sinceMs: row.since.getTime(),
      clearingSinceMs: msOf(row.clearing_since),
      noDataSinceMs: msOf(row.no_data_since),
      fires: row.fires.map((at) => at.getTime()),
    },
    value: row.value,
    incidentId: row.incident_id,
    heldSinceMs: null,
    isDirty: false,
    isRuleGone: false,
  };
}
