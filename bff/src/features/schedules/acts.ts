import type { EndpointParsed } from "@wheelhouse/shared/endpoint.ts";
import type { editSchedule, ScheduleAct } from "@wheelhouse/shared/queues/schedules.ts";
import type { Transaction } from "kysely";
import type { Tables } from "#database/tables.ts";
import type { AuditEntry } from "#lib/change.ts";
import type { Core } from "#lib/feature.ts";
import { AppError, invalidField, notFound } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import type { Clock } from "#lib/time/clock.ts";
import { mistakeIn, offsetIn } from "#lib/time/cron.ts";
import type { SnapshotStore } from "#observe/spread/spread.ts";
import { type ObservedSchedule, scheduleRows } from "./rows.ts";
import type { SchedulesStore } from "./store.ts";
import {
  type CommandAct,
  type KeptScheduler,
  keptScheduler,
  type ScheduleCommands,
} from "./watched/watched.ts";

type ActsDeps = {
  store: SchedulesStore;
  snapshots: SnapshotStore;
  /** Wakes a worker for an own schedule. */
  ring(name: string): Promise<void>;
  commands: ScheduleCommands;
  /** A scheduler as its Redis holds it now; null if it is gone. */
  read(id: string): Promise<KeptScheduler | null>;
  clock: Clock;
};
type Verb = "run" | "pause" | "resume" | "edit" | "remove";
type Change = EndpointParsed<typeof editSchedule>["body"];
type Repetition = { pattern: string | null; everyMs: number | null; timeZone: string | null };

const done = (detail: string): ScheduleAct => ({ state: "done", detail, operationId: null });
const notPaused = () => new AppError("conflict", "It is not paused.");
const pausedAlready = () => new AppError("conflict", "It is paused already.");

/** The change as asked for. @throws 400 with the field. */
function repetitionOf(change: Change, row: ObservedSchedule): Repetition {
  const { pattern, everyMs } = change;
  if ((pattern === undefined) === (everyMs === undefined))
    throw invalidField("body.pattern", "give either a pattern or an interval");
  if (everyMs !== undefined) return { pattern: null, everyMs, timeZone: null };
  const zone = change.timeZone ?? row.timeZone;
  if (zone !== null && offsetIn(zone, 0) === null)
    throw invalidField("body.timeZone", "is no time zone; use a name such as Europe/Berlin");
  const mistake = mistakeIn(pattern ?? "", zone ?? "UTC");
  if (mistake !== null) throw invalidField("body.pattern", `is no cron pattern: ${mistake}`);
  return { pattern: pattern ?? null, everyMs: null, timeZone: zone };
}

