import type { HealthState, ServiceDetail, ServiceRow } from "@wheelhouse/shared/health/health.ts";
import type { Board, ObservedChange, Seen } from "#observe/aspect.ts";
import { ownService } from "#observe/reports/reports.ts";
import type { Catalogue, WatchedService } from "#observe/sources/sources.ts";
import type { Check, HealthChecks } from "../checks/checks.ts";
import { checkKey } from "../checks/checks.ts";
import type { OwnProcesses } from "../own/own.ts";
import { type ObservedServer, type ObservedService, serverRows } from "../rows.ts";
import { addBeat, type Beats } from "./beats.ts";
import { instanceDetail } from "./detail.ts";
import { adoptInstance, type Instance, labels, newInstance, observeInstance } from "./instance.ts";
import type { KeptDetails } from "./kept-details.ts";
import { createLatencies, type Latencies } from "./latency.ts";
import { type Member, type RolledUp, rollUp, type Watchable } from "./roll-up.ts";

type Uptime = Pick<ServiceRow, "uptime" | "uptimeKnown">;

export type ServicesBoardDeps = {
  catalogue: Catalogue;
  checks: Pick<HealthChecks, "poke" | "checks" | "rest">;
  /** Wheelhouse's own processes; null while none reports. */
  own(nowMs: number): OwnProcesses | null;
  /** Maintenance windows; `activeOf` takes the slug of the organization and the id of the service. */
  maintenance: {
    poke(): void;
    activeOf(organization: string, id: string, nowMs: number): ServiceRow["maintenance"];
  };
  /** Called with new details of the instances of services. */
  onDetails(details: ReadonlyMap<string, ServiceDetail["instances"]>): void;
  /** Details kept of watched services, only while this process is the collector. */
  kept: Pick<KeptDetails, "retain" | "clear">;
  /** `of` takes the slug of the organization and the id of the service. */
  uptimes: { poke(): void; of(organization: string, id: string): Uptime | undefined };
};

const noUptime: Uptime = {
  uptime: { day: null, week: null, month: null },
  uptimeKnown: { day: 0, week: 0, month: 0 },
};
const mostTargets = 2;
const isoOf = (ms: number) => new Date(ms).toISOString();

/** State kept for one row between ticks. */
type Known = {
  row: ObservedService | null;
  instances: Map<string, Instance>;
  beats: Beats;
  /** When the last check ended that is part of the beats. */
  beatOutcomeMs: number;
  latencies: Latencies;
  /** From the previous collector, until there are samples of this one. */
  adoptedP95: number | null;
};

/** One thing to show: its declaration from the catalogue, and its observed state. */
type Thing = {
  watched: Watchable;
  organization: string;
  known: Known;
  fixed: Pick<
    ServiceRow,
    | "id"
    | "name"
    | "kind"
    | "group"
    | "owner"
    | "runbookUrl"
    | "target"
    | "dependsOn"
    | "consumes"
    | "intervalMs"
  >;
  seen: Pick<ServiceRow, "instances" | "version" | "latencyMs" | "certificateExpiresAt">;
  /** State by the last checks, before hysteresis; null when none has ended yet. */
  raw: HealthState | null;
  outcomeMs: number;
  /** All details its instances reported; null when nothing is new. */
  detail: ServiceDetail["instances"] | null;
};

/**
 * Services for the collector: the settled states of their instances rolled up, with root causes. Redis and
 * Postgres servers are rows as well, so that services can depend on them.
 */
