import type { HealthState } from "@wheelhouse/shared/health/health.ts";
import type { CheckComponent } from "./check.ts";

/** What an instance reports about itself. */
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

/**
 * States used by Spring, resilience4j and Spring Boot Admin, health+json with its aliases, MicroProfile,
 * ASP.NET and terminus.
 */
const states = new Map<string, HealthState>([
  ["up", "ok"],
  ["ok", "ok"],
  ["pass", "ok"],
  ["passing", "ok"],
  ["healthy", "ok"],
  ["warn", "degraded"],
  ["warning", "degraded"],
  ["degraded", "degraded"],
  ["restricted", "degraded"],
  ["circuit_open", "degraded"],
  ["circuit_half_open", "degraded"],
  ["down", "down"],
  ["fail", "down"],
  ["failed", "down"],
  ["error", "down"],
  ["critical", "down"],
  ["unhealthy", "down"],
  ["out_of_service", "down"],
  ["offline", "down"],
  ["shutting_down", "down"],
]);
const stateOf = (word: string): HealthState => states.get(word.toLowerCase()) ?? "unknown";
/** Numeric states, which .NET writes unless configured to write names. */
const aspNetStates = ["Unhealthy", "Degraded", "Healthy"];
/** Properties that can hold the parts of an instance. */
const partLists = ["components", "details", "checks", "entries", "results"];
const causeNames = ["error", "output", "message", "description", "exception"];
/** Already shown as state and cause. */
const toldNames = ["status", "output", "time"];

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);
/** .NET starts property names with a capital letter by default. */
const fieldIn = (fields: Fields, name: string): unknown =>
  Object.hasOwn(fields, name) ? fields[name] : fields[`${name.charAt(0).toUpperCase()}${name.slice(1)}`];