/** What people do with schedules: own ones in Postgres, watched ones by a command to their Redis. */
export function createScheduleActs({ changes }: Pick<Core, "changes">, deps: ActsDeps) {
  const { store, snapshots, ring, commands, read, clock } = deps;

  function find({ organization }: RequestContext, id: string, verb: Verb): ObservedSchedule {
    const rows = snapshots.viewsOf(organization).rows(scheduleRows);
    const row = rows.find((each) => each.id === id);
    if (!row) throw notFound("schedule");
    if (row.readOnly !== null) throw new AppError("conflict", `${row.readOnly}.`);
    if (row.kind === "own" && (verb === "edit" || verb === "remove"))
      throw new AppError("conflict", "This is one of Wheelhouse's own schedules. Pause it instead.");
    return row;
  }

  async function ownAct(
    context: RequestContext,
    row: ObservedSchedule,
    verb: "run" | "pause" | "resume",
    reason: string,
  ): Promise<ScheduleAct> {
    const place = { organizationId: context.organization.id, schedule: row.id };
    const by = context.actor.display;
    await changes.run(context, `schedules.schedule.${verb}`, async (tx) => {
      if (verb === "run" && !(await store.askForRun(tx, row.id, by)))
        throw new AppError("conflict", "It is running now. Wait for the run to end, then run it again.");
      if (verb === "pause" && !(await store.pause(tx, place, { name: row.name, by, reason, template: null })))
        throw pausedAlready();
      if (verb === "resume" && !(await store.resume(tx, place))) throw notPaused();
      return { result: null, audit: entryOf(row, verb, reason, {}) };
    });
    if (verb === "run") await ring(row.name);
    return done(ownOutcomes[verb]);
  }

  /** Accepts a command with its event, and carries it out. */
  async function watchedAct(
    context: RequestContext,
    row: ObservedSchedule,
    verb: Verb,
    told: {
      reason: string;
      fields?: AuditEntry["after"];
      before?: AuditEntry["before"];
      prepare(tx: Transaction<Tables>): Promise<CommandAct>;
    },
  ): Promise<ScheduleAct> {
    const command = await changes.run(context, `schedules.schedule.${verb}`, async (tx) => {
      const act = await told.prepare(tx);
      const accepted = await commands.accept(tx, context, {
        schedule: row.id,
        name: row.name,
        command: verb,
        reason: told.reason,
        act,
      });
      const fields = Object.assign({}, told.fields, { operation: accepted.id, effect: "accepted" });
      return {
        result: { id: accepted.id },
        audit: Object.assign(entryOf(row, verb, told.reason, fields), { before: told.before ?? null }),
      };
    });
    return commands.carry(command.id);
  }

  const current = async (id: string): Promise<KeptScheduler> => {
    const scheduler = await read(id);
    if (!scheduler) throw new AppError("conflict", "It is not in its Redis any more. Reload the page.");
    return scheduler;
  };
  const place = ({ organization }: RequestContext, id: string) => ({
    organizationId: organization.id,
    schedule: id,
  });

  return {
    async run(context: RequestContext, id: string, reason: string): Promise<ScheduleAct> {
      const row = find(context, id, "run");
      if (row.kind === "own") return ownAct(context, row, "run", reason);
      const scheduler = await current(id);
      return watchedAct(context, row, "run", {
        reason,
        async prepare(tx) {
          const dueMs = clock.now();
          await store.noteAsked(tx, place(context, id), { dueMs, askedBy: context.actor.display });
          return { scheduler, change: null, dueMs };
        },
      });
    },
    async pause(context: RequestContext, id: string, reason: string): Promise<ScheduleAct> {
      const row = find(context, id, "pause");
      if (row.kind === "own") return ownAct(context, row, "pause", reason);
      if (row.label === "Paused") throw pausedAlready();
      const template = await current(id);
      return watchedAct(context, row, "pause", {
        reason,
        async prepare(tx) {
          const told = { name: row.name, by: context.actor.display, reason, template };
          if (!(await store.pause(tx, place(context, id), told))) throw pausedAlready();
          return { scheduler: template, change: null, dueMs: null };
        },
      });
    },
    async resume(context: RequestContext, id: string, reason: string): Promise<ScheduleAct> {
      const row = find(context, id, "resume");
      if (row.kind === "own") return ownAct(context, row, "resume", reason);
      return watchedAct(context, row, "resume", {
        reason,
        async prepare(tx) {
          const kept = await store.paused(tx, place(context, id));
          if (!kept) throw notPaused();
          return { scheduler: keptScheduler.parse(kept.template), change: null, dueMs: null };
        },
      });
    },
    async edit(context: RequestContext, id: string, change: Change): Promise<ScheduleAct> {
      const row = find(context, id, "edit");
      if (row.label === "Paused") throw new AppError("conflict", "It is paused. Resume it, then change it.");
      const repetition = repetitionOf(change, row);
      const scheduler = await current(id);
      const { pattern, everyMs, timeZone } = scheduler;
      if (pattern !== change.before.pattern || everyMs !== change.before.everyMs)
        throw new AppError("conflict", `It was changed meanwhile, to ${pattern ?? `every ${everyMs} ms`}.`);
      return watchedAct(context, row, "edit", {
        reason: change.reason,
        before: { pattern, everyMs, timeZone },
        fields: repetition,
        prepare: async () => ({ scheduler, change: repetition, dueMs: null }),
      });
    },
    async remove(context: RequestContext, id: string, reason: string): Promise<ScheduleAct> {
      const row = find(context, id, "remove");
      const kept = row.label === "Paused" ? null : await current(id);
      return watchedAct(context, row, "remove", {
        reason,
        before: { pattern: row.pattern, everyMs: row.everyMs, timeZone: row.timeZone },
        async prepare(tx) {
          const paused = kept ?? (await store.paused(tx, place(context, id)))?.template;
          const scheduler = keptScheduler.safeParse(paused);
          if (!scheduler.success) throw notFound("schedule");
          return { scheduler: scheduler.data, change: null, dueMs: null };
        },
      });
    },
  };
}
export type ScheduleActs = ReturnType<typeof createScheduleActs>;

const ownOutcomes = {
  run: "A worker runs it now",
  pause: "Paused; what falls due meanwhile is skipped",
  resume: "Resumed with its next time",
} as const;

const entryOf = (row: ObservedSchedule, command: Verb, reason: string, fields: object): AuditEntry => ({
  targets: [{ type: "schedule", id: row.id, name: row.name }],
  after: Object.assign({ schedule: row.name, command }, fields),
  reason,
});
