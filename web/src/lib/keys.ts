import { useEffect, useEffectEvent, useSyncExternalStore } from "react";
import { currentPreferences } from "./preferences.ts";

/**
 * One shortcut. `keys`: a key name as in `KeyboardEvent.key` (`/`, `Escape`, `[`, `?`), a sequence (`g q`), or
 * `mod+k` for Ctrl or Command. `label` lists it in the keyboard help, under `group`.
 */
export type Shortcut = { keys: string; label?: string; group?: string; run: (event: KeyboardEvent) => void };
export type ShortcutHelp = { keys: string; label: string; group: string };

type Layer = { signature: string; current: () => readonly Shortcut[] };
const layers: Layer[] = [];
const changes = new Set<() => void>();
let help: ShortcutHelp[] = [];
let pending = "";
let pendingTimer: ReturnType<typeof setTimeout> | undefined;
const sequenceTimeoutMs = 1200;

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName));

const find = (keys: string): Shortcut | undefined => {
  for (const layer of [...layers].reverse()) {
    const found = layer.current().find((shortcut) => shortcut.keys === keys);
    if (found !== undefined) return found;
  }
  return undefined;
};

const onKeyDown = (event: KeyboardEvent): void => {
  if (event.defaultPrevented || event.altKey || event.isComposing) return;
  const held = event.ctrlKey || event.metaKey;
  const key = held ? `mod+${event.key.toLowerCase()}` : event.key;
  const always = held || key === "Escape";
  if (!always) {
    if (isTyping(event.target) || !currentPreferences().singleKeys) return;
    // An open dialog captures the keyboard.
    if (document.querySelector('[role="dialog"][aria-modal="true"], [role="menu"]') !== null) return;
    if (key === " " && event.target instanceof HTMLElement && event.target.closest("button, a, summary"))
      return;
  }
  const shortcut = (pending === "" ? undefined : find(`${pending} ${key}`)) ?? find(key);
  clearTimeout(pendingTimer);
  const opensSequence = pending === "" && key === "g";
  pending = opensSequence ? "g" : "";
  if (opensSequence) pendingTimer = setTimeout(() => (pending = ""), sequenceTimeoutMs);
  if (shortcut === undefined) return;
  event.preventDefault();
  shortcut.run(event);
};

const refreshHelp = (): void => {
  const seen = new Set<string>();
  help = [...layers]
    .reverse()
    .flatMap((layer) => layer.current())
    .flatMap(({ keys, label, group = "This page" }) => {
      if (label === undefined || seen.has(keys)) return [];
      seen.add(keys);
      return [{ keys, label, group }];
    });
  for (const listener of changes) listener();
};

/**
 * Registers shortcuts while the component is mounted; the newest component wins. Single keys are inactive while
 * a field has the focus or a dialog is open, and can be disabled (WCAG 2.1.4); Escape and `mod+` keys always
 * work.
 */
export const useKeys = (shortcuts: readonly Shortcut[]): void => {
  const current = useEffectEvent(() => shortcuts);
  const signature = shortcuts.map(({ keys, label }) => `${keys}:${label ?? ""}`).join("|");
  useEffect(() => {
    const layer: Layer = { signature, current: () => current() };
    if (layers.length === 0) window.addEventListener("keydown", onKeyDown);
    layers.push(layer);
    refreshHelp();
    return () => {
      layers.splice(layers.indexOf(layer), 1);
      if (layers.length === 0) window.removeEventListener("keydown", onKeyDown);
      refreshHelp();
    };
  }, [signature]);
};

const subscribe = (listener: () => void): (() => void) => {
  changes.add(listener);
  return () => changes.delete(listener);
};

/** The labeled shortcuts currently available, for the keyboard help. */
export const useShortcutHelp = (): readonly ShortcutHelp[] => useSyncExternalStore(subscribe, () => help);
