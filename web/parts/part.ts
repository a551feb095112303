import type { ReactNode } from "react";

/**
 * One part of `src/ui` and its states. `shows`: the components that the states draw. `isOverlay`: it covers its page, so
 * each state gets a page of its own.
 */
export type Part = {
  name: string;
  shows: readonly unknown[];
  states: readonly { name: string; node: ReactNode }[];
  isOverlay?: boolean;
};

export const doNothing = () => undefined;

/** A moment that is the same on each visit. */
export const at = "2026-01-05T12:00:00.000Z";

/** So many ms before now, for what counts. */
export const ago = (ms: number): string => new Date(Date.now() - ms).toISOString();
