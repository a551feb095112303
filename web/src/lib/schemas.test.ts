import { expect, test } from "vitest";

const sources = import.meta.glob<string>(["../**/*.{ts,tsx}", "!../**/*.test.{ts,tsx}"], {
  query: "?raw",
  import: "default",
  eager: true,
});

test("no page validates with a schema, because the browser's bundle has none", () => {
  const all = Object.entries(sources).filter(([path]) => path !== "./zod-erased.ts");
  expect(all.length).toBeGreaterThan(200);
  const validating = /(?<!\b(?:JSON|Date))\.(?:safeParse|parse|parseAsync)\(/;
  expect(all.filter(([, text]) => validating.test(text)).map(([path]) => path)).toEqual([]);
});
