import type { WatchAnswer, WatchHttp } from "#lib/http/watch-http.ts";
import { counted, type Found, unreached, wordsOf } from "./found.ts";

/** How answers are understood by the features that watch them. */
export type AnswerReaders = {
  /** What a health answer says; null when it is none. */
  health(answer: WatchAnswer): { state: Found["state"]; cause: string | null; parts: number } | null;
  /** The number of breakers in a metrics text; null when it is none. */
  breakers(answer: WatchAnswer): number | null;
};

const mostBytes = 1024 * 1024;
const accept = "application/health+json, application/json, text/plain;version=0.0.4, */*;q=0.5";

/** Asks a web address once and says whether it is health, metrics, or a page whose status can be watched. */
export async function examineHttp(
  url: string,
  { http, readers, signal }: { http: Pick<WatchHttp, "get">; readers: AnswerReaders; signal: AbortSignal },
): Promise<Found> {
  const isNamedMetrics = /\/(metrics|prometheus)\/?$/.test(new URL(url).pathname);
  const guess: Found["kept"] = isNamedMetrics
    ? { kind: "prometheus" }
    : { kind: "service", format: "json", actuatorBreakers: false };
  let answer: WatchAnswer;
  try {
    answer = await http.get(url, { signal, maxBytes: mostBytes, accept });
  } catch (error) {
    return unreached(guess, error, remedyOf(wordsOf(error)));
  }
  const { statusCode, latencyMs } = answer;
  if (statusCode === 401 || statusCode === 403)
    return {
      kept: guess,
      state: "unknown",
      found: `access denied with status ${statusCode}`,
      refusals: [`${statusCode} ${oneLine(answer.body)}`.trim()],
      remedy: { text: "Allow this machine to read the address, or give the source credentials.", line: null },
      latencyMs,
      product: null,
      queues: [],
      queueCount: 0,
    };
  const { kept, state, found, refusals, remedy } = judged(url, answer, readers, isNamedMetrics);
  return { kept, state, found, refusals, remedy, latencyMs, product: null, queues: [], queueCount: 0 };
}

type Judged = Pick<Found, "kept" | "state" | "found" | "refusals" | "remedy">;

function judged(url: string, answer: WatchAnswer, readers: AnswerReaders, isNamedMetrics: boolean): Judged {
  const breakers =
    isNamedMetrics || /^text\/plain/.test(answer.contentType) ? readers.breakers(answer) : null;
  const isMetrics =
    breakers !== null && /^# (HELP|TYPE) |^[a-z_:][\w:]*(\{.*\})? [-+\d.NI]/im.test(answer.body);
  if (isMetrics && answer.statusCode < 300)
    return {
      kept: { kind: "prometheus" },
      state: breakers === 0 ? "unknown" : "ok",
      found: breakers === 0 ? "no circuit breaker found" : `${counted(breakers, "circuit breaker")} found`,
      refusals: [],
      remedy:
        breakers === 0
          ? { text: "Breakers of resilience4j, opossum, Polly and Envoy are read.", line: null }
          : null,
    };
  const health = readers.health(answer);
  if (health !== null)
    return {
      kept: {
        kind: "service",
        format: "json",
        actuatorBreakers: /\/actuator\/health/.test(new URL(url).pathname),
      },
      state: health.state,
      found: `reports ${health.state}${health.parts > 0 ? `, ${counted(health.parts, "part")}` : ""}`,
      refusals: health.cause === null ? [] : [health.cause],
      remedy: null,
    };
  const isOk = answer.statusCode >= 200 && answer.statusCode < 300;
  return {
    kept: { kind: "service", format: "status", actuatorBreakers: false },
    state: isOk ? "ok" : answer.statusCode < 400 ? "unknown" : "down",
    found: `status ${answer.statusCode}, no health report: its status is watched`,
    refusals: isOk ? [] : [`${answer.statusCode} ${oneLine(answer.body)}`.trim()],
    remedy: isOk ? null : { text: "Check the path of the address; redirects are not followed.", line: null },
  };
}

const oneLine = (body: string) => body.replace(/\s+/g, " ").trim().slice(0, 200);

const remedyOf = (words: string): Found["remedy"] => ({
  text: /may not be reached/.test(words)
    ? "Add the address or its network to WHEELHOUSE_WATCH_ALLOW_ADDRESSES; link-local and metadata addresses are never watched."
    : "Check host, port and path, that the service runs, and that this machine may reach it.",
  line: null,
});
