import type { ScheduleRow } from "@wheelhouse/shared/queues/schedules.ts";
import type { Filter, FilterKey } from "#ui/filter/filter-tokens.ts";

const outcomes = [
  "Failed",
  "Timed out",
  "Missed",
  "Overdue",
  "Unknown",
  "Running",
  "Completed",
  "Paused",
].map((label) => ({ value: label.toLowerCase().replaceAll(" ", "-"), label }));

const outcomeOf = ({ label }: ScheduleRow) => label.toLowerCase().replaceAll(" ", "-");

/** Keys of the filter; zones and queues come from the list. */
export const scheduleFilterKeys = (rows: readonly ScheduleRow[]): readonly FilterKey[] => {
  const namesOf = (pick: (row: ScheduleRow) => string | null | undefined) =>
    [...new Set(rows.flatMap((row) => pick(row) ?? []))].sort().map((value) => ({ value }));
  const queues = namesOf(({ queue }) => queue?.name);
  return [
    { key: "outcome", values: outcomes },
    { key: "zone", values: namesOf(({ timeZone }) => timeZone) },
    ...(queues.length > 0 ? [{ key: "queue", values: queues }] : []),
  ];
};

/** Rows that match every token (a comma means "or") and contain every word of the text. */
export const filterSchedules = (rows: readonly ScheduleRow[], filter: Filter): readonly ScheduleRow[] => {
  if (filter.tokens.length === 0 && filter.text === "") return rows;
  const wanted = filter.text.toLowerCase().split(/\s+/);
  return rows.filter((row) => {
    const named = `${row.name} ${row.runs} ${row.pattern ?? ""} ${row.queue?.name ?? ""}`.toLowerCase();
    const actual: Record<string, string> = {
      outcome: outcomeOf(row),
      zone: row.timeZone ?? "",
      queue: row.queue?.name ?? "",
    };
    return (
      wanted.every((word) => named.includes(word)) &&
      filter.tokens.every(({ key, value }) => value.split(",").includes(actual[key] ?? ""))
    );
  });
};
