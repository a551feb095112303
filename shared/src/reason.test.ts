import { expect, test } from "vitest";
import { z } from "zod";
import { endpoints } from "./endpoints.ts";
import { isReason, isReasonOrEmpty, reasonText } from "./reason.ts";

test.each(["fix", "  a reason with blanks around it  ", "two\nlines", "Überprüft 🧑‍🔧", "x".repeat(500)])(
  "%j is a reason",
  (text) => {
    expect(reasonText.parse(text)).toBe(text.trim());
    expect(isReason(text)).toBe(true);
  },
);

test.each([
  "",
  "   ",
  "ab",
  "  ab  ",
  "x".repeat(501),
  "a\0b",
  "a\u001bb",
  "a \u202ereversed",
  "a \ud800 half",
])("%j is not a reason", (text) => {
  expect(reasonText.safeParse(text).success).toBe(false);
  expect(isReason(text)).toBe(false);
});

test("if a reason is optional, an empty one is accepted", () => {
  expect([" ", "ab", "abc"].map(isReasonOrEmpty)).toEqual([true, false, true]);
});

const shapeOf = (schema: z.ZodType | undefined): Record<string, unknown> =>
  schema instanceof z.ZodObject ? schema.shape : {};

test("every endpoint with a reason validates it by this rule", () => {
  // A query of GET filters by a reason of another kind.
  const asked = endpoints.flatMap(({ method, path, body, query }) =>
    [shapeOf(body), method === "GET" ? {} : shapeOf(query)].flatMap(({ reason }) =>
      reason === undefined ? [] : [{ address: `${method} ${path}`, reason }],
    ),
  );
  expect(asked.length).toBeGreaterThan(12);
  for (const { address, reason } of asked)
    expect(reason instanceof z.ZodOptional ? reason.unwrap() : reason, address).toBe(reasonText);
});
