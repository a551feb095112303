import type { AttachContext, AttachedBreaker, CacheSource } from "./attached.ts";
import { attachBentocache, type Bentocache, type BentocacheOptions } from "./bentocache.ts";
import { attachCockatiel, type CockatielOptions, type CockatielPolicy } from "./cockatiel.ts";
import { type ControlReply, controlKey, repliesKey } from "./control.ts";
import { createObedience } from "./obedience.ts";
import { attachOpossum, type OpossumBreaker } from "./opossum.ts";
import {
  type Report,
  type ReportedProcess,
  reportKeyOf,
  reportLifeIntervals,
  reportMember,
  reportMemoryMs,
  reportsKey,
} from "./report.ts";
import { leaveScript, reportScript } from "./report-script.ts";

/** The used part of a Redis client; `ioredis` has it. */
export type ReporterRedis = {
  eval(script: string, keyCount: number, ...keysAndArguments: (string | number)[]): Promise<unknown>;
};
/** A dedicated connection for subscriptions, e.g. `redis.duplicate()`; several reporters may share it. */
export type ReporterSubscriber = {
  readonly status: string;
  subscribe(channel: string): Promise<unknown>;
  on(event: string, listener: (...given: unknown[]) => void): unknown;
  off(event: string, listener: (...given: unknown[]) => void): unknown;
};

export type ReporterOptions = {
  redis: ReporterRedis;
  /** Without it, commands arrive with the next report instead of at once. */
  subscriber?: ReporterSubscriber;
  service: string;
  /** Unique within the service, and stable across restarts where possible. */
  instance: string;
  /** Report interval; defaults to 2 s. A state change is reported at once. */
  intervalMs?: number;
  /** State of the process, read with each report. */
  process?(): ReportedProcess;
  /** Called when reporting starts to fail, and with null when it works again. */
  onProblem?(error: unknown): void;
  now?(): number;
};

const defaultIntervalMs = 2_000;
const shortestGapMs = 100;
const repliesMax = 100;
const replyLifeMs = 60_000;
const leaveMs = 1_000;
const nameMax = 200;
const breakersMax = 200;
const cachesMax = 100;

/**
 * Reports this process' breakers and caches to Wheelhouse, and applies commands of operators to them. After
 * creation it never throws into the application, keeps no process alive, and has at most one Redis command in
 * flight: during a Redis outage nothing piles up, and the newest report follows when Redis is back. It
 * forwards neither arguments nor errors of calls.
 */
