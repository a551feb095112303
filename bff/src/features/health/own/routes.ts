import { createHash, timingSafeEqual } from "node:crypto";
import { isStale } from "@wheelhouse/shared/freshness.ts";
import type { EventLoopFigures } from "@wheelhouse/shared/reporter/report.ts";
import type { FastifyInstance, FastifyRequest } from "fastify";
import ipaddr from "ipaddr.js";
import type { Registry } from "prom-client";
import { AppError } from "#lib/http/errors.ts";
import type { Clock } from "#lib/time/clock.ts";
import { ownService, platform } from "#observe/reports/reports.ts";
import type { SnapshotStore } from "#observe/spread/spread.ts";
import { observationsOf } from "#observe/tick/tick.ts";
import { serviceRows } from "../rows.ts";
import type { Readiness } from "./readiness.ts";

type OwnHealthDeps = {
  readiness: Readiness;
  snapshots: SnapshotStore;
  metrics: Registry;
  /** The queues that do Wheelhouse's own work. */
  ownQueues(): readonly unknown[];
  /** What Wheelhouse runs again and again, with the last and the next run of each. */
  ownSchedules(): readonly unknown[];
  /** Of this process; null before the first measurement. */
  eventLoop(): EventLoopFigures | null;
  /** Id of this process among those that can be the collector. */
  owner: string;
  roles: readonly string[];
  /**
   * Gives callers on other machines access to the non-public endpoints; undefined: only this machine has
   * access.
   */
  token: string | undefined;
  clock: Clock;
};

/**
 * Wheelhouse's own endpoints outside the API. Liveness checks nothing; readiness is read from memory; the
 * rest is for this machine and for callers with the token.
 */
export function ownHealthRoutes(app: FastifyInstance, deps: OwnHealthDeps) {
  const { readiness, snapshots, metrics, ownQueues, ownSchedules, eventLoop, owner, roles, token, clock } =
    deps;
  const hidden = { schema: { hide: true } };
  const guarded = {
    ...hidden,
    onRequest: async (request: FastifyRequest) => demandAccess(request, token),
  };
  const collector = () => collectorOf(deps);

  app.get("/health/liveness", hidden, () => ({ status: "up" }));
  app.get("/health/readiness", hidden, (_request, reply) => {
    const { ready, isBusy, dependencies } = readiness.read();
    // Causes can contain host names, and this response is public.
    const parts = Object.fromEntries(dependencies.map(({ name, status }) => [name, status]));
    return reply
      .status(ready ? 200 : 503)
      .header("cache-control", "no-store")
      .send({ status: !ready ? "down" : isBusy ? "busy" : "up", dependencies: parts });
  });
  // For routing: a process that has snapshots keeps its requests while a dependency is away.
  app.get("/health/serving", hidden, (_request, reply) => {
    const canServe = snapshots.tick() !== null;
    return reply
      .status(canServe ? 200 : 503)
      .header("cache-control", "no-store")
      .send({ status: canServe ? "up" : "down" });
  });
  app.get("/health", guarded, (request, reply) => {
    const { ready, dependencies } = readiness.read();
    const own = collector();
    const status = !ready ? "down" : own.status === "stale" ? "degraded" : "up";
    const time = new Date(clock.now()).toISOString();
    reply
      .status(ready ? 200 : 503)
      .header("cache-control", "no-store")
      .header("vary", "accept");
    if (!asksForHealthJson(request)) return reply.send({ status, time, dependencies, collector: own });
    const checks = healthChecks(dependencies, own);
    return reply
      .type(healthJson)
      .send(JSON.stringify({ status: healthWords[status], serviceId: "wheelhouse", time, checks }));
  });
  app.get("/health/workers", guarded, () => ({
    owner,
    roles,
    uptimeSeconds: Math.round(process.uptime()),
    residentBytes: process.memoryUsage.rss(),
    eventLoop: eventLoop(),
    collector: collector(),
    processes: ownProcesses(snapshots),
    queues: ownQueues(),
    schedules: ownSchedules(),
  }));
  app.get("/health/metrics", guarded, () => metrics.getMetricsAsJSON());
  app.get("/metrics", guarded, async (_request, reply) =>
    reply.type(metrics.contentType).send(await metrics.metrics()),
  );
}

type Collector = { status: "up" | "stale"; observedAt: string | null };

function collectorOf({ snapshots, owner, clock }: Pick<OwnHealthDeps, "snapshots" | "owner" | "clock">) {
  const head = snapshots.tick()?.head;
  const stale = !head || isStale(head.observedAt, head.intervalMs, clock.now());
  return {
    status: stale ? ("stale" as const) : ("up" as const),
    observedAt: head?.observedAt ?? null,
    leads: head?.observer === owner && head.term > 0,
  };
}

/** The processes of this installation, as the collector sees them. */
function ownProcesses(snapshots: SnapshotStore) {
  const tick = snapshots.tick();
  const rows = tick === null ? [] : serviceRows.rows(observationsOf(tick));
  const own = rows.find(({ id, organization }) => id === ownService && organization === platform);
  return (own?.instances ?? []).map(({ id, state, cause, observedAt }) => ({ id, state, cause, observedAt }));
}

/** The parts of the response in health+json. */
function healthChecks(
  dependencies: ReturnType<OwnHealthDeps["readiness"]["read"]>["dependencies"],
  own: Collector,
) {
  return {
    ...Object.fromEntries(
      dependencies.map(({ name, status: state, cause, observedAt }) => [
        `${name}:connectivity`,
        [check("datastore", state === "up" ? "pass" : "fail", observedAt, cause)],
      ]),
    ),
    "collector:observation": [
      check("component", own.status === "up" ? "pass" : "warn", own.observedAt, null),
    ],
  };
}

// draft-inadarei-api-health-check-06.
const healthJson = "application/health+json";
const healthWords = { up: "pass", degraded: "warn", down: "fail" } as const;

const asksForHealthJson = ({ headers }: FastifyRequest) =>
  (headers.accept ?? "").split(",").some((part) => part.trim().toLowerCase().startsWith(healthJson));

const check = (componentType: string, status: string, time: string | null, output: string | null) => ({
  componentType,
  status,
  ...(time === null ? {} : { time }),
  ...(output === null ? {} : { output }),
});

const isLoopback = (address: string | undefined) =>
  address !== undefined && ipaddr.isValid(address) && ipaddr.process(address).range() === "loopback";

/** A proxy on this machine forwards requests of others, so forwarded requests do not count as local. */
function isOnThisMachine(request: FastifyRequest): boolean {
  const forwarded = request.headers["x-forwarded-for"] ?? request.headers.forwarded;
  return forwarded === undefined && isLoopback(request.socket.remoteAddress) && isLoopback(request.ip);
}

function demandAccess(request: FastifyRequest, token: string | undefined): void {
  if (!isOnThisMachine(request) && !bearsToken(request, token))
    throw new AppError("unauthenticated", "Reading this from another machine requires a token.");
}

function bearsToken(request: FastifyRequest, token: string | undefined): boolean {
  const given = /^Bearer +(\S{1,200})$/i.exec(request.headers.authorization ?? "")?.[1];
  if (!given || !token) return false;
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}
