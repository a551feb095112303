import { expect, test } from "vitest";
import { historyCapabilityOf, historyKinds, journalKinds } from "./history-kinds.ts";

test("figures and journal are kept under the names that stored rows bear, each read with the right of its topic", () => {
  expect(Object.fromEntries(historyKinds.map((kind) => [kind, historyCapabilityOf(kind)]))).toMatchObject({
    organization: "overview:read",
    server: "health:read",
    queue: "queues:read",
    service: "health:read",
    breaker: "breakers:read",
    cache: "cache:read",
    webhooks: "webhooks:read",
    process: "health:read",
  });
  expect(journalKinds).toEqual(expect.arrayContaining(["breaker", "cache", "health", "queue"]));
});

test("nothing is read of a kind that no topic declares", () => {
  expect(historyCapabilityOf("toString")).toBeUndefined();
});
