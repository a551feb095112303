import { describe, expect, test } from "vitest";
import { ApiError } from "#lib/api/api.ts";
import { safeNextPath, signInProblem } from "./problems.ts";

describe("sign-in", () => {
  test("an unknown address and a wrong password read the same", () => {
    const unknown = signInProblem(new ApiError("unauthenticated", "no such user"));
    expect(unknown).toBe(signInProblem(new ApiError("unauthenticated", "wrong password")));
    expect(unknown).toBe("E-mail or password is wrong.");
  });

  test.each([
    ["/o/northwind/queues?q=x", "/o/northwind/queues?q=x"],
    ["//evil.example", null],
    ["/\\evil.example", null],
    ["https://evil.example", null],
    ["/signin?next=/", null],
    [undefined, null],
  ])("after sign-in %s leads to %s", (next, expected) => expect(safeNextPath(next)).toBe(expected));
});
