import { describe, expect, it } from "vitest";
import { attemptSeries, foldAttempts, foldedAnswers } from "./attempts/attempt-view.ts";
import {
  activeTab,
  causeOf,
  countedFilter,
  deliveryQuery,
  filterCount,
  histogramRange,
  lastAnswer,
  matchCount,
  matchesFilter,
} from "./deliveries/search.ts";
import { readWebhooksSearch } from "./search.ts";
import { attemptAt, deadLetter } from "./testing/webhooks.fixture.ts";

const endpointId = deadLetter.endpointId;

describe("URL of the delivery log", () => {
  it("reads what it wrote, under the API's names", () => {
    const search = readWebhooksSearch({
      status: "failed,dead_letter",
      endpointId,
      from: "2026-11-19T05:30:00Z",
      q: 503,
    });
    expect(deliveryQuery(search)).toEqual({
      status: "failed,dead_letter",
      endpointId,
      from: "2026-11-19T05:30:00Z",
      q: "503",
    });
    expect(filterCount(search)).toBe(4);
  });

  it("a damaged URL opens the page without the unreadable parts", () => {
    const mangled = { status: "lost", endpointId: "x", from: "soon", delivery: "<b>", tab: "x", q: "" };
    expect(readWebhooksSearch(mangled)).toEqual({});
  });

  it("the dead letters are the log with exactly that status", () => {
    expect(activeTab(readWebhooksSearch({ status: "dead_letter" }))).toBe("dead");
    expect(filterCount(readWebhooksSearch({ status: "dead_letter" }))).toBe(0);
    expect(activeTab(readWebhooksSearch({ status: "dead_letter,failed" }))).toBe("deliveries");
    expect(activeTab(readWebhooksSearch({ tab: "sources" }))).toBe("sources");
  });

  it.each([
    [{}, true],
    [{ status: ["dead_letter" as const] }, true],
    [{ status: ["completed" as const] }, false],
    [{ endpointId: [endpointId] }, true],
    [{ eventType: ["order.paid"] }, false],
    [{ errorClass: ["http_5xx" as const, "timeout" as const] }, true],
    [{ from: "2026-11-19T05:39:58.772Z" }, true],
    [{ to: "2026-11-19T05:39:58.772Z" }, false],
    [{ q: "SHIPMENT" }, true],
    [{ q: "msg_2yHq8FvT4nK0sWmE" }, true],
    [{ q: "from the receiver" }, true],
    [{ q: "stock" }, false],
  ])("%j lets a pushed row in: %s", (filter, expected) => {
    expect(matchesFilter(filter, deadLetter)).toBe(expected);
  });

  it("the last response is a code, otherwise the error, otherwise nothing yet", () => {
    expect(lastAnswer(deadLetter)).toBe("503");
    expect(causeOf(deadLetter)).toBe("503 Service Unavailable");
    const slow = { ...deadLetter, lastStatusCode: null, errorClass: "timeout" as const };
    expect(lastAnswer(slow)).toBe("No response");
    expect(causeOf(slow)).toBe("No response");
    const fresh = { ...deadLetter, lastStatusCode: null, errorClass: null, errorMessage: null };
    expect(lastAnswer(fresh)).toBeUndefined();
    expect(causeOf(fresh)).toBeUndefined();
  });
});

describe("counts", () => {
  const counts = { pending: 1, processing: 2, completed: 30, failed: 4, dead_letter: 5, discarded: 0 };

  it("only the filtered statuses are counted, although the server counts all", () => {
    expect(matchCount({ status: ["dead_letter"] }, { counts, isBound: false })).toBe("5");
    expect(matchCount({}, { counts, isBound: false })).toBe("42");
    expect(matchCount({}, { counts, isBound: true })).toBe("10,000+");
  });

  it("dead letters are counted over their full retention unless a range is set", () => {
    const now = Date.parse("2026-11-19T09:14:10Z");
    expect(countedFilter({ status: ["dead_letter"] }, now).from).toBe("2026-08-21T00:00:00.000Z");
    const from = "2026-11-19T09:00:00Z";
    expect(countedFilter({ status: ["dead_letter"], from }, now).from).toBe(from);
    expect(countedFilter({}, now)).toMatchObject(histogramRange({}, now));
  });
});

