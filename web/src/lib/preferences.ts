import { useSyncExternalStore } from "react";
import type { Zone } from "./format.ts";

export type Theme = "system" | "light" | "dark";
export type Preferences = { theme: Theme; zone: Zone; singleKeys: boolean };

const storageKey = "wheelhouse.preferences";
const initial: Preferences = { theme: "system", zone: "utc", singleKeys: true };

const parse = (text: string | null): Preferences => {
  try {
    const stored: unknown = JSON.parse(text ?? "{}");
    if (typeof stored !== "object" || stored === null) return initial;
    return {
      theme:
        "theme" in stored && (stored.theme === "light" || stored.theme === "dark") ? stored.theme : "system",
      zone: "zone" in stored && stored.zone === "local" ? "local" : "utc",
      singleKeys: !("singleKeys" in stored && stored.singleKeys === false),
    };
  } catch {
    return initial;
  }
};

const read = (): Preferences => {
  try {
    return parse(localStorage.getItem(storageKey));
  } catch {
    return initial;
  }
};

let current = typeof localStorage === "undefined" ? initial : read();
const listeners = new Set<() => void>();
const systemDark = typeof matchMedia === "undefined" ? null : matchMedia("(prefers-color-scheme: dark)");

const publish = (): void => {
  const dark = current.theme === "dark" || (current.theme === "system" && systemDark?.matches === true);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  for (const listener of listeners) listener();
};

systemDark?.addEventListener("change", publish);
if (typeof window !== "undefined") {
  window.addEventListener("storage", ({ key }) => {
    if (key !== storageKey) return;
    current = read();
    publish();
  });
}

/** Changes the given preferences immediately in every tab of this browser. */
export const setPreferences = (change: Partial<Preferences>): void => {
  current = { ...current, ...change };
  try {
    localStorage.setItem(storageKey, JSON.stringify(current));
  } catch {
    // Storage may be denied; the choice then lasts until the page is closed.
  }
  publish();
};

export const currentPreferences = (): Preferences => current;

const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

/** Theme, time zone and keyboard preferences of this browser. */
export const usePreferences = (): Preferences =>
  useSyncExternalStore(subscribe, currentPreferences, () => initial);
