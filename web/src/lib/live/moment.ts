import { createContext, useContext } from "react";

/** `at`: the moment in the URL. `nowMs`: when the shown data was observed, if that was close to it. */
export type Moment = { at: string; nowMs: number };

const MomentContext = createContext<Moment | null>(null);

/** Provides the moment that the pages show; null while they are live. */
export const MomentProvider = MomentContext;

/**
 * The past moment that the pages show, as ISO timestamp; null while they are live. It belongs in the key and
 * the call of every query of Overview, Services, Breakers, Cache and Queues; nothing can be changed while it is
 * set.
 */
export const useMoment = (): string | null => useContext(MomentContext)?.at ?? null;

/** Reference time in ms for ages while a past moment is shown; null while live. */
export const useMomentNow = (): number | null => useContext(MomentContext)?.nowMs ?? null;

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/**
 * The data shown for a moment was stored up to 10 s before it, or up to a minute or an hour for older moments.
 * That is the resolution of the store, not a silent collector: ages then refer to the stored time, otherwise to
 * the moment.
 */
export const momentOf = (at: string, observedAt: string | null, realNowMs: number): Moment => {
  const atMs = Date.parse(at);
  const storedMs = observedAt === null ? Number.NEGATIVE_INFINITY : Date.parse(observedAt);
  const agoMs = realNowMs - atMs;
  const grainMs = agoMs < 6 * hourMs ? 10_000 : agoMs < 7 * 24 * hourMs ? minuteMs : hourMs;
  return { at, nowMs: atMs - storedMs <= grainMs * 1.5 ? Math.min(storedMs, atMs) : atMs };
};