export function createServicesBoard(deps: ServicesBoardDeps) {
  const { catalogue, checks, uptimes } = deps;
  let known = new Map<string, Known>();
  let ownProcesses: WatchedService | null = null;
  let isObserving = false;

  const knownOf = (id: string): Known =>
    known.get(id) ?? {
      row: null,
      instances: new Map(),
      beats: { text: "", atMs: null },
      beatOutcomeMs: 0,
      latencies: createLatencies(),
      adoptedP95: null,
    };

  const watchedServices = () => [
    ...catalogue.current().services,
    ...(ownProcesses === null ? [] : [ownProcesses]),
  ];

  const serviceThing = (
    service: WatchedService,
    newest: ReadonlyMap<string, Check>,
    nowMs: number,
  ): Thing => {
    const before = knownOf(service.id);
    const instances = new Map<string, Instance>();
    let isNew = false;
    for (const { id } of service.instances) {
      const was = before.instances.get(id) ?? newInstance(nowMs);
      const now = observeInstance(was, newest.get(checkKey(service.id, id)), service);
      const { last } = now;
      if (now !== was) isNew = true;
      if (now !== was && last !== null && last.latencyMs !== null)
        before.latencies.add(last.atMs, last.latencyMs);
      instances.set(id, now);
    }
    const all = [...instances];
    const answered = all.flatMap(([, { last }]) => (last?.connected ? last : []));
    const latencies = answered.flatMap(({ latencyMs }) => latencyMs ?? []);
    const expiries = answered.flatMap(({ certificateExpiresAt }) => certificateExpiresAt ?? []).sort();
    const versions = [...new Set(answered.flatMap(({ version }) => version ?? []))].sort();
    return {
      organization: service.organization,
      known: { ...before, instances },
      watched: {
        id: service.id,
        members: all.map(([id, each]) => memberOf(id, each)),
        expected: service.instances.map(({ id }) => id),
        dependsOn: service.dependsOn,
        before: stateBefore(before.row),
      },
      fixed: {
        id: service.id,
        name: service.name,
        kind: "service",
        group: service.group,
        owner: service.owner,
        runbookUrl: service.runbookUrl,
        target: targetOf(service.instances.map(({ url }) => url)),
        dependsOn: [...service.dependsOn],
        consumes: [...(service.consumes ?? [])],
        intervalMs: service.intervalMs,
      },
      seen: {
        instances: all.map(([id, each]) => {
          const { state, cause, observedAt } = memberOf(id, each);
          return { id, state, cause, observedAt, latencyMs: each.last?.latencyMs ?? null };
        }),
        version: versions.length === 0 ? null : versions.join(", "),
        latencyMs: latencies.length === 0 ? null : Math.max(...latencies),
        certificateExpiresAt: expiries[0] ?? null,
      },
      raw: rawOf(all.map(([, each]) => each)),
      outcomeMs: Math.max(0, ...all.map(([, { checkedAtMs }]) => checkedAtMs ?? 0)),
      detail: isNew ? detailOf(service, instances) : null,
    };
  };

  const rowOf = (thing: Thing, rolled: RolledUp, nowMs: number): Known => {
    const { known: own, organization, fixed, seen, raw, outcomeMs } = thing;
    const maintenance = deps.maintenance.activeOf(organization, fixed.id, nowMs);
    const isHeard = raw !== null && outcomeMs > own.beatOutcomeMs;
    const beats = addBeat(
      own.beats,
      { state: isHeard ? raw : null, isMaintained: maintenance !== null },
      { nowMs, intervalMs: fixed.intervalMs },
    );
    const row: ObservedService = {
      ...fixed,
      ...seen,
      organization,
      maintenance,
      state: rolled.state,
      label: labels[rolled.state],
      cause: rolled.cause,
      since: isoOf(rolled.sinceMs),
      observedAt: rolled.observedAt,
      explainedBy: rolled.explainedBy,
      affects: rolled.affects,
      latencyMsP95: own.latencies.p95() ?? own.adoptedP95,
      beats: beats.text,
      ...uptimeOf(uptimes.of(organization, fixed.id) ?? own.row ?? noUptime),
    };
    return {
      ...own,
      row: own.row !== null && isSame(own.row, row) ? own.row : row,
      beats,
      beatOutcomeMs: beats.atMs === own.beats.atMs ? own.beatOutcomeMs : nowMs,
    };
  };

  const board: Board<ObservedService> = {
    adopt(rows) {
      known = new Map(rows.map((row) => [row.id, adoptRow(row)]));
    },
    observe(seen: Seen) {
      const { nowMs } = seen;
      isObserving = true;
      deps.maintenance.poke();
      uptimes.poke();
      checks.poke(nowMs);
      const own = deps.own(nowMs);
      ownProcesses = own?.service ?? null;
      const newest = new Map([...checks.checks(), ...(own?.checks ?? [])]);
      const things = [
        ...watchedServices().map((service) => serviceThing(service, newest, nowMs)),
        ...serverRows.rows(seen).map((server) => serverThing(server, knownOf(server.id))),
      ];
      // Rolled up per organization, so that no organization learns the name of a cause in another one.
      const rolled = new Map(
        [...groupBy(things, ({ organization }) => organization).values()].flatMap((some) => [
          ...rollUp(
            some.map(({ watched }) => watched),
            nowMs,
          ),
        ]),
      );
      const changes: ObservedChange[] = [];
      const next = new Map<string, Known>();
      const rows: ObservedService[] = [];
      for (const thing of things) {
        const whole = rolled.get(thing.watched.id);
        if (!whole) continue;
        const now = rowOf(thing, whole, nowMs);
        next.set(thing.watched.id, now);
        if (now.row) rows.push(now.row);
        const change = now.row && changeOf(thing.known.row, now.row, nowMs);
        if (change) changes.push(change);
      }
      // After a start there is no data yet; continue with what was seen before it.
      const paused = known.get(ownService);
      if (paused && ownProcesses === null) next.set(ownService, paused);
      known = next;
      deps.kept.retain(new Set(next.keys()));
      deps.onDetails(
        new Map(things.flatMap(({ watched, detail }) => (detail === null ? [] : [[watched.id, detail]]))),
      );
      return { rows, changes };
    },
    rest() {
      isObserving = false;
      deps.kept.clear();
      checks.rest();
    },
  };

  return {
    board,
    /**
     * Instances with all details they reported last; null unless this process is the collector and has
     * checked them itself.
     */
    detail(id: string): ServiceDetail["instances"] | null {
      if (!isObserving) return null;
      const service = watchedServices().find((each) => each.id === id);
      const own = known.get(id);
      if (!service || !own || ![...own.instances.values()].some(({ last }) => last !== null)) return null;
      return detailOf(service, own.instances);
    },
  };
}

