import { createContext, useContext } from "react";

/** `at`: the moment in the address. `nowMs`: when what is shown of it was observed, as far as that was near it. */
export type Moment = { at: string; nowMs: number };

const MomentContext = createContext<Moment | null>(null);

/** Says below it which moment the pages show; null while they are live. */
export const MomentProvider = MomentContext;

/**
 * The past moment that the pages show, as ISO time-stamp; null while they are live. It belongs into the key and the
 * call of every query of Overview, Services, Breakers, Cache and Queues; nothing can be changed while it is set.
 */
export const useMoment = (): string | null => useContext(MomentContext)?.at ?? null;

/** The time of which ages are told while a past moment is shown; null while live. */
export const useMomentNow = (): number | null => useContext(MomentContext)?.nowMs ?? null;

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/**
 * What was shown at a moment was stored up to 10 s before it, a minute or an hour where it is long ago. That is the
 * grain of the store and no silence of the collector: ages are told of the stored time then, else of the moment.
 */
export const momentOf = (at: string, observedAt: string | null, realNowMs: number): Moment => {
  const atMs = Date.parse(at);
  const storedMs = observedAt === null ? Number.NEGATIVE_INFINITY : Date.parse(observedAt);
  const agoMs = realNowMs - atMs;
  const grainMs = agoMs < 6 * hourMs ? 10_000 : agoMs < 7 * 24 * hourMs ? minuteMs : hourMs;
  return { at, nowMs: atMs - storedMs <= grainMs * 1.5 ? Math.min(storedMs, atMs) : atMs };
};
