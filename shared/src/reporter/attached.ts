import type { BreakerCommand, BreakerState } from "../breaker-state.ts";
import type { ControlAct } from "./control.ts";
import type { ReportedBreaker, ReportedCache } from "./report.ts";

/** A breaker of this process that reports its state and takes commands. */
export type AttachedBreaker = {
  /** Null when it is permanently gone. */
  read(): ReportedBreaker | null;
  /** @returns what was done, in words. @throws with the reason, in words, when it is not possible. */
  obey(command: BreakerCommand): string;
  /** Removes every listener and every override. */
  detach(): void;
};

type Invalidation = Extract<ControlAct, { kind: "cache.invalidate" }>;

/** A named cache of this process. Its numbers cover the last 60 s: `createCacheCounters` keeps them. */
export type CacheSource = {
  read(): Omit<ReportedCache, "name">;
  /**
   * Removes the entries, or with `preview` only counts them. @returns how many. Throws when it fails; omit
   * where entries cannot be removed.
   */
  invalidate?(what: Pick<Invalidation, "by" | "value" | "preview">): number | Promise<number>;
  /** Removes its listeners. */
  detach?(): void;
};

/** A command that cannot be applied; its text is shown to the operator. */
export class Refusal extends Error {}

export type AttachContext = {
  now(): number;
  /** Called at each state change, so that it is reported at once. */
  changed(): void;
};

const transitionsMax = 20;
const isoOf = (ms: number) => new Date(ms).toISOString();

/** Tracks a breaker's state: since when, and through which changes. */
export function createStateTrace(first: BreakerState, { now, changed }: AttachContext) {
  let state = first;
  let sinceMs = now();
  /** Whether the start of the state was observed, rather than found. */
  let seen = false;
  let transitions: ReportedBreaker["transitions"] = [];
  return {
    state: () => state,
    since: () => isoOf(sinceMs),
    /** Null when the start was not observed. */
    seenSinceMs: () => (seen ? sinceMs : null),
    transitions: () => transitions,
    move(to: BreakerState) {
      if (to === state) return;
      state = to;
      sinceMs = now();
      seen = true;
      transitions = [...transitions, { at: isoOf(sinceMs), state }].slice(-transitionsMax);
      changed();
    },
  };
}
