import type { AuditAction } from "@wheelhouse/shared/audit-actions.ts";
import type { BreakerCommand } from "@wheelhouse/shared/breaker-state.ts";
import type { Operation } from "@wheelhouse/shared/operations.ts";
import type { ControlAct } from "@wheelhouse/shared/reporter/control.ts";
import { uuidv7 } from "uuidv7";
import { z } from "zod";
import { AppError, invalidField, notFound } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import type { Clock } from "#lib/time/clock.ts";
import type { ControlChannel, ReportingInstance } from "#observe/reports/reports.ts";
import { partsOfReportedId } from "#observe/reports/reports.ts";
import type { SnapshotStore } from "#observe/spread/spread.ts";
import { ownBreakersService } from "./own.ts";
import { breakerRows } from "./rows.ts";

export type CommandsDeps = {
  /** Closes the breaker of one of Wheelhouse's own endpoints, with its audit row. */
  resetOwn(context: RequestContext, endpointId: string, reason: string): Promise<unknown>;
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
export function createBreakerCommands({
  snapshots,
  channel,
  run,
  resetOwn,
  clock,
}: CommandsDeps & { clock: Clock }) {
  const breakerIn = ({ report }: ReportingInstance, name: string) =>
    report?.breakers.find((breaker) => breaker.name === name);

  async function reportersOf(organization: string, service: string, name: string) {
    for (const sourceId of channel.sourcesOf(organization, service)) {
      const instances = await channel.instancesOf(sourceId, service);
      if (instances.some((instance) => breakerIn(instance, name))) return { sourceId, instances };
    }
    return null;
  }

  /** All workers share the breaker of an endpoint, so the command is done when it was written. */
  async function commandOwn(
    context: RequestContext,
    command: BreakerCommand,
    id: string,
    endpointId: string,
    reason: string,
  ): Promise<Operation> {
    if (!z.uuid().safeParse(endpointId).success) throw notFound("breaker");
    if (command !== "reset")
      throw new AppError("conflict", `A breaker of webhook deliveries does not support ${words[command]}.`);
    await resetOwn(context, endpointId, reason);
    const at = new Date(clock.now()).toISOString();
    return {
      operationId: uuidv7(),
      kind: `breaker.${command}`,
      target: id,
      by: context.actor.display,
      reason,
      requestedAt: at,
      expiresAt: at,
      holdUntil: null,
      endedAt: at,
      state: "done",
      outcomes: [{ instance: "all workers", outcome: "obeyed", detail: null, count: null }],
    };
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
    if (service === ownBreakersService) return commandOwn(context, command, id, name, reason);
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
