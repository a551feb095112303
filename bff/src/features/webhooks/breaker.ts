import type { Redis } from "ioredis";
import type { Logger } from "pino";
import { z } from "zod";
import type { Subscribe } from "#lib/channel.ts";
import { loadLua, runLua } from "#lib/redis/lua.ts";
import type { Clock } from "#lib/time/clock.ts";
import type { WebhooksConfig } from "./config.ts";
import { webhooksKeys } from "./keys.ts";

const moveScript = loadLua(new URL("./breaker-move.lua", import.meta.url));
const probeScript = loadLua(new URL("./breaker-probe.lua", import.meta.url));

const tripped = z.object({
  state: z.enum(["open", "half_open"]),
  sinceMs: z.number(),
  nextProbeAtMs: z.number(),
  failures: z.number(),
});
type Tripped = z.infer<typeof tripped>;
const stored = z
  .string()
  .transform((text, context): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      context.addIssue("is not JSON");
      return z.NEVER;
    }
  })
  .pipe(tripped);
const change = z.object({ id: z.string(), breaker: tripped.optional() });

export type BreakerView = {
  state: "closed" | "open" | "half_open";
  sinceMs: number | null;
  nextProbeAtMs: number | null;
  consecutiveFailures: number;
};

export type BreakerSettings = { failures: number; coolDownMs: number };

export type Decision = { kind: "allow" } | { kind: "probe" } | { kind: "wait"; untilMs: number };

type BreakerOptions = {
  redis: Redis;
  subscribe: Subscribe;
  config: WebhooksConfig;
  clock: Clock;
  log: Logger;
};

/**
 * One breaker per endpoint: `failures` consecutive failures open it, and after `coolDownMs` one request
 * probes the endpoint. State lives in Redis and is mirrored here, so a decision is a map lookup; while Redis
 * is unavailable each process decides by its mirror and its own failures.
 */
