import type { Logger } from "pino";
import type { Clock } from "#lib/time/clock.ts";
import type { Measured } from "./evaluation/evaluation.ts";

/** Figures that no tick has, read every now and then by the process that evaluates. */
export type SignalSource = { name: string; everyMs: number; read(): Promise<readonly Measured[]> };

/** After this many intervals without an answer there is no data. */
const staleAfter = 3;

/**
 * Asks each source when it is due, one question at a time. What a source does not answer any more keeps its figures
 * without values, so that it counts as no data.
 */
export function createSignals({
  sources,
  clock,
  log,
}: {
  sources: readonly SignalSource[];
  clock: Clock;
  log: Logger;
}) {
  const states = sources.map((source) => ({
    source,
    askedMs: Number.NEGATIVE_INFINITY,
    answeredMs: Number.NEGATIVE_INFINITY,
    isAsking: false,
    figures: [] as readonly Measured[],
  }));
  const ask = async (state: (typeof states)[number]) => {
    state.isAsking = true;
    state.askedMs = clock.now();
    try {
      state.figures = await state.source.read();
      state.answeredMs = clock.now();
    } catch (err) {
      const reason = err instanceof Error ? err.message : String(err);
      log.warn({ reason, signal: state.source.name }, "a signal could not be read");
      if (clock.now() - state.answeredMs > staleAfter * state.source.everyMs)
        state.figures = state.figures.map(({ organizationId, kind, entity, metrics, values }) => ({
          organizationId,
          kind,
          entity,
          metrics,
          values: values.map(() => null),
        }));
    } finally {
      state.isAsking = false;
    }
  };
  return {
    /** Starts what is due, and returns what is known, by organization id. */
    read(): ReadonlyMap<string, readonly Measured[]> {
      const nowMs = clock.now();
      const found = new Map<string, Measured[]>();
      for (const state of states) {
        if (!state.isAsking && nowMs - state.askedMs >= state.source.everyMs) void ask(state);
        for (const figures of state.figures) {
          const there = found.get(figures.organizationId);
          if (there) there.push(figures);
          else found.set(figures.organizationId, [figures]);
        }
      }
      return found;
    },
  };
}