const textIn = (fields: Fields, name: string): string | null => {
  const value = fieldIn(fields, name);
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

/** Scalar values only; nested objects are components or are skipped. */
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
 * The status as written: `status` in most formats, `outcome` and `state` in the first version of
 * MicroProfile.
 */
function statusIn(fields: Fields): string | null {
  const status = fieldIn(fields, "status");
  // A number is a .NET state only within a .NET report.
  const isAspNet = isFields(fieldIn(fields, "entries")) || fieldIn(fields, "duration") !== undefined;
  if (typeof status === "number" && isAspNet) return aspNetStates[status] ?? null;
  return textIn(fields, "status") ?? textIn(fields, "outcome") ?? textIn(fields, "state");
}

/**
 * Parses the health JSON of an instance: Spring Boot Actuator 1 to 3, `application/health+json`
 * (draft-inadarei-api-health-check-06), MicroProfile, ASP.NET and NestJS terminus. The service's own verdict
 * counts, except that a service that is up with a failing part is degraded. An unknown status is unknown,
 * never ok, and no status makes a failing HTTP status milder.
 * @returns null when the format is none of these.
 */
export function readHealth({ statusCode, body }: Answer): Report | null {
  const content = parseFields(body);
  const rawStatus = content ? statusIn(content) : plainWord(body);
  if (!rawStatus) return null;
  const components: CheckComponent[] = [];
  if (content) collectParts(content, "", 1, components);
  const said = stateOf(rawStatus);
  const { state, cause } = verdict(said, rawStatus, components, statusCode);
  const output = content && textIn(content, "output");
  const build = content && fieldIn(content, "build");
  return {
    state,
    components,
    cause: state === "ok" ? null : (output ?? cause),
    version: isFields(build)
      ? textIn(build, "version")
      : content && (textIn(content, "releaseId") ?? textIn(content, "version")),
  };
}

/** ASP.NET writes its verdict as plain text by default. */
const plainWord = (body: string): string | null =>
  /^\s*(Healthy|Degraded|Unhealthy)\s*$/i.exec(body)?.[1] ?? null;

function collectParts(fields: Fields, path: string, depth: number, into: CheckComponent[]) {
  if (depth > maxDepth) return;
  for (const { name, part, isMeasurement } of partsOf(fields)) {
    if (into.length >= maxComponents) return;
    const rawStatus = statusIn(part);
    if (rawStatus === null && !isMeasurement) continue;
    const id = `${path}${name}`;
    // A measurement without a status is only a figure.
    const state = rawStatus === null ? "ok" : stateOf(rawStatus);
    into.push({
      id,
      state,
      rawStatus: rawStatus ?? "",
      cause: state === "ok" ? null : (causeIn(part) ?? `Reports ${rawStatus}`),
      details: partDetails(part),
      observedAt: timeOf(textIn(part, "time")),
    });
    collectParts(part, `${id}/`, depth + 1, into);
  }
}

type Part = { name: string; part: Fields; isMeasurement: boolean };

function partsOf(fields: Fields): Part[] {
  const lists = partLists.filter((name) => isObject(fieldIn(fields, name)));
  // Without a combined list, terminus separates passing from failing parts.
  const names = lists.length > 0 ? lists : ["info", "error"].filter((name) => isFields(fields[name]));
  const listed = names.flatMap((name) => partsIn(fieldIn(fields, name), name === "checks"));
  if (listed.length > 0 || lists.length > 0) return listed;
  // Spring Boot 1 puts its parts next to its status.
  return Object.entries(fields).flatMap(([name, part]) =>
    isFields(part) && statusIn(part) !== null
      ? [{ name: name.slice(0, 100), part, isMeasurement: false }]
      : [],
  );
}

function partsIn(list: unknown, isOfChecks: boolean): Part[] {
  if (Array.isArray(list))
    return list.slice(0, maxComponents).flatMap((part: unknown, at) => {
      if (!isFields(part)) return [];
      const name = ["name", "key", "component", "id"].map((each) => textIn(part, each)).find(Boolean);
      return [{ name: (name ?? `#${at}`).slice(0, 100), part, isMeasurement: false }];
    });
  if (!isFields(list)) return [];
  return Object.entries(list).flatMap(([key, value]): Part[] => {
    const name = key.slice(0, 100);
    if (typeof value === "string")
      return states.has(value.toLowerCase()) && isOfChecks
        ? [{ name, part: { status: value }, isMeasurement: false }]
        : [];
    const several: unknown[] = Array.isArray(value) ? value.slice(0, maxComponents) : [value];
    return several.flatMap((part, at) => {
      if (!isFields(part)) return [];
      const suffix = several.length > 1 ? `#${textIn(part, "componentId") ?? at}` : "";
      return [{ name: `${name}${suffix}`, part, isMeasurement: isOfChecks }];
    });
  });
}

const isObject = (value: unknown) => typeof value === "object" && value !== null;

/** Figures are in `details` (Spring), in `data` (MicroProfile, ASP.NET) or next to the status. */
function partDetails(part: Fields): CheckComponent["details"] {
  const inner = fieldIn(part, "details") ?? fieldIn(part, "data");
  return isFields(inner) && Object.keys(inner).length > 0
    ? detailsOf(inner, [])
    : detailsOf(part, [...toldNames, "name"]);
}

function causeIn(part: Fields): string | null {
  const inner = [fieldIn(part, "details"), fieldIn(part, "data")].filter(isFields);
  for (const fields of [...inner, part])
    for (const name of causeNames) {
      const text = textIn(fields, name);
      if (text !== null) return text;
    }
  return null;
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
  // A proxy in front of a service can respond like this, which says nothing about the service.
  if ((statusCode === 401 || statusCode === 403) && components.length === 0)
    return { state: "unknown", cause: `Access denied (status ${statusCode})` };
  if (statusCode >= 400) {
    const contradicts = `Reports ${rawStatus} with status ${statusCode}`;
    if (said === "ok") return { state: "down", cause: `${contradicts}, a contradiction` };
    return { state: "down", cause: ofWorst ?? (said === "down" ? `Reports ${rawStatus}` : contradicts) };
  }
  if (said !== "ok") return { state: said, cause: ofWorst ?? `Reports ${rawStatus}` };
  return worst ? { state: "degraded", cause: ofWorst } : { state: "ok", cause: null };
}

function timeOf(text: string | null): string | null {
  const atMs = Date.parse(text ?? "");
  return Number.isNaN(atMs) ? null : new Date(atMs).toISOString();
}
