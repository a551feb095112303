import type { HealthState } from "@wheelhouse/shared/health/health.ts";
import { type Condition, type Facts, judgeAll, parseCondition } from "#lib/conditions.ts";
import type { Check } from "./check.ts";
import { type Report, readHealth } from "./formats.ts";

export type Reading = Pick<
  Check,
  | "state"
  | "cause"
  | "latencyMs"
  | "httpStatus"
  | "components"
  | "conditions"
  | "version"
  | "certificateExpiresAt"
>;
type Asked = {
  format: "json" | "spring" | "health+json" | "status" | "tcp";
  conditions: readonly string[];
  intervalMs: number;
  /** How old a part's own result may be; absent for what most services need. */
  checkAgeMs?: number | undefined;
};
export type Heard =
  | { kind: "none"; cause: string }
  | { kind: "connected"; latencyMs: number; ip: string | null }
  | {
      kind: "answer";
      statusCode: number;
      body: string;
      truncated: boolean;
      latencyMs: number;
      ip: string | null;
      certificateExpiresAt: string | null;
      cacheControl: string;
    };

/**
 * Clocks differ, and many services check their dependencies only once a minute, so a result may be as old as
 * two and a half such rounds.
 */
const leastAgeMs = 150_000;

const nothing: Report = { state: "ok", cause: null, components: [], version: null };
const rank: Record<HealthState, number> = { ok: 0, degraded: 1, unknown: 2, down: 3 };
const warnBeforeMs = 14 * 86_400_000;

/**
 * Turns the response of an instance into one result from its reported health, its conditions and its
 * certificate; the worst of them counts. A response that is not understood is unknown, never ok.
 */
export function readAnswer(
  { format, conditions: texts, intervalMs, checkAgeMs }: Asked,
  heard: Heard,
  nowMs: number,
  dnsRcode: string | null = null,
): Reading {
  const conditions = texts.map(parsed);
  const expiresAt = heard.kind === "answer" ? heard.certificateExpiresAt : null;
  const expiresInMs = expiresAt === null ? null : Date.parse(expiresAt) - nowMs;
  const judgements = judgeAll(conditions, factsOf(heard, expiresInMs, dnsRcode));
  const said = reportOf(format, heard, conditions.length > 0);
  const maxAgeMs = heard.kind === "answer" ? maxAgeOf(heard.cacheControl) : 0;
  const report = withoutOld(said, nowMs - (checkAgeMs ?? Math.max(2 * intervalMs, maxAgeMs, leastAgeMs)));
  const candidates: Pick<Report, "state" | "cause">[] = [report];
  for (const [i, { text, actual, passed }] of judgements.entries())
    if (!passed)
      candidates.push({
        state: heard.kind === "answer" && conditions[i]?.isOfQuality ? "degraded" : "down",
        cause: `${text}: got ${actual}`,
      });
  // A condition on the certificate replaces the default warning.
  const isBounded = conditions.some(({ text }) => text.includes("[CERTIFICATE_EXPIRATION]"));
  if (expiresInMs !== null && expiresInMs < warnBeforeMs && !isBounded)
    candidates.push({ state: "degraded", cause: `Its certificate expires in ${days(expiresInMs)}` });
  const worst = candidates.reduce((a, b) => (rank[b.state] > rank[a.state] ? b : a));
  // A condition can require that a port is closed; then no response is the expected result.
  const isWished = heard.kind === "none" && judgements.length > 0 && judgements.every(({ passed }) => passed);
  return {
    ...(isWished ? { state: "ok", cause: null } : { state: worst.state, cause: worst.cause }),
    latencyMs: heard.kind === "none" ? null : heard.latencyMs,
    httpStatus: heard.kind === "answer" ? heard.statusCode : null,
    components: report.components,
    conditions: judgements,
    version: report.version,
    certificateExpiresAt: expiresAt,
  };
}

/** A part whose last result is old is unknown, and then the whole is not ok. */
function withoutOld(report: Report, oldestMs: number): Report {
  const components = report.components.map((each) => {
    const isOld = each.observedAt !== null && Date.parse(each.observedAt) < oldestMs;
    if (!isOld || each.state === "unknown") return each;
    const cause = `${each.id}: last reading at ${each.observedAt} is too old`;
    return { ...each, state: "unknown" as const, cause };
  });
  const old = components.find((each, at) => each !== report.components[at]);
  if (old === undefined) return report;
  const isJudged = report.state === "down" || report.state === "unknown";
  return isJudged ? { ...report, components } : { ...report, components, state: "unknown", cause: old.cause };
}

const maxAgeOf = (cacheControl: string): number =>
  Number(/(?:^|[\s,])max-age=(\d{1,9})/i.exec(cacheControl)?.[1] ?? 0) * 1000;

const factsOf = (heard: Heard, expiresInMs: number | null, dnsRcode: string | null): Facts => ({
  connected: heard.kind !== "none",
  statusCode: heard.kind === "answer" ? heard.statusCode : null,
  latencyMs: heard.kind === "none" ? null : heard.latencyMs,
  ip: heard.kind === "none" ? null : heard.ip,
  certificateExpiresInMs: expiresInMs,
  dnsRcode,
  body: heard.kind === "answer" ? heard.body : null,
});

function reportOf(format: Asked["format"], heard: Heard, hasConditions: boolean): Report {
  if (heard.kind === "none") return { ...nothing, state: "down", cause: heard.cause };
  if (heard.kind === "connected") return nothing;
  if (format !== "status" && format !== "tcp") {
    if (heard.truncated) return notUnderstood(heard.statusCode, "The response is too long");
    return readHealth(heard) ?? notUnderstood(heard.statusCode, "The response is not in the expected format");
  }
  // Conditions decide where there are any.
  if (hasConditions || (heard.statusCode >= 200 && heard.statusCode < 300)) return nothing;
  return { ...nothing, ...ofStatus(heard.statusCode) };
}

function notUnderstood(statusCode: number, cause: string): Report {
  if (statusCode >= 200 && statusCode < 300) return { ...nothing, state: "unknown", cause };
  return { ...nothing, ...ofStatus(statusCode) };
}

function ofStatus(statusCode: number): Pick<Report, "state" | "cause"> {
  if (statusCode === 401 || statusCode === 403)
    return { state: "unknown", cause: `Access denied (status ${statusCode})` };
  if (statusCode === 429) return { state: "unknown", cause: "Rate limited (status 429)" };
  if (statusCode >= 300 && statusCode < 400)
    return { state: "unknown", cause: `Redirects (status ${statusCode}); redirects are not followed` };
  return { state: "down", cause: `Responded with status ${statusCode}` };
}

/** Whether a check needs the name servers' answer for its host. */
export const asksDns = (conditions: readonly string[]): boolean =>
  conditions.some((text) => parsed(text).asksDns);

// Conditions are parsed once, because few texts recur with every check.
const known = new Map<string, Condition>();
function parsed(text: string): Condition {
  const found = known.get(text) ?? parseCondition(text);
  if (known.size > 10_000) known.clear();
  known.set(text, found);
  return found;
}

const days = (ms: number) => {
  if (ms < 0) return "the past";
  const whole = Math.floor(ms / 86_400_000);
  return whole === 1 ? "1 day" : `${whole} days`;
};
