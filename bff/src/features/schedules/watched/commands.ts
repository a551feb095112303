import type { ScheduleAct } from "@wheelhouse/shared/queues/schedules.ts";
import type { Redis } from "ioredis";
import type { Selectable, Transaction } from "kysely";
import type { Tables } from "#database/tables.ts";
import { type Core, endingAtOnce, type Running } from "#lib/feature.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import { within } from "#lib/time/deadline.ts";
import { type CommandRow, createCommandStore } from "./command-store.ts";
import { carryOut } from "./effects.ts";
import { type CommandAct, commandAct } from "./template.ts";

const answersWithinMs = 2_000;
const applyWithinMs = 5_000;
const sweepEveryMs = 2_000;

class EndedAlready extends Error {}

/** What goes with the end of a command, in its transaction. */
export type OnEnd = (
  tx: Transaction<Tables>,
  command: Selectable<Tables["schedule_commands"]>,
  state: "done" | "refused",
) => Promise<void>;

const isReply = (error: unknown): error is Error => error instanceof Error && error.name === "ReplyError";
/** Errors of BullMQ's own scripts and checks, which another try would repeat. */
const isFinal = (error: unknown): error is Error =>
  isReply(error) || (error instanceof Error && /Scheduler|cron|pattern|Legacy/i.test(error.message));

/**
 * Acts on schedulers of other programs. One transaction accepts the act with its audit event; then it is applied, by any
 * process and again if Redis was away, which is harmless because each act done twice has the effect of once. A second
 * audit event tells the outcome. An act that could not be applied within a minute is refused.
 */
export function createScheduleCommands(
  { database, changes, clock, log }: Pick<Core, "database" | "changes" | "clock" | "log">,
  { connectionOf, onEnd }: { connectionOf(source: string): Redis | undefined; onEnd: OnEnd },
) {
  const store = createCommandStore(database);

  async function end(row: CommandRow, state: "done" | "refused", detail: string) {
    try {
      await changes.runAsSystem(row.org_id, "Wheelhouse", "schedules.schedule.outcome", async (tx) => {
        if (!(await store.end(tx, row, { state, detail }))) throw new EndedAlready();
        await onEnd(tx, row, state);
        return {
          result: null,
          audit: {
            ...(state === "done" ? {} : { outcome: "failure" as const }),
            targets: [{ type: "schedule", id: row.schedule, name: row.name }],
            after: { schedule: row.name, operation: row.id, command: row.command, effect: state },
            reason: row.reason,
          },
        };
      });
    } catch (error) {
      if (!(error instanceof EndedAlready)) throw error;
    }
  }

  /** @returns the outcome; null if it cannot be applied yet. */
  async function apply(row: CommandRow): Promise<{ state: "done" | "refused"; detail: string } | null> {
    const act = commandAct.parse(row.act);
    const redis = connectionOf(act.scheduler.source);
    const isOver = clock.now() > row.expires_at.getTime();
    if (redis === undefined || redis.status !== "ready")
      return isOver ? { state: "refused", detail: "Its Redis did not answer within a minute" } : null;
    try {
      const detail = await within(applyWithinMs, carryOut(redis, row.command, act));
      return { state: "done", detail };
    } catch (error) {
      if (isFinal(error)) return { state: "refused", detail: error.message };
      if (isOver) return { state: "refused", detail: "Its Redis did not answer within a minute" };
      log.debug({ err: error, command: row.id }, "an act on a schedule could not be applied yet");
      return null;
    }
  }

  async function advance(row: CommandRow) {
    const outcome = await apply(row);
    if (outcome !== null) await end(row, outcome.state, outcome.detail);
    return outcome;
  }

  async function sweep() {
    for (const row of await store.open())
      await advance(row).catch((err: unknown) =>
        log.debug({ err, command: row.id }, "an act on a schedule could not be ended yet"),
      );
  }

  return {
    /** Accepts a command in the transaction of its change. */
    accept: (
      tx: Transaction<Tables>,
      context: RequestContext,
      command: Pick<CommandRow, "schedule" | "name" | "command" | "reason"> & { act: CommandAct },
    ): Promise<CommandRow> =>
      store.insert(
        tx,
        Object.assign({ org_id: context.organization.id, actor_display: context.actor.display }, command),
      ),
    /** Applies an accepted command and waits up to 2 s for it. */
    async carry(id: string): Promise<ScheduleAct> {
      const row = await store.byId(id);
      if (row.state !== "accepted") return { state: row.state, detail: row.detail, operationId: id };
      const outcome = await within(answersWithinMs, advance(row)).catch(() => null);
      return {
        state: outcome?.state ?? "accepted",
        detail: outcome?.detail ?? "It will be applied as soon as its Redis answers",
        operationId: id,
      };
    },
    sweep,
    async start(): Promise<Running> {
      const timer = setInterval(() => {
        sweep().catch((err: unknown) => log.debug({ err }, "acts on schedules could not be read"));
      }, sweepEveryMs).unref();
      return endingAtOnce(() => clearInterval(timer));
    },
    forget: store.forget,
  };
}
export type ScheduleCommands = ReturnType<typeof createScheduleCommands>;
