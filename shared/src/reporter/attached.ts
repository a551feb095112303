import type { BreakerCommand, BreakerState } from "../breakers.ts";
import type { ControlAct } from "./control.ts";
import type { ReportedBreaker, ReportedCache } from "./report.ts";

/** A breaker of this process that tells of itself and can be told something. */
export type AttachedBreaker = {
  /** Null when it is gone for good. */
  read(): ReportedBreaker | null;
  /** @returns what was done, in words. @throws with the reason, in words, when it cannot be done. */
  obey(command: BreakerCommand): string;
  /** Takes every listener away and holds nothing any more. */
  detach(): void;
};

type Invalidation = Extract<ControlAct, { kind: "cache.invalidate" }>;

/** A named cache of this process. Its numbers are of the last 60 s: `createCacheCounters` keeps them. */
export type CacheSource = {
  read(): Omit<ReportedCache, "name">;
  /**
   * Removes what is meant, or with `preview` only counts it. @returns how many entries. Throws when it cannot; left out
   * where nothing can be removed.
   */
  invalidate?(what: Pick<Invalidation, "by" | "value" | "preview">): number | Promise<number>;
  /** Lets go of what it listens to. */
  detach?(): void;
};

/** A command that cannot be obeyed; its text is for the operator. */
export class Refusal extends Error {}

export type AttachContext = {
  now(): number;
  /** Told at each change of state, so that it is reported at once. */
  changed(): void;
};

const transitionsMax = 20;
const isoOf = (ms: number) => new Date(ms).toISOString();

/** Remembers a breaker's state: since when, and how it came there. */
export function createStateTrace(first: BreakerState, { now, changed }: AttachContext) {
  let state = first;
  let sinceMs = now();
  /** Whether it was seen to begin, or was so already when we came. */
  let seen = false;
  let transitions: ReportedBreaker["transitions"] = [];
  return {
    state: () => state,
    since: () => isoOf(sinceMs),
    /** Null when it was not seen to begin. */
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