/** A Redis or Postgres server as a service, with its latest sample as the check. */
function serverThing(server: ObservedServer, before: Known): Thing {
  const outcomeMs = server.observedAt === null ? 0 : Date.parse(server.observedAt);
  if (server.roundTripMs !== null && server.state !== "down" && outcomeMs > before.beatOutcomeMs)
    before.latencies.add(outcomeMs, server.roundTripMs);
  const { id, state, cause, observedAt } = server;
  return {
    organization: server.organization,
    known: before,
    watched: {
      id,
      expected: [],
      dependsOn: [],
      members: [{ id, state, cause, observedAt, sinceMs: Date.parse(server.since) }],
      before: { state, sinceMs: Date.parse(server.since) },
    },
    fixed: {
      id,
      name: server.name,
      kind: server.kind,
      group: null,
      owner: null,
      runbookUrl: null,
      target: null,
      dependsOn: [],
      intervalMs: server.intervalMs,
    },
    seen: {
      instances: [],
      version: server.redis?.version ?? server.postgres?.version ?? null,
      latencyMs: state === "down" ? null : server.roundTripMs,
      certificateExpiresAt: null,
    },
    raw: state,
    outcomeMs: state === "down" ? Number.POSITIVE_INFINITY : outcomeMs,
    detail: null,
  };
}

/** Until uptimes are read here, those of the previous collector are kept. */
const uptimeOf = ({ uptime, uptimeKnown }: Uptime): Uptime => ({ uptime, uptimeKnown });

const detailOf = (service: WatchedService, instances: ReadonlyMap<string, Instance>) =>
  service.instances.map(({ id, url }) => instanceDetail(id, targetOf([url]), instances.get(id)));

function adoptRow(row: ObservedService): Known {
  const sinceMs = Date.parse(row.since);
  return {
    row,
    instances: new Map(row.instances.map((part) => [part.id, adoptInstance(part, sinceMs)])),
    beats: { text: row.beats, atMs: row.observedAt === null ? null : Date.parse(row.observedAt) },
    beatOutcomeMs: row.observedAt === null ? 0 : Date.parse(row.observedAt),
    latencies: createLatencies(),
    adoptedP95: row.latencyMsP95,
  };
}

const stateBefore = (row: ObservedService | null) =>
  row === null ? null : { state: row.state, sinceMs: Date.parse(row.since) };

function memberOf(id: string, { steady, checkedAtMs }: Instance): Member {
  const { state, cause, sinceMs } = steady;
  return { id, state, cause, sinceMs, observedAt: checkedAtMs === null ? null : isoOf(checkedAtMs) };
}

/** The worst of the last checks, as the bar shows it: if only some instances fail, it is degraded. */
function rawOf(instances: readonly Instance[]): HealthState | null {
  const states = instances.flatMap(({ raw, checkedAtMs }) => (checkedAtMs === null ? [] : raw));
  if (states.length === 0) return null;
  if (states.every((state) => state === "down")) return "down";
  if (states.some((state) => state === "down" || state === "degraded")) return "degraded";
  return states.includes("unknown") ? "unknown" : "ok";
}

/** `10.0.0.1:8080, 10.0.0.2:8080 and 3 more`; null when there is no address. */
function targetOf(urls: readonly string[]): string | null {
  const hosts = urls.flatMap((url) => (URL.canParse(url) ? new URL(url).host : []));
  if (hosts.length === 0) return null;
  const more = hosts.length > mostTargets ? ` and ${hosts.length - mostTargets} more` : "";
  return `${hosts.slice(0, mostTargets).join(", ")}${more}`;
}

/** Compared field by field, because most rows do not change in most ticks. */
function isSame(before: ObservedService, now: ObservedService): boolean {
  const old = new Map<string, unknown>(Object.entries(before));
  return Object.entries(now).every(([name, value]) => {
    const was = old.get(name);
    return was === value || (typeof value === "object" && JSON.stringify(was) === JSON.stringify(value));
  });
}

function groupBy<T>(all: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of all) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return groups;
}

/** The servers themselves report their changes. */
function changeOf(was: ObservedService | null, row: ObservedService, nowMs: number): ObservedChange | null {
  if (row.kind === "redis" || row.kind === "postgres") return null;
  if (was === null || was.state === row.state) return null;
  const wentUp = row.state === "ok";
  if (wentUp && was.state === "unknown" && was.observedAt === null) return null;
  const text = wentUp ? `${row.name} recovered` : `${row.name} is ${row.state}`;
  const state = row.state === "down" || row.state === "degraded" ? row.state : null;
  const by = wentUp ? "" : (row.cause ?? "");
  const change = { at: isoOf(nowMs), text, by, kind: "health" as const, state };
  const turn = wentUp ? "better" : "worse";
  return { organization: row.organization, subject: row.name, subjectId: row.id, turn, change };
}
