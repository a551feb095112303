import type { ServiceDetail } from "@wheelhouse/shared/health/health.ts";
import type { Part } from "#observe/aspect.ts";
import { serverRows, serviceRows } from "../rows.ts";
import { publicServers } from "../servers/servers.ts";
import { publicServices } from "./aspect.ts";

const mostJournal = 50;

/** The part of a service's detail that every process has; null when there is no such service. */
export function serviceSeen(
  part: Part,
  serviceId: string,
): Omit<ServiceDetail, "instances" | "maintenance"> | null {
  const all = serviceRows.rows(part);
  const own = all.find((each) => each.id === serviceId);
  if (!own) return null;
  const server = serverRows.rows(part).find(({ id }) => id === serviceId);
  return {
    observedAt: part.observedAt,
    intervalMs: part.intervalMs,
    service: publicServices.of(own),
    server: server ? publicServers.of(server) : null,
    calledBy: all.filter(({ dependsOn }) => dependsOn.includes(serviceId)).map((caller) => caller.id),
    latencyMs: part.hourTrend(`latency:${serviceId}`),
    journal: part
      .changes()
      .filter(({ change, subject }) => subject === own.name && change.kind === "health")
      .slice(0, mostJournal)
      .map(({ change: { at, text, state, by } }) => ({
        at,
        state: state ?? "ok",
        text: by === "" ? text : `${text}. ${by}`,
      })),
  };
}
