import { type FocusEvent, type PointerEvent, useMemo, useRef, useState } from "react";

/** Rows in the order in which they lie there; those that came since follow at the end, so that nothing moves. */
export const keepPlaces = <T>(
  places: readonly string[],
  rows: readonly T[],
  keyOf: (row: T) => string,
): readonly T[] => {
  const there = new Map(rows.map((row) => [keyOf(row), row]));
  const kept = places.flatMap((key) => there.get(key) ?? []);
  const known = new Set(places);
  return [...kept, ...rows.filter((row) => !known.has(keyOf(row)))];
};

/**
 * Rows that do not change places while the mouse or the focus of the keyboard is among them. `handlers` go to the
 * element that holds the rows.
 */
export const useStillRows = <T>(rows: readonly T[], keyOf: (row: T) => string) => {
  const [places, setPlaces] = useState<readonly string[] | null>(null);
  const reasons = useRef({ pointer: false, focus: false });
  const shown = useMemo(
    () => (places === null ? rows : keepPlaces(places, rows, keyOf)),
    [places, rows, keyOf],
  );
  const set = (reason: "pointer" | "focus", isOn: boolean) => {
    reasons.current[reason] = isOn;
    const { pointer, focus } = reasons.current;
    setPlaces((before) => (pointer || focus ? (before ?? shown.map(keyOf)) : null));
  };
  return {
    rows: shown,
    handlers: {
      onPointerEnter: ({ pointerType }: PointerEvent) => {
        if (pointerType === "mouse") set("pointer", true);
      },
      onPointerLeave: () => set("pointer", false),
      // A click focuses as well, but says nothing about reading on.
      onFocus: ({ target }: FocusEvent) => {
        if (target.matches(":focus-visible")) set("focus", true);
      },
      onBlur: ({ currentTarget, relatedTarget }: FocusEvent) => {
        if (!currentTarget.contains(relatedTarget)) set("focus", false);
      },
    },
  };
};
