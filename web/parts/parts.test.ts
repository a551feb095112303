import { expect, test } from "vitest";
import { parts } from "./parts.ts";

const modules = import.meta.glob<Record<string, unknown>>(
  ["../src/ui/**/*.tsx", "!../src/ui/**/*.test.tsx"],
  { eager: true },
);
const kindOf = (value: unknown): string =>
  typeof value === "object" && value !== null && "$$typeof" in value ? String(value.$$typeof) : typeof value;
/** Functions, and what `memo` makes of them; contexts draw nothing. */
const isComponent = (name: string, value: unknown): boolean =>
  (name === "default" || /^[A-Z]/.test(name)) && ["function", "Symbol(react.memo)"].includes(kindOf(value));
const components = Object.entries(modules).flatMap(([path, exported]) =>
  Object.entries(exported)
    .filter(([name, value]) => isComponent(name, value))
    .map(([name, value]) => ({ name: `${name} of ${path.replace("../src/", "")}`, value })),
);

test("the parts page shows every component of ui, and nothing else", () => {
  expect(components.length).toBeGreaterThan(30);
  const shown = new Set(parts.flatMap(({ shows }) => shows));
  expect(components.filter(({ value }) => !shown.has(value)).map(({ name }) => name)).toEqual([]);
  const known = new Set(components.map(({ value }) => value));
  expect(parts.filter(({ shows }) => !shows.every((one) => known.has(one)))).toEqual([]);
});

test("each part has states, of different names", () => {
  for (const { name, states } of parts)
    expect(new Set(states.map((state) => state.name)).size || "none", name).toBe(states.length);
  expect(new Set(parts.map(({ name }) => name)).size).toBe(parts.length);
});
