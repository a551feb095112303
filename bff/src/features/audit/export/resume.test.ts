import { expect, test } from "vitest";
import { createSecretBox } from "#lib/security/secret-box.ts";
import { createExportResume, type ExportStand, refuseOther } from "./resume.ts";

const box = createSecretBox(Buffer.alloc(32).toString("base64"));
const organization = "01900000-0000-7000-8000-000000000001";
const stand: ExportStand = {
  id: "01900000-0000-7000-8000-0000000000aa",
  beganAt: "2026-11-20T10:00:00.000Z",
  chains: [[organization, 120, 40]],
};
const at = (now: string) => createExportResume({ box, clock: { now: () => Date.parse(now) } });

test("a token is valid for an hour and for the same query, and cannot be tampered with", () => {
  const token = at("2026-11-20T10:00:00Z").seal(stand, { q: "a" }, organization) ?? "";
  expect(at("2026-11-20T11:00:00Z").open(token, { q: "a" }, organization)).toEqual(stand);
  expect(() => at("2026-11-20T11:00:01Z").open(token, { q: "a" }, organization)).toThrow("an hour ago");
  expect(() => at("2026-11-20T10:00:01Z").open(token, { q: "b" }, organization)).toThrow("another filter");
  const shortened = Buffer.from(JSON.stringify({ ...stand, chains: [[organization, 1, 0]] }));
  expect(() => at("2026-11-20T10:00:01Z").open(shortened.toString("base64url"), {}, organization)).toThrow(
    "not a token",
  );
});

test("an export that can no longer be read as it was does not resume", () => {
  expect(() => refuseOther(stand.chains, [[organization, 130, 40]])).not.toThrow();
  expect(() => refuseOther(stand.chains, [[organization, 130, 60]])).toThrow("content has expired");
  expect(() => refuseOther(stand.chains, [])).toThrow("Start it again");
});

test("an export of too many organizations for a URL gets no token", () => {
  const chains = Array.from({ length: 200 }, (): [string, number, number] => [organization, 1, 0]);
  expect(at("2026-11-20T10:00:00Z").seal({ ...stand, chains }, {}, organization)).toBeUndefined();
});