export function createReporter(options: ReporterOptions) {
  const { redis, subscriber, service, instance, intervalMs = defaultIntervalMs } = options;
  const { now = Date.now, onProblem = () => {} } = options;
  const breakers = new Map<string, AttachedBreaker>();
  const caches = new Map<string, CacheSource>();
  const replies = new Map<string, ControlReply>();
  const member = reportMember(service, instance);
  const channel = controlKey(service);
  let timer: NodeJS.Timeout | undefined;
  let timerAtMs = Number.POSITIVE_INFINITY;
  let flushing = false;
  let again = false;
  let failing = false;
  let closed = false;

  const guarded = (work: () => void) => {
    try {
      work();
    } catch (error) {
      tellProblem(error);
    }
  };
  const tellProblem = (error: unknown) => {
    try {
      onProblem(error);
    } catch {
      // A failing listener must not stop the reports.
    }
  };

  /** Schedules the next report within this time. */
  const due = (inMs: number) => {
    if (closed) return;
    if (flushing) {
      again ||= inMs < intervalMs;
      return;
    }
    const atMs = performance.now() + inMs;
    if (atMs >= timerAtMs) return;
    clearTimeout(timer);
    timerAtMs = atMs;
    timer = setTimeout(() => void flush(), inMs).unref();
  };
  const context: AttachContext = { now, changed: () => due(shortestGapMs) };

  const obedience = createObedience({
    service,
    instance,
    breakers,
    caches,
    reply(operationId, reply) {
      if (replies.size >= repliesMax) return;
      replies.set(operationId, reply);
      due(0);
    },
  });

  const read = (): Report => {
    const report: Report = {
      version: 1,
      service,
      instance,
      intervalMs,
      breakers: [],
      caches: [],
      reportedAt: new Date(now()).toISOString(),
    };
    guarded(() => {
      if (options.process) report.process = options.process();
    });
    for (const [name, breaker] of breakers)
      guarded(() => {
        const seen = breaker.read();
        if (seen) report.breakers.push(seen);
        else breakers.delete(name);
      });
    for (const [name, cache] of caches) guarded(() => report.caches.push({ ...cache.read(), name }));
    return report;
  };

  const flush = async () => {
    timerAtMs = Number.POSITIVE_INFINITY;
    if (closed || flushing) return;
    flushing = true;
    again = false;
    try {
      const sent = [...replies];
      const commands = await redis.eval(
        reportScript,
        3 + sent.length,
        reportKeyOf(member),
        reportsKey,
        channel,
        ...sent.map(([id]) => repliesKey(id)),
        JSON.stringify(read()),
        reportLifeIntervals * intervalMs,
        member,
        reportMemoryMs,
        instance,
        replyLifeMs,
        ...sent.map(([, reply]) => JSON.stringify(reply)),
      );
      for (const [id, reply] of sent) if (replies.get(id) === reply) replies.delete(id);
      if (failing) tellProblem(null);
      failing = false;
      if (!closed && Array.isArray(commands)) obedience.hear(commands);
    } catch (error) {
      if (!failing) tellProblem(error);
      failing = true;
      again = false;
    } finally {
      flushing = false;
      due(again || (replies.size > 0 && !failing) ? shortestGapMs : intervalMs);
    }
  };

  const listen = () => {
    subscriber?.subscribe(channel).then(
      () => due(0),
      () => {},
    );
  };
  // The message only announces a command: the command itself is read with the report, dated by the server.
  const ring = (from: unknown) => {
    if (from === channel) due(0);
  };
  subscriber?.on("ready", listen);
  subscriber?.on("message", ring);
  if (subscriber?.status === "ready") listen();
  due(shortestGapMs);

  const attach = (name: string, make: () => AttachedBreaker) =>
    guarded(() => {
      breakers.get(name)?.detach();
      breakers.delete(name);
      if (breakers.size >= breakersMax) throw new Error(`A reporter takes ${breakersMax} breakers at most`);
      breakers.set(name, make());
      due(shortestGapMs);
    });
  const attachCache = (name: string, make: () => CacheSource) =>
    guarded(() => {
      caches.get(name)?.detach?.();
      caches.delete(name);
      if (caches.size >= cachesMax) throw new Error(`A reporter takes ${cachesMax} caches at most`);
      caches.set(name, make());
      due(shortestGapMs);
    });
  const nameOf = (name: string) => name.slice(0, nameMax);

  return {
    /** @param name defaults to the breaker's own. An existing name is replaced. */
    opossum(breaker: OpossumBreaker, { name = breaker.name }: { name?: string } = {}) {
      const kept = nameOf(name);
      attach(kept, () => attachOpossum(breaker, { name: kept }, context));
    },
    cockatiel(name: string, policy: CockatielPolicy, about: CockatielOptions = {}) {
      const kept = nameOf(name);
      attach(kept, () => attachCockatiel(kept, policy, about, context));
    },
    /** A custom breaker that reports in the common shape. */
    breaker(name: string, make: (given: AttachContext) => AttachedBreaker) {
      attach(nameOf(name), () => make(context));
    },
    /** A cache that counts by itself. An existing name is replaced. */
    cache(name: string, source: CacheSource) {
      attachCache(nameOf(name), () => source);
    },
    /** A bentocache store. @param name defaults to the store's. */
    bentocache(bento: Bentocache, { name, ...about }: BentocacheOptions & { name?: string }) {
      attachCache(nameOf(name ?? about.store), () => attachBentocache(bento, { now, ...about }));
    },
    /** The current report, for an application that shows its own caches even without Redis. */
    report: read,
    /** Withdraws the report and detaches every breaker; resolves within a second even without Redis. */
    async close() {
      if (closed) return;
      closed = true;
      clearTimeout(timer);
      subscriber?.off("ready", listen);
      subscriber?.off("message", ring);
      for (const breaker of breakers.values()) guarded(() => breaker.detach());
      for (const cache of caches.values()) guarded(() => cache.detach?.());
      let limit: NodeJS.Timeout | undefined;
      const leave = async () => redis.eval(leaveScript, 2, reportKeyOf(member), reportsKey, member);
      await Promise.race([
        leave().catch(() => {}),
        new Promise((resolve) => {
          limit = setTimeout(resolve, leaveMs);
        }),
      ]);
      clearTimeout(limit);
    },
  };
}
export type Reporter = ReturnType<typeof createReporter>;
