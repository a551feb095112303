import { keptFieldsOf } from "@wheelhouse/shared/audit-actions.ts";
import { expect, test } from "vitest";
import { allowedFields } from "./fields.ts";

const everything = {
  name: "n",
  slug: "s",
  role: "admin",
  repeats: 3,
  url: "https://a.example",
  endedSessions: 1,
  password: "p",
  body: "b",
  headers: "h",
  payload: "x",
};

test.each([...keptFieldsOf.keys()])(
  "%s lists its kept fields, without secrets, headers, bodies or payloads",
  (action) => {
    const kept = allowedFields(action, "success", everything) ?? {};
    for (const name of ["password", "body", "headers", "payload", "repeats"])
      expect(kept).not.toHaveProperty(name);
  },
);

test("each action keeps its own fields, an attempt also its repeats, and an unknown action nothing", () => {
  expect(allowedFields("access.member.update", "success", everything)).toEqual({ role: "admin" });
  expect(allowedFields("webhooks.source.create", "success", everything)).toEqual({ name: "n", slug: "s" });
  expect(allowedFields("access.member.update", "denied", everything)).toEqual({ role: "admin", repeats: 3 });
  expect(allowedFields("audit.trail.read", "success", { review: "r", secret: "x" })).toEqual({ review: "r" });
  expect(allowedFields("audit:read", "denied", everything)).toEqual({ repeats: 3 });
  expect(allowedFields("toString", "success", everything)).toEqual({});
  expect(allowedFields("access.member.update", "success", null)).toBeNull();
});
