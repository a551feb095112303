import { checkService, readService } from "@wheelhouse/shared/health/health.ts";
import type { Report } from "@wheelhouse/shared/reporter/report.ts";
import type { FastifyInstance } from "fastify";
import type { Redis } from "ioredis";
import type { Logger } from "pino";
import { z } from "zod";
import type { Changes } from "#lib/change.ts";
import type { Subscribe } from "#lib/channel.ts";
import { AppError, notFound } from "#lib/http/errors.ts";
import { route } from "#lib/http/route.ts";
import type { Database } from "#lib/postgres/postgres.ts";
import type { Clock } from "#lib/time/clock.ts";
import type { OrganizationKey } from "#observe/aspect.ts";
import type { OwnProcess } from "#observe/reports/reports.ts";
import type { Catalogue } from "#observe/sources/sources.ts";
import type { Past, SnapshotStore } from "#observe/spread/spread.ts";
import type { HealthChecks } from "../checks/checks.ts";
import { readOwnProcesses } from "../own/own.ts";
import { serviceRows } from "../rows.ts";
import { createHealthAspect } from "./aspect.ts";
import { createServicesBoard, type ServicesBoardDeps } from "./board.ts";
import { createDetailStore } from "./detail-store.ts";
import { createKeptDetails } from "./kept-details.ts";
import { createMaintenanceWindows } from "./maintenance.ts";
import { serviceSeen } from "./now.ts";
import { pastService } from "./past.ts";

const checkNowKey = (id: string) => `wheelhouse:observe:check-now:${id}`;
/** Minimum time between requested checks of the same service. */
const checkNowEveryMs = 5_000;

export type ServicesDeps = {
  catalogue: Catalogue;
  checks: HealthChecks;
  uptimes: ServicesBoardDeps["uptimes"];
  /** The latest reports of Wheelhouse's own processes. */
  ownReports(): readonly Report[];
  database: Database;
  redis: Redis;
  subscribe: Subscribe;
  changes: Changes;
  clock: Clock;
  log: Logger;
};

/** Watched services: their board for the collector, details, maintenance windows, and checks on demand. */
export function createServices(deps: ServicesDeps) {
  const { catalogue, checks, uptimes, database, redis, subscribe, changes, clock, log } = deps;
  const maintenance = createMaintenanceWindows({ database, changes, clock });
  const details = createDetailStore({ redis, log });
  const kept = createKeptDetails();
  const own = (nowMs: number) => readOwnProcesses(deps.ownReports(), catalogue.current(), nowMs);
  const services = createServicesBoard({
    catalogue,
    uptimes,
    checks,
    own,
    maintenance: { poke: maintenance.poke, activeOf: maintenance.activeOf },
    kept,
    onDetails(told) {
      details.keep(told);
      kept.keep(told);
    },
  });

  // The collector runs the check, which may be another process than the one that got the request.
  const asked = subscribe({
    topic: "checks.asked",
    message: z.object({ serviceId: z.string() }),
    onMessage: ({ serviceId }) => checks.hurry(serviceId),
  });

  return {
    aspect: createHealthAspect({
      board: services.board,
      details: kept,
      processes: (): readonly OwnProcess[] => own(clock.now())?.measured ?? [],
    }),
    routes(app: FastifyInstance, { snapshots, past }: { snapshots: SnapshotStore; past: Past }) {
      const rowsOf = (organization: OrganizationKey) => snapshots.viewsOf(organization).rows(serviceRows);
      maintenance.routes(app, (organization) => new Set(rowsOf(organization).map(({ id }) => id)));

      route(app, readService, async ({ params, query }, { organization }) => {
        if (query.at !== undefined) return pastService(past, organization.id, params.id, query.at);
        const known = serviceSeen(snapshots.viewsOf(organization).part, params.id);
        if (!known) throw notFound("service");
        const [instances, windows] = await Promise.all([
          services.detail(params.id) ?? details.read(params.id),
          // Without Postgres the rest of the detail is still worth showing.
          maintenance.comingOf(organization.id, params.id).catch(() => []),
        ]);
        return { ...known, instances, maintenance: windows };
      });

      route(app, checkService, async ({ params }, context) => {
        const row = rowsOf(context.organization).find(({ id }) => id === params.id);
        if (!row) throw notFound("service");
        if (row.kind !== "service" || row.target === null)
          throw new AppError(
            "conflict",
            "Wheelhouse does not check this service itself, so it cannot check it now.",
          );
        const free = await redis.set(checkNowKey(row.id), "1", "PX", checkNowEveryMs, "NX");
        if (free === null)
          throw new AppError(
            "rate_limited",
            "This service was checked a moment ago; the result is on its way.",
            {
              retryAfterSeconds: checkNowEveryMs / 1_000,
            },
          );
        const result = await changes.run(context, checkService.action, async () => ({
          result: { askedAt: new Date(clock.now()).toISOString() },
          audit: { targets: [{ type: "service", id: row.id, name: row.name }] },
        }));
        checks.hurry(row.id);
        asked.publish({ serviceId: row.id });
        return result;
      });
    },
  };
}