describe("histogram", () => {
  const now = Date.parse("2026-11-19T09:14:10Z");

  it("stands still while a selection inside it moves", () => {
    const plain = histogramRange({}, now);
    expect(plain).toEqual({ from: "2026-11-19T08:15:00.000Z", to: "2026-11-19T09:15:00.000Z" });
    expect(histogramRange({ from: "2026-11-19T08:20:00Z", to: "2026-11-19T08:30:00Z" }, now)).toEqual(plain);
  });

  it("shows an older selection with room on both sides", () => {
    expect(histogramRange({ from: "2026-11-18T00:00:00Z", to: "2026-11-18T04:00:00Z" }, now)).toEqual({
      from: "2026-11-17T23:00:00.000Z",
      to: "2026-11-18T05:00:00.000Z",
    });
  });
});

describe("attempts", () => {
  const log = [
    attemptAt(3, "2026-11-19T05:50:00.000Z"),
    attemptAt(2, "2026-11-19T05:40:00.000Z", { outcome: "unknown", statusCode: null, errorClass: null }),
    attemptAt(1, "2026-11-19T05:39:55.000Z"),
  ];

  it("the newest comes first and shows the time since the previous start", () => {
    const [series] = attemptSeries({ ...deadLetter, maxAttempts: 3, attemptLog: log });
    expect(series?.attempts.map(({ answer, afterMs }) => [answer, afterMs])).toEqual([
      ["503", 600_000],
      ["Unknown", 5000],
      ["503", null],
    ]);
    expect(series?.attempts[0]?.notes).toEqual(["last attempt, dead letter"]);
  });

  it("an attempt without a stored outcome is Unknown, neither failed nor delivered", () => {
    const [series] = attemptSeries({ ...deadLetter, attemptLog: log });
    expect(series?.attempts[1]).toMatchObject({ answer: "Unknown", tone: "unknown" });
  });

  it("a replay is a separate series above the original attempts", () => {
    const replayed = attemptAt(1, "2026-11-19T09:00:00.000Z", {
      generation: 2,
      trigger: "replay",
      outcome: "success",
      statusCode: 204,
      errorClass: null,
    });
    const series = attemptSeries({
      ...deadLetter,
      status: "completed",
      generation: 2,
      attemptLog: [replayed, ...log],
    });
    expect(series.map(({ generation, attempts }) => [generation, attempts.length])).toEqual([
      [2, 1],
      [1, 3],
    ]);
    expect(series[0]?.attempts[0]).toMatchObject({ afterMs: null, notes: ["by replay"], tone: "ok" });
    expect(series[1]?.attempts[0]?.notes).toEqual([]);
  });

  it("older ones fold into one line, but never a single attempt", () => {
    const [series] = attemptSeries({
      ...deadLetter,
      attemptLog: Array.from({ length: 7 }, (_, index) =>
        attemptAt(7 - index, new Date(Date.UTC(2026, 10, 19, 5, 60 - index)).toISOString()),
      ),
    });
    const { shown, folded } = foldAttempts(series?.attempts ?? []);
    expect([shown.length, folded.length]).toEqual([4, 3]);
    expect(foldedAnswers(folded)).toBe("all 503");
    expect(foldAttempts((series?.attempts ?? []).slice(0, 5)).folded).toEqual([]);
  });

  it("mixed answers of folded attempts are counted", () => {
    const [series] = attemptSeries({ ...deadLetter, attemptLog: log });
    expect(foldedAnswers(series?.attempts ?? [])).toBe("2 × 503, 1 × Unknown");
  });
});
