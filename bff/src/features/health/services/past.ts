import { healthList, type ServiceDetail } from "@wheelhouse/shared/health/health.ts";
import { AppError, notFound } from "#lib/http/errors.ts";
import { noSeries, type Past, readFrame } from "#observe/spread/spread.ts";
import { readKeptDetails } from "./kept-details.ts";

const spanMs = 60 * 60_000;

/** Empty for frames that did not contain details yet. */
async function toldThen(
  past: Past,
  organizationId: string,
  id: string,
  at: string,
): Promise<ReturnType<typeof readKeptDetails>> {
  try {
    return readKeptDetails((await past.readPart(organizationId, "details", at)).toString(), id);
  } catch (error) {
    if (error instanceof AppError && error.code === "not_found") return new Map();
    throw error;
  }
}

/**
 * A service as it was at a past time. Figures of healthy components are not stored.
 * @throws AppError `not_found`
 */
export async function pastService(
  past: Past,
  organizationId: string,
  id: string,
  at: string,
): Promise<ServiceDetail> {
  const frame = { schema: healthList, part: "health" };
  const { observedAt, intervalMs, items, servers } = await readFrame(past, frame, organizationId, at);
  const service = items.find((each) => each.id === id);
  if (!service) throw notFound("service");
  const of = { kind: "service", id, metrics: ["latencyMs"], at, spanMs } as const;
  const [latencyMs = noSeries] = await past.seriesBefore(organizationId, of);
  const told = await toldThen(past, organizationId, id, at);
  return {
    observedAt,
    intervalMs,
    service,
    latencyMs,
    calledBy: items.filter(({ dependsOn }) => dependsOn.includes(id)).map((caller) => caller.id),
    instances: service.instances.map((instance) => ({
      id: instance.id,
      target: null,
      observedAt: instance.observedAt,
      ...(told.get(instance.id) ?? { components: [], conditions: [] }),
    })),
    server: servers.find((each) => each.id === id) ?? null,
    journal: [],
    maintenance: [],
  };
}
