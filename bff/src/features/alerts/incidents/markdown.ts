import type { IncidentDetail, IncidentRow } from "@wheelhouse/shared/alerts/incidents.ts";
import { formatSpan } from "@wheelhouse/shared/span.ts";

const utc = (at: string) => `${at.slice(0, 10)} ${at.slice(11, 19)} UTC`;
const clock = (at: string) => at.slice(11, 19);
/** Text of others must not become markup. */
const plain = (text: string) => text.replace(/[\\`*_[\]<>|#]/g, "\\$&").replace(/\s+/g, " ");
const headline = ({ number, subject, title }: IncidentRow) =>
  `INC-${number} ${plain(subject)}: ${plain(title)}`;
const bars = "▁▂▃▄▅▆▇█";

/** Values as a line of blocks; `·` where there is none. */
function sparkOf(values: readonly (number | null)[], most = 60): string {
  const each = Math.max(1, Math.ceil(values.length / most));
  const points: (number | null)[] = [];
  for (let at = 0; at < values.length; at += each) {
    const known = values.slice(at, at + each).filter((value) => value !== null);
    points.push(known.length === 0 ? null : Math.max(...known));
  }
  const known = points.filter((value) => value !== null);
  const [low, high] = [Math.min(...known), Math.max(...known)];
  return points
    .map((value) =>
      value === null
        ? "·"
        : (bars[high === low ? 0 : Math.round(((value - low) / (high - low)) * (bars.length - 1))] ?? ""),
    )
    .join("");
}

const lasted = ({ startedAt, resolvedAt }: IncidentRow, nowMs: number) =>
  formatSpan((resolvedAt === null ? nowMs : Date.parse(resolvedAt)) - Date.parse(startedAt));

/** An incident for the review. */
export function incidentMarkdown(
  incident: IncidentDetail,
  of: { nowMs: number; chart: { name: string; values: readonly (number | null)[] } | null },
): string {
  const { status, severity, startedAt, resolvedAt, resolvedBy, acknowledgedAt, acknowledgedBy } = incident;
  const facts = [
    ["Severity", severity],
    [
      "State",
      status === "open" ? "firing" : `resolved${resolvedBy === null ? "" : ` by ${plain(resolvedBy)}`}`,
    ],
    ["Began", utc(startedAt)],
    ["Ended", resolvedAt === null ? "still open" : utc(resolvedAt)],
    ["Lasted", lasted(incident, of.nowMs)],
    [
      "Acknowledged",
      acknowledgedAt === null ? "by nobody" : `${utc(acknowledgedAt)} by ${plain(acknowledgedBy ?? "")}`,
    ],
    ["Alerts", String(incident.alerts)],
    ["Rule", `${plain(incident.ruleName)} (${incident.rule})`],
  ];
  const lines = [
    `# ${headline(incident)}`,
    "",
    plain(incident.cause),
    "",
    "| | |",
    "|---|---|",
    ...facts.map(([name, value]) => `| ${name} | ${value} |`),
    "",
  ];
  if (of.chart) lines.push(`## ${plain(of.chart.name)}`, "", "```", sparkOf(of.chart.values), "```", "");
  if (incident.changesBefore.length > 0)
    lines.push(
      "## What changed just before",
      "",
      ...incident.changesBefore.map(
        ({ at, text, by, isRelated }) =>
          `- ${utc(at)} ${plain(text)} (${plain(by)}${isRelated ? ", related" : ""})`,
      ),
      "",
    );
  if (incident.affected.length > 0)
    lines.push(
      "## Affected",
      "",
      ...incident.affected.map(({ name, state }) => `- ${plain(name)} (${state})`),
      "",
    );
  lines.push(
    "## Time line",
    "",
    ...incident.entries
      .toReversed()
      .map(({ at, text, by }) => `- ${clock(at)} ${plain(text)}${by === null ? "" : ` (${plain(by)})`}`),
    "",
  );
  return lines.join("\n");
}

/** A shift for the next one. */
export function handoverMarkdown(of: {
  from: string;
  to: string;
  open: readonly IncidentRow[];
  happened: readonly IncidentRow[];
  notes: readonly { number: number; text: string; by: string | null }[];
  nowMs: number;
}): string {
  const line = (row: IncidentRow) =>
    `- ${headline(row)}, ${row.severity}, ${lasted(row, of.nowMs)}${row.status === "open" ? `, ${row.acknowledgedBy === null ? "not acknowledged" : `acknowledged by ${plain(row.acknowledgedBy)}`}` : ""}`;
  const list = (rows: readonly IncidentRow[]) => (rows.length === 0 ? ["Nothing."] : rows.map(line));
  return [
    `# Hand-over, ${utc(of.from)} to ${utc(of.to)}`,
    "",
    `## Open (${of.open.length})`,
    "",
    ...list(of.open),
    "",
    `## In this time (${of.happened.length})`,
    "",
    ...list(of.happened),
    ...(of.notes.length > 0
      ? [
          "",
          "## Notes",
          "",
          ...of.notes.map(({ number, text, by }) => `- INC-${number}: ${plain(text)} (${plain(by ?? "")})`),
        ]
      : []),
    "",
  ].join("\n");
}
