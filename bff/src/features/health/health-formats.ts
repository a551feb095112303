import type { HealthState } from "@wheelhouse/shared/health.ts";
import type { CheckComponent } from "./health-checks.ts";

/** What an instance says of itself. */
export type Report = {
  state: HealthState;
  cause: string | null;
  components: CheckComponent[];
  version: string | null;
};
type Answer = { statusCode: number; body: string };
type Fields = Record<string, unknown>;

const maxComponents = 200;
const maxDepth = 8;
const maxDetails = 20;
const maxText = 300;

// Spring's own, those of resilience4j, and what Spring Boot Admin adds.
const springStates = new Map<string, HealthState>([
  ["UP", "ok"],
  ["DOWN", "down"],
  ["OUT_OF_SERVICE", "down"],
  ["OFFLINE", "down"],
  ["UNKNOWN", "unknown"],
  ["RESTRICTED", "degraded"],
  ["CIRCUIT_OPEN", "degraded"],
  ["CIRCUIT_HALF_OPEN", "degraded"],
]);
const draftStates = new Map<string, HealthState>([
  ["pass", "ok"],
  ["ok", "ok"],
  ["up", "ok"],
  ["warn", "degraded"],
  ["fail", "down"],
  ["error", "down"],
  ["down", "down"],
]);

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const textIn = (fields: Fields, name: string): string | null => {
  const value = fields[name];
  return typeof value === "string" && value !== "" ? value.slice(0, maxText) : null;
};

function parseFields(body: string): Fields | null {
  try {
    const content: unknown = JSON.parse(body);
    return isFields(content) ? content : null;
  } catch {
    return null;
  }
}

/** Single values only; what is nested is a component or is left out. */
function detailsOf(fields: Fields, without: readonly string[]): CheckComponent["details"] {
  const details: Record<string, string | number | boolean | null> = {};
  let count = 0;
  for (const [name, value] of Object.entries(fields)) {
    if (without.includes(name) || ++count > maxDetails) continue;
    const key = name.slice(0, 100);
    if (typeof value === "string") details[key] = value.slice(0, maxText);
    else if (typeof value === "number" || typeof value === "boolean" || value === null) details[key] = value;
  }
  return details;
}

/**
 * Spring Boot Actuator's health, of version 1 to 3: `status` with nested `components` (or `details`). The service's
 * own verdict counts; one that calls itself up with a part that is not is degraded. A status that nobody knows is
 * unknown, never ok.
 * @returns null when it is not of this format.
 */
export function readSpring({ statusCode, body }: Answer): Report | null {
  const content = parseFields(body);
  const rawStatus = content && textIn(content, "status");
  if (!content || !rawStatus) return null;
  const components: CheckComponent[] = [];
  collectSpring(content, "", 1, components);
  const version = isFields(content.build) ? textIn(content.build, "version") : textIn(content, "version");
  const said = springStates.get(rawStatus.toUpperCase()) ?? "unknown";
  const { state, cause } = verdict(said, rawStatus, components, statusCode);
  return { state, cause, components, version };
}

function collectSpring(fields: Fields, path: string, depth: number, into: CheckComponent[]) {
  if (depth > maxDepth) return;
  for (const within of [fields.components, fields.details]) {
    if (!isFields(within)) continue;
    for (const [name, part] of Object.entries(within)) {
      if (into.length >= maxComponents) return;
      const rawStatus = isFields(part) ? textIn(part, "status") : null;
      if (!isFields(part) || rawStatus === null) continue;
      const id = `${path}${name.slice(0, 100)}`;
      const details = isFields(part.details) ? detailsOf(part.details, []) : {};
      const error = typeof details.error === "string" ? details.error : null;
      const state = springStates.get(rawStatus.toUpperCase()) ?? "unknown";
      into.push({
        id,
        state,
        rawStatus,
        details,
        observedAt: null,
        cause: state === "ok" ? null : (error ?? textIn(part, "description") ?? `It says ${rawStatus}`),
      });
      collectSpring(part, `${id}/`, depth + 1, into);
    }
  }
}

/**
 * `application/health+json` (draft-inadarei-api-health-check-06) with its aliases: `checks` by name, each a list of
 * measurements with a status and a time of their own.
 * @returns null when it is not of this format.
 */
export function readHealthJson({ statusCode, body }: Answer): Report | null {
  const content = parseFields(body);
  const rawStatus = content && textIn(content, "status");
  if (!content || !rawStatus) return null;
  const components: CheckComponent[] = [];
  for (const [name, entries] of Object.entries(isFields(content.checks) ? content.checks : {})) {
    const list: unknown[] = Array.isArray(entries) ? entries : [entries];
    for (const [i, entry] of list.entries()) {
      if (components.length >= maxComponents || !isFields(entry)) continue;
      const raw = textIn(entry, "status");
      // A measurement without a status tells no more than its figure.
      const state = raw === null ? "ok" : (draftStates.get(raw.toLowerCase()) ?? "unknown");
      const suffix = list.length > 1 ? `#${textIn(entry, "componentId") ?? i}` : "";
      components.push({
        id: `${name.slice(0, 100)}${suffix}`,
        state,
        rawStatus: raw ?? "",
        cause: state === "ok" ? null : (textIn(entry, "output") ?? `It says ${raw}`),
        details: detailsOf(entry, ["status", "output", "time"]),
        observedAt: timeOf(textIn(entry, "time")),
      });
    }
  }
  const said = draftStates.get(rawStatus.toLowerCase()) ?? "unknown";
  const { state, cause } = verdict(said, rawStatus, components, statusCode);
  const output = textIn(content, "output");
  return {
    state,
    components,
    cause: state === "ok" ? null : (output ?? cause),
    version: textIn(content, "releaseId") ?? textIn(content, "version"),
  };
}

function verdict(
  said: HealthState,
  rawStatus: string,
  components: readonly CheckComponent[],
  statusCode: number,
): Pick<Report, "state" | "cause"> {
  const worst =
    components.find(({ state }) => state === "down") ?? components.find(({ state }) => state === "degraded");
  const ofWorst = worst ? `${worst.id}: ${worst.cause}` : null;
  if (said !== "ok") return { state: said, cause: ofWorst ?? `It says ${rawStatus}` };
  if (statusCode >= 400)
    return { state: "down", cause: `It says ${rawStatus} with status ${statusCode}, which contradicts` };
  return worst ? { state: "degraded", cause: ofWorst } : { state: "ok", cause: null };
}

function timeOf(text: string | null): string | null {
  const atMs = Date.parse(text ?? "");
  return Number.isNaN(atMs) ? null : new Date(atMs).toISOString();
}
