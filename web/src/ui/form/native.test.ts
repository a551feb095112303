import { expect, test } from "vitest";

const sources = import.meta.glob<string>(["../../**/*.tsx", "!../../**/*.test.tsx"], {
  query: "?raw",
  import: "default",
  eager: true,
});
const own = ["./checkbox.tsx", "./select.tsx"];
const outside = Object.entries(sources).filter(([path]) => !own.includes(path));
const having = (pattern: RegExp) => outside.filter(([, text]) => pattern.test(text)).map(([path]) => path);

test("checkboxes, radio buttons and selects are the styled parts everywhere", () => {
  expect(outside.length).toBeGreaterThan(100);
  expect(having(/<select\b|type="(checkbox|radio)"/)).toEqual([]);
});

test("no form shows the browser's own validation bubbles", () => {
  expect(having(/<form(?![^>]*\bnoValidate\b)/)).toEqual([]);
});