export function createBreakers({ redis, subscribe, config, clock, log }: BreakerOptions) {
  const probeMs = config.deliveryTimeoutMs + config.claimGraceMs;
  const mirror = new Map<string, Tripped>();
  const failuresOf = new Map<string, number>();
  const changes = subscribe({
    topic: "breakers.changed",
    message: change,
    onMessage: ({ id, breaker }) => set(id, breaker),
    // Messages sent while the connection was lost are missing.
    onListening: () => void refresh().catch(() => {}),
  });

  function set(endpointId: string, breaker: Tripped | undefined) {
    failuresOf.delete(endpointId);
    if (breaker) mirror.set(endpointId, breaker);
    else mirror.delete(endpointId);
  }

  async function move(endpointId: string, from: BreakerView["state"], to: Tripped | undefined) {
    set(endpointId, to);
    try {
      const moved = await runLua(redis, moveScript, {
        keys: [webhooksKeys.breakers],
        args: [endpointId, from, to ? JSON.stringify(to) : "", changes.name],
      });
      if (moved === 0) await refresh();
    } catch (err) {
      log.debug({ err, endpointId }, "breaker changed in this process only");
    }
  }

  const opened = (failures: number, coolDownMs: number): Tripped => ({
    state: "open",
    sinceMs: clock.now(),
    nextProbeAtMs: clock.now() + coolDownMs,
    failures,
  });

  /** Loads the state from Redis; keeps the mirror while Redis is unavailable. */
  async function refresh() {
    const told = await redis.hgetall(webhooksKeys.breakers);
    const heard = new Map<string, Tripped>();
    for (const [id, text] of Object.entries(told)) {
      const parsed = stored.safeParse(text);
      if (parsed.success) heard.set(id, parsed.data);
    }
    for (const id of mirror.keys()) if (!heard.has(id)) mirror.delete(id);
    for (const [id, breaker] of heard) mirror.set(id, breaker);
  }

  return {
    refresh,
    decide(endpointId: string): Decision {
      const breaker = mirror.get(endpointId);
      if (!breaker) return { kind: "allow" };
      if (clock.now() >= breaker.nextProbeAtMs) return { kind: "probe" };
      return { kind: "wait", untilMs: breaker.nextProbeAtMs };
    },
    /** Whether the next request would be a probe. */
    isProbeDue(endpointId: string): boolean {
      const breaker = mirror.get(endpointId);
      return breaker !== undefined && clock.now() >= breaker.nextProbeAtMs;
    },
    /** Lets the next request probe an open endpoint, without waiting for the cool-down. */
    async probeNow(endpointId: string) {
      const breaker = mirror.get(endpointId);
      if (breaker?.state === "open")
        await move(endpointId, "open", { ...breaker, nextProbeAtMs: clock.now() });
    },
    /** Closes the breaker, whatever its state, and forgets its failures. */
    async reset(endpointId: string) {
      const state = mirror.get(endpointId)?.state ?? "closed";
      if (state === "closed") failuresOf.delete(endpointId);
      else await move(endpointId, state, undefined);
      await redis.del(webhooksKeys.probe(endpointId)).catch(() => {});
    },
    /** After the decision `probe`: true for the one caller, among all processes, that may send. */
    async acquireProbe(endpointId: string): Promise<boolean> {
      const nowMs = clock.now();
      try {
        const granted = await runLua(redis, probeScript, {
          keys: [webhooksKeys.breakers, webhooksKeys.probe(endpointId)],
          args: [endpointId, nowMs, probeMs, changes.name],
        });
        if (granted !== 1) return false;
      } catch {
        // Without Redis the process probes on its own; the mirror limits it to one probe.
      }
      const before = mirror.get(endpointId);
      if (before)
        mirror.set(endpointId, {
          ...before,
          state: "half_open",
          sinceMs: before.state === "half_open" ? before.sinceMs : nowMs,
          nextProbeAtMs: nowMs + probeMs,
        });
      return true;
    },
    /** Ends a probe without a result for the endpoint. */
    async abandonProbe(endpointId: string) {
      const breaker = mirror.get(endpointId);
      if (!breaker) return;
      await move(endpointId, "half_open", { ...breaker, state: "open", nextProbeAtMs: clock.now() });
      await redis.del(webhooksKeys.probe(endpointId)).catch(() => {});
    },
    async succeeded(endpointId: string, probe: boolean) {
      if (failuresOf.size > 0) failuresOf.delete(endpointId);
      if (!probe) return;
      await move(endpointId, "half_open", undefined);
      await redis.del(webhooksKeys.probe(endpointId)).catch(() => {});
    },
    /** @param settings of the endpoint; those of the installation if it has none of its own. */
    async failed(endpointId: string, probe: boolean, settings: BreakerSettings | null) {
      const { failures: limit, coolDownMs } = settings ?? config.breaker;
      const before = mirror.get(endpointId);
      if (probe) {
        await move(endpointId, "half_open", opened((before?.failures ?? 0) + 1, coolDownMs));
        await redis.del(webhooksKeys.probe(endpointId)).catch(() => {});
        return;
      }
      // Responses to requests sent before it opened add nothing.
      if (before) return;
      const failures = (failuresOf.get(endpointId) ?? 0) + 1;
      failuresOf.set(endpointId, failures);
      if (failures >= limit) await move(endpointId, "closed", opened(failures, coolDownMs));
    },
    view(endpointId: string): BreakerView {
      const breaker = mirror.get(endpointId);
      if (!breaker)
        return {
          state: "closed",
          sinceMs: null,
          nextProbeAtMs: null,
          consecutiveFailures: failuresOf.get(endpointId) ?? 0,
        };
      return {
        state: breaker.state,
        sinceMs: breaker.sinceMs,
        nextProbeAtMs: breaker.nextProbeAtMs,
        consecutiveFailures: breaker.failures,
      };
    },
  };
}

export type Breakers = ReturnType<typeof createBreakers>;
