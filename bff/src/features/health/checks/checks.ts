import type { CallTarget } from "#lib/http/call-target.ts";
import type { WatchHttp } from "#lib/http/watch-http.ts";
import type { Clock } from "#lib/time/clock.ts";
import type { Catalogue, WatchedSources } from "#observe/sources/sources.ts";
import {
  createTargetRunner,
  describeFailure,
  type Target,
  type TargetResult,
} from "#observe/targets/targets.ts";
import type { Check } from "./check.ts";
import { checkKey } from "./check-key.ts";
import { dnsRcodeOf } from "./dns-answer.ts";
import { readHealth } from "./formats.ts";
import type { Heartbeats } from "./heartbeats.ts";
import { createPushChecks } from "./push-checks.ts";
import { asksDns, type Heard, type Reading, readAnswer } from "./read.ts";

export type { Check, CheckComponent } from "./check.ts";
export { checkKey } from "./check-key.ts";
export { createHeartbeats, type HeartbeatsDeps } from "./heartbeats.ts";

/** What one answer reports of its health; null when it is no health report. */
export function readHealthOnce(answer: { statusCode: number; body: string }) {
  const report = readHealth(answer);
  return report && { state: report.state, cause: report.cause, parts: report.components.length };
}

export type HealthChecks = {
  /** Starts the checks that are due, without waiting. */
  poke(nowMs: number): void;
  /** Checks a service at once, out of turn, if this process runs the checks. */
  hurry(serviceId: string): void;
  /**
   * The latest check of each instance, by `checkKey`; absent before the first. An unchanged check keeps its
   * identity.
   */
  checks(): ReadonlyMap<string, Check>;
  /** Aborts running checks and forgets all results. */
  rest(): void;
  stop(): void;
};

type CheckTarget = Target & {
  organization: string;
  serviceId: string;
  instanceId: string;
  url: string;
  format: "json" | "spring" | "health+json" | "status" | "tcp";
  conditions: readonly string[];
  intervalMs: number;
  checkAgeMs?: number | undefined;
};

const concurrency = 64;
const maxBodyBytes = 256 * 1024;
const accept =
  "application/health+json, application/vnd.spring-boot.actuator.v3+json, application/json, */*;q=0.5";

/** Checks every instance of every watched service at its own interval. */
export function createHealthChecks({
  catalogue,
  http,
  heartbeats,
  clock,
  random = Math.random,
  rcodeOf = dnsRcodeOf,
}: {
  catalogue: Catalogue;
  http: WatchHttp;
  heartbeats: Heartbeats;
  clock: Clock;
  random?: () => number;
  rcodeOf?: (url: string, options: { signal: AbortSignal }) => Promise<string | null>;
}): HealthChecks {
  const hear = async (target: CheckTarget, signal: AbortSignal): Promise<Heard> => {
    if (target.format === "tcp") {
      const { latencyMs, ip } = await http.connect(target.url, { signal, target: callTo(target) });
      return { kind: "connected", latencyMs, ip };
    }
    const answer = await http.get(target.url, {
      signal,
      maxBytes: maxBodyBytes,
      accept,
      source: target.serviceId,
      target: callTo(target),
    });
    return { kind: "answer", ...answer };
  };
  const ask = async (target: CheckTarget, signal: AbortSignal): Promise<Reading> => {
    if (!asksDns(target.conditions)) return readAnswer(target, await hear(target, signal), clock.now());
    // A name that does not resolve can be what a condition expects, so no connection is an answer, too.
    const [heard, rcode] = await Promise.all([
      hear(target, signal).catch((error): Heard => ({ kind: "none", cause: describeFailure(error) })),
      rcodeOf(target.url, { signal }),
    ]);
    signal.throwIfAborted();
    return readAnswer(target, heard, clock.now(), rcode);
  };
  const runner = createTargetRunner<CheckTarget, Check>({
    concurrency,
    clock,
    random,
    isFailing: ({ state }) => state !== "ok" && state !== "degraded",
    async check(target, signal) {
      const reading = await ask(target, signal);
      const { serviceId, instanceId } = target;
      return {
        serviceId,
        instanceId,
        atMs: clock.now(),
        certain: false,
        connected: reading.latencyMs !== null,
        timedOut: false,
        ...reading,
      };
    },
  });
  const push = createPushChecks({ heartbeats, clock });
  const setTargets = (sources: WatchedSources) => {
    runner.setTargets(targetsOf(sources));
    push.setSources(sources);
  };
  setTargets(catalogue.current());
  const forget = catalogue.onChange(setTargets);
  let failures = new Map<string, Check>();

  const failed = (
    { target, failedAtMs, timedOut }: TargetResult<Check, CheckTarget>,
    failure: string,
  ): Check => {
    const { serviceId, instanceId } = target;
    const atMs = failedAtMs ?? 0;
    const kept = failures.get(target.key);
    if (kept?.atMs === atMs) return kept;
    const reading = readAnswer(target, { kind: "none", cause: failure }, atMs);
    return { serviceId, instanceId, atMs, certain: false, connected: false, timedOut, ...reading };
  };

  return {
    poke(nowMs) {
      runner.poke(nowMs);
      push.poke(nowMs);
    },
    hurry(serviceId) {
      const service = catalogue.current().services.find(({ id }) => id === serviceId);
      runner.hurry((service?.instances ?? []).map(({ id }) => checkKey(serviceId, id)));
    },
    checks() {
      const checks = new Map(push.checks());
      const newFailures = new Map<string, Check>();
      for (const [key, result] of runner.results()) {
        if (result.failure !== null) {
          const check = failed(result, result.failure);
          newFailures.set(key, check);
          checks.set(key, check);
        } else if (result.latest) checks.set(key, result.latest.value);
      }
      failures = newFailures;
      return checks;
    },
    rest() {
      runner.rest();
      push.rest();
    },
    stop() {
      forget();
      runner.rest();
    },
  };
}

/** Whatever it answers is what a check asks for, so only silence is a failed call. */
const callTo = ({ organization, serviceId, instanceId, intervalMs }: CheckTarget): CallTarget => ({
  organization,
  purpose: "health-checks",
  id: serviceId,
  name: serviceId,
  instance: instanceId,
  intervalMs,
  failsFromStatus: null,
});

function targetsOf({ services }: WatchedSources): CheckTarget[] {
  return services.flatMap(
    ({ id, organization, instances, format, conditions, intervalMs, timeoutMs, checkAgeMs }) =>
      format === "push"
        ? []
        : instances.map((instance) => ({
            key: checkKey(id, instance.id),
            organization,
            serviceId: id,
            instanceId: instance.id,
            url: instance.url,
            format,
            conditions,
            intervalMs,
            timeoutMs,
            checkAgeMs: checkAgeMs ?? undefined,
          })),
  );
}
