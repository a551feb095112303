import { expect, test } from "vitest";
import { changeWords } from "./history.ts";

const update = { action: "webhooks.endpoint.update", outcome: "success" as const };
const settings = (values: object) => JSON.stringify(values);

test("an event says which fields it changed, in the words of the page", () => {
  expect(
    changeWords({
      ...update,
      before: { name: "a", url: "u", settings: settings({ timeoutMs: 1, labels: [] }), headerNames: [] },
      after: { name: "b", url: "u", settings: settings({ timeoutMs: 2, labels: [] }), headerNames: ["x"] },
    }),
  ).toBe("Changed: Name, Time-out, Headers");
  expect(changeWords({ ...update, before: { enabled: true }, after: { enabled: false } })).toBe("Disabled");
  expect(changeWords({ ...update, before: { name: "a" }, after: { name: "a" } })).toBe(
    "Saved without a change",
  );
});

test("a refused act says so, and an unknown one has its own name", () => {
  const none = { before: null, after: null };
  expect(changeWords({ ...update, ...none, outcome: "denied" })).toBe("Settings changed: denied");
  expect(changeWords({ ...none, action: "webhooks.new.act", outcome: "success" })).toBe("webhooks.new.act");
});
