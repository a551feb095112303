import type { WebhookEvent } from "@wheelhouse/shared/webhooks/events.ts";
import { describe, expect, it } from "vitest";
import { readWebhooksSearch } from "../search.ts";
import { eventQuery } from "./queries.ts";
import {
  lateFilterOf,
  matchesEvent,
  matchOf,
  outcomeOf,
  unmatchedCount,
  unmatchedWords,
  withDelivery,
} from "./view.ts";

const sourceId = "019a9a9a-0000-7000-8000-000000000001";
const event: WebhookEvent = {
  id: "msg_019a9a9a00007000800000000000000a",
  sourceId,
  sourceName: "Shop",
  sourceEventId: "evt_1",
  eventType: "charge.captured",
  receivedAt: "2026-11-19T09:14:08.640Z",
  fate: "disabled",
  deliveries: [],
  deliveryCount: 0,
  missedBy: [{ endpointId: sourceId, endpointName: "analytics" }],
};
const delivery = (status: WebhookEvent["deliveries"][number]["status"]) => ({
  id: sourceId,
  endpointId: sourceId,
  endpointName: "crm",
  status,
});

describe("what a row says of an event", () => {
  it("a disabled endpoint is a problem and is named, a filter is not", () => {
    expect(matchOf(event)).toMatchObject({ isProblem: true, detail: "analytics was disabled" });
    expect(matchOf({ ...event, fate: "filter", missedBy: [] })).toMatchObject({
      isUnmatched: true,
      isProblem: false,
      detail: "no filter takes this type",
    });
  });

  it("the worst outcome comes first", () => {
    const deliveries = [delivery("completed"), delivery("dead_letter")];
    expect(outcomeOf({ ...event, deliveries })).toEqual({ tone: "down", label: "1 dead letter" });
    expect(outcomeOf(event)).toBeUndefined();
  });

  it("a delivery that goes on changes the row that shows it, and no other", () => {
    const shown = { ...event, deliveries: [delivery("pending")] };
    expect(withDelivery(shown, { id: sourceId, status: "completed" }).deliveries[0]?.status).toBe(
      "completed",
    );
    expect(withDelivery(shown, { id: event.id, status: "completed" })).toBe(shown);
    expect(withDelivery(shown, { id: sourceId, status: "pending" })).toBe(shown);
  });

  it("a lower bound is marked as one", () => {
    expect(unmatchedWords(1, false)).toBe("1 event matched no endpoint");
    expect(unmatchedWords(10_000, true)).toBe("10,000+ events matched no endpoint");
    expect(unmatchedCount({ matched: 5, later: 3, filter: 2, disabled: 1 })).toBe(3);
  });
});

describe("URL of the events", () => {
  it("reads what it wrote, under the API's names, and plans by the same filter", () => {
    const search = readWebhooksSearch({
      tab: "events",
      sourceId,
      fate: "filter,none",
      q: "evt_1",
      event: "x",
    });
    expect(eventQuery(search)).toEqual({ sourceId, fate: "filter,none", q: "evt_1" });
    expect(lateFilterOf(search)).toEqual({ sourceId: [sourceId], fate: ["filter", "none"] });
  });

  it.each([
    [{}, true],
    [{ fate: ["filter" as const] }, false],
    [{ sourceId: [sourceId], eventType: ["charge.captured"] }, true],
    [{ from: "2026-11-19T09:14:09Z" }, false],
    [{ q: "evt_1", eventType: ["other"] }, true],
    [{ q: "evt_" }, false],
  ])("a pushed event belongs to the list as the server decides: %o", (search, belongs) => {
    expect(matchesEvent(search, event)).toBe(belongs);
  });
});
