import { useSyncExternalStore } from "react";
import { useMomentNow } from "./moment.ts";
import { serverClock } from "./server-clock.ts";

const tickMs = 1000;
const listeners = new Set<() => void>();
let currentMs = serverClock.now();
let timer: ReturnType<typeof setInterval> | undefined;

const tick = (): void => {
  currentMs = serverClock.now();
  for (const listener of listeners) listener();
};

const run = (): void => {
  clearInterval(timer);
  timer = undefined;
  if (document.hidden || listeners.size === 0) return;
  tick();
  timer = setInterval(tick, tickMs);
};

if (typeof document !== "undefined") document.addEventListener("visibilitychange", run);

const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener);
  if (listeners.size === 1) run();
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) run();
  };
};

/**
 * The server's time in ms, updated every second while the tab is visible; for a past moment, that moment, so
 * that ages match it. Use it in the smallest component that shows an age.
 */
export const useNow = (): number => {
  const momentMs = useMomentNow();
  const nowMs = useSyncExternalStore(subscribe, () => currentMs);
  return momentMs ?? nowMs;
};

const minuteMs = 60_000;
/** The server's time in ms, rounded down to minutes, so that components that use it render once a minute. */
export const useMinute = (): number => {
  const momentMs = useMomentNow();
  const nowMs = useSyncExternalStore(subscribe, () => Math.floor(currentMs / minuteMs) * minuteMs);
  return momentMs ?? nowMs;
};
