import { type FunctionComponent, type LazyExoticComponent, lazy } from "react";

const idleMs = 15_000;
const signs = ["pointermove", "pointerdown", "keydown"] as const;
const waiting = new Set<() => Promise<unknown>>();
let isAwake = false;

const fetchAhead = (load: () => Promise<unknown>): void => {
  // What failed is loaded again when it is shown.
  load().catch(() => undefined);
};

const wake = (): void => {
  if (isAwake) return;
  isAwake = true;
  for (const sign of signs) removeEventListener(sign, wake);
  for (const load of waiting) fetchAhead(load);
  waiting.clear();
};

/** Loads what pages may show later at the first sign of a person, or 15 s after the page, so that it is there offline. */
export const fetchAheadWhenUsed = (): void => {
  for (const sign of signs) addEventListener(sign, wake, { passive: true });
  setTimeout(wake, idleMs);
};

/**
 * A component that no page shows at first: its script is not part of the page's first load. Rendered before it has
 * loaded, it suspends.
 */
export const onDemand = <Props>(
  load: () => Promise<{ default: FunctionComponent<Props> }>,
): LazyExoticComponent<FunctionComponent<Props>> => {
  if (isAwake) fetchAhead(load);
  else waiting.add(load);
  return lazy(load);
};
