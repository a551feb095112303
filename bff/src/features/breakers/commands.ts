import type { AuditAction } from "@wheelhouse/shared/audit-actions.ts";
import type { BreakerCommand } from "@wheelhouse/shared/breaker-state.ts";
import type { Operation } from "@wheelhouse/shared/operations.ts";
import type { ControlAct } from "@wheelhouse/shared/reporter/control.ts";
import { AppError, invalidField, notFound } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import type { ControlChannel, ReportingInstance } from "#observe/reports/reports.ts";
import { partsOfReportedId } from "#observe/reports/reports.ts";
import type { SnapshotStore } from "#observe/spread/spread.ts";
import { breakerRows } from "./rows.ts";

export type CommandsDeps = {
  snapshots: SnapshotStore;
  channel: Pick<ControlChannel, "sourcesOf" | "instancesOf">;
  run(
    context: RequestContext,
    request: {
      kind: string;
      action: AuditAction;
      target: { type: string; id: string; name: string };
      sourceId: string;
      service: string;
      act: ControlAct;
      instances: string[];
      reason: string;
      fields: Record<string, string>;
      holdMs?: number | undefined;
    },
  ): Promise<Operation>;
};

const instancesMax = 200;

/**
 * Commands to breakers. The recipients are read from the current reports in the organization's Redis servers;
 * an instance that reported recently but not now is addressed, too, and listed when it does not respond.
 */
export function createBreakerCommands({ snapshots, channel, run }: CommandsDeps) {
  const breakerIn = ({ report }: ReportingInstance, name: string) =>
    report?.breakers.find((breaker) => breaker.name === name);

  async function reportersOf(organization: string, service: string, name: string) {
    for (const sourceId of channel.sourcesOf(organization, service)) {
      const instances = await channel.instancesOf(sourceId, service);
      if (instances.some((instance) => breakerIn(instance, name))) return { sourceId, instances };
    }
    return null;
  }

  return async (
    context: RequestContext,
    command: BreakerCommand,
    id: string,
    {
      reason,
      instances: wanted,
      holdMs,
    }: { reason: string; instances?: string[] | undefined; holdMs?: number | undefined },
  ): Promise<Operation> => {
    const named = partsOfReportedId(id);
    if (!named) throw notFound("breaker");
    const { service, name } = named;
    const reporters = await reportersOf(context.organization.slug, service, name);
    if (!reporters) {
      const rows = snapshots.viewsOf(context.organization).rows(breakerRows);
      if (!rows.some((row) => row.id === id)) throw notFound("breaker");
      throw new AppError(
        "conflict",
        "This breaker is read-only: no instance of its service accepts commands.",
      );
    }
    const addressed = reporters.instances.filter(
      (instance) => instance.report === null || breakerIn(instance, name),
    );
    const able = addressed.some((instance) => breakerIn(instance, name)?.commands.includes(command));
    if (!able)
      throw new AppError("conflict", `The library of this breaker does not support ${words[command]}.`);
    const known = addressed.map(({ instance }) => instance).sort();
    const unknown = wanted?.findIndex((instance) => !known.includes(instance)) ?? -1;
    if (unknown >= 0) throw invalidField(`body.instances.${unknown}`, "is not an instance of this breaker");
    return run(context, {
      kind: `breaker.${command}`,
      action: `breakers.breaker.${command}` as const,
      target: { type: "breaker", id, name: `${name} of ${service}` },
      sourceId: reporters.sourceId,
      service,
      reason,
      fields: { command },
      holdMs,
      act: { kind: "breaker", breaker: name, command },
      instances: [...new Set(wanted ?? known)].slice(0, instancesMax),
    });
  };
}

const words: Record<BreakerCommand, string> = {
  open: "forcing it open",
  close: "forcing it closed",
  reset: "resetting it",
};
