import type { Operation } from "@wheelhouse/shared/operations.ts";
import type { ControlAct, ControlReply } from "@wheelhouse/shared/reporter/control.ts";
import { AppError, invalidField, notFound } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import type { ControlChannel, ReportingInstance } from "#observe/reports/reports.ts";
import { partsOfReportedId } from "#observe/reports/reports.ts";
import type { SnapshotStore } from "#observe/spread/spread.ts";
import { isFarMore } from "./growth.ts";
import { cacheRows } from "./rows.ts";

type What = { by: "key" | "pattern" | "tag"; value: string };
export type CommandsDeps = {
  snapshots: SnapshotStore;
  channel: Pick<ControlChannel, "sourcesOf" | "instancesOf" | "ask">;
  run(
    context: RequestContext,
    request: {
      kind: string;
      action: "cache.entries.invalidate";
      target: { type: string; id: string; name: string };
      sourceId: string;
      service: string;
      act: ControlAct;
      instances: string[];
      reason: string;
      fields: Record<string, string | number>;
    },
  ): Promise<Operation>;
};

const instancesMax = 200;

/**
 * Invalidation of named caches: counted first, then sent to every instance that reports the cache in one of
 * the organization's own Redis servers. An instance that reported recently but not now is addressed, too, and
 * listed when it does not respond.
 */
export function createCacheCommands({ snapshots, channel, run }: CommandsDeps) {
  const cacheIn = ({ report }: ReportingInstance, name: string) =>
    report?.caches.find((cache) => cache.name === name);

  async function reportersOf(context: RequestContext, id: string, by: What["by"], field: string) {
    const named = partsOfReportedId(id);
    if (!named) throw notFound("cache");
    const { service, name } = named;
    for (const sourceId of channel.sourcesOf(context.organization.slug, service)) {
      const found = await channel.instancesOf(sourceId, service);
      if (!found.some((instance) => cacheIn(instance, name))) continue;
      const addressed = found.filter((instance) => instance.report === null || cacheIn(instance, name));
      if (!addressed.some((instance) => cacheIn(instance, name)?.invalidateBy.includes(by)))
        throw invalidField(field, `this cache cannot be invalidated by ${by}`);
      const instances = addressed.map(({ instance }) => instance).sort();
      return { service, name, sourceId, instances: instances.slice(0, instancesMax) };
    }
    const rows = snapshots.viewsOf(context.organization).rows(cacheRows);
    if (!rows.some((row) => row.id === id)) throw notFound("cache");
    throw new AppError("conflict", "No instance reports this cache now, so it cannot be invalidated.");
  }

  async function preview(context: RequestContext, id: string, { by, value }: What, field = "query.by") {
    const { service, name, sourceId, instances } = await reportersOf(context, id, by, field);
    const act = { kind: "cache.invalidate" as const, cache: name, by, value, preview: true };
    const replies: Record<string, ControlReply> = await channel.ask(sourceId, { service, act, instances });
    const answers = instances.map((instance) => ({
      instance,
      outcome: replies[instance]?.outcome ?? ("no answer" as const),
      detail: replies[instance]?.detail ?? null,
      count: replies[instance]?.count ?? null,
    }));
    return { count: Math.max(0, ...answers.map(({ count }) => count ?? 0)), instances: answers };
  }

  return {
    /** Counts on every instance, within 2 s. */
    preview: (context: RequestContext, id: string, what: What) => preview(context, id, what),
    async invalidate(
      context: RequestContext,
      id: string,
      { by, value, count, reason }: What & { count: number; reason: string },
    ): Promise<Operation> {
      const now = await preview(context, id, { by, value }, "body.by");
      if (isFarMore(now.count, count))
        throw new AppError(
          "conflict",
          `This would now remove ${now.count} entries, not ${count}. Nothing was removed; count again.`,
        );
      const { service, name, sourceId, instances } = await reportersOf(context, id, by, "body.by");
      return run(context, {
        kind: "cache.invalidate",
        action: "cache.entries.invalidate" as const,
        target: { type: "cache", id, name: `${name} of ${service}` },
        sourceId,
        service,
        instances,
        reason,
        fields: { by, value, count: now.count },
        act: { kind: "cache.invalidate", cache: name, by, value, preview: false },
      });
    },
  };
}
