import type { IncidentRow } from "@wheelhouse/shared/alerts/incidents.ts";
import type { Severity } from "@wheelhouse/shared/alerts/rules.ts";
import { Status, type Tone } from "#ui/page/status.tsx";

const tones: Record<Severity, Tone> = { critical: "down", warning: "degraded", info: "neutral" };

/** State of an incident; firing keeps the shape of its severity. */
export const IncidentStatus = ({ incident }: { incident: IncidentRow }) => {
  const { status, severity, hasData } = incident;
  if (status === "resolved") return <Status tone="ok" label="Resolved" inRow />;
  return <Status tone={hasData ? tones[severity] : "unknown"} label={hasData ? "Firing" : "No data"} />;
};

export const nameOf = ({ number }: { number: number }): string => `INC-${number}`;
export const headlineOf = ({ subject, title }: Pick<IncidentRow, "subject" | "title">): string =>
  `${subject}: ${title}`;
