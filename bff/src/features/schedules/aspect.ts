import type { SourceView } from "@wheelhouse/shared/health/health.ts";
import { type ScheduleList, scheduleTopic } from "@wheelhouse/shared/queues/schedules.ts";
import type { Aspect, AspectKey, Board, FoundProblem } from "#observe/aspect.ts";
import { createPublicRows } from "#observe/spread/spread.ts";
import { type ObservedSchedule, scheduleRows } from "./rows.ts";

const publicRows = createPublicRows<ObservedSchedule>();
const nodeOf = (id: string) => `schedule:${id}`;

const titles: Record<string, string> = {
  Failed: "last run failed",
  "Timed out": "last run timed out",
  Missed: "missed its run",
  Overdue: "overdue",
};

function problemOf(row: ObservedSchedule): FoundProblem | null {
  const title = titles[row.label];
  if (title === undefined) return null;
  const wrong = row.recent.filter((outcome) => outcome !== "completed" && outcome !== "running").length;
  return {
    state: "degraded",
    label: row.label,
    subject: row.name,
    title,
    cause: row.cause ?? row.label,
    affects: `${wrong} of its last ${row.recent.length} runs`,
    countsDependants: false,
    since: row.since,
    area: "schedules",
    path: `schedules?schedule=${encodeURIComponent(row.id)}`,
  };
}

/** @param servers rows of the Redis servers that hold the schedules. */
export function createSchedulesAspect({
  servers,
  board,
}: {
  servers: AspectKey<SourceView & { organization: string }>;
  board?: Board<ObservedSchedule>;
}): Aspect<ObservedSchedule> {
  return {
    key: scheduleRows.key,
    board,
    list(rows, part): ScheduleList {
      const own = new Set(servers.rows(part).map(({ id }) => id));
      return {
        observedAt: part.observedAt,
        intervalMs: part.intervalMs,
        items: rows.map(publicRows.of).sort((a, b) => scheduleTopic.order(a, b, part.atMs)),
        nextCursor: null,
        unread: (scheduleRows.extra(part)?.unread ?? []).filter(({ source }) => own.has(source)),
      };
    },
    findings: (rows) =>
      rows.map((row) => ({
        node: nodeOf(row.id),
        state: row.state,
        // A schedule is no check of its own: what keeps it from running is.
        check: null,
        explainedBy: null,
        problem: problemOf(row),
      })),
    edges: {
      noun: "schedule",
      of: (rows) =>
        rows.flatMap(({ id, queue }) =>
          queue === null ? [] : [{ from: nodeOf(id), to: `queue:${queue.id}` }],
        ),
    },
    frames: [{ part: "schedules", text: (_rows, { encoded }) => encoded.plain() }],
    journal: { kind: "schedule", name: ({ name }) => name, word: ({ label }) => label },
    gauges: [
      {
        name: "schedule_overdue_seconds",
        help: "How long ago a schedule should have run; 0 if it is on time",
        labels: ["organization", "schedule"],
        tell({ organization, id, state, overdueSince }, set) {
          if (state !== "unknown")
            set(
              { organization, schedule: id },
              overdueSince === null ? 0 : Math.max(0, (Date.now() - Date.parse(overdueSince)) / 1_000),
            );
        },
        most: 1_000,
      },
      {
        name: "schedule_last_run_failed",
        help: "Whether the last run of a schedule failed, timed out or was missed (1) or not (0)",
        labels: ["organization", "schedule"],
        tell({ organization, id, state, label }, set) {
          if (state !== "unknown") set({ organization, schedule: id }, titles[label] === undefined ? 0 : 1);
        },
        most: 1_000,
      },
    ],
  };
}
