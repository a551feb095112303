import { describe, expect, test } from "vitest";
import { durationText, readDuration } from "#lib/durations.ts";
import { draftOf, readDraft, readList, readWords } from "./draft.ts";
import { installed, values } from "./testing/values.fixture.ts";
import { changeOf } from "./values.ts";

describe("durations", () => {
  test.each([
    ["15 s", 15_000],
    ["1 m 30 s", 90_000],
    ["1.5h", 5_400_000],
    ["250ms", 250],
    ["5 d", 432_000_000],
    ["2 min", 120_000],
  ])("%s is read as %i ms", (text, ms) => {
    expect(readDuration(text)).toBe(ms);
  });

  test.each(["", "15", "s", "15 sec", "1 m and 2 s", "-5 s", "5 s,"])("“%s” is no duration", (text) => {
    expect(readDuration(text)).toBeUndefined();
  });

  test.each([100, 90_000, 99_300_000, 2_592_000_000, 61_001])("what is shown of %i ms reads back", (ms) => {
    expect(readDuration(durationText(ms))).toBe(ms);
  });
});

describe("lists", () => {
  test("values are split at commas, and quotes keep what they hold", () => {
    expect(readList('fra-1, "a, \\"b\\"", New York')).toEqual(["fra-1", 'a, "b"', "New York"]);
  });

  test("words are split at commas and white space", () => {
    expect(readWords('order.*,!order.test\n "two words"')).toEqual(["order.*", "!order.test", "two words"]);
  });

  test("an open quote is an error, not a value", () => {
    expect(readList('"fra-1')).toBeUndefined();
    expect(readWords('order.* "x')).toBeUndefined();
  });
});

describe("the form", () => {
  test("unchanged, it changes nothing, whatever the settings hold", () => {
    for (const before of [installed, values]) {
      const { values: after, errors } = readDraft(draftOf(before), before);
      expect(errors.size).toBe(0);
      expect(after).toEqual(before);
      expect(changeOf(before, after)).toEqual({});
    }
  });

  test("sends only the fields that were changed", () => {
    const draft = { ...draftOf(values), timeout: "20 s", name: "Warehouse" };
    expect(changeOf(values, readDraft(draft, values).values)).toEqual({
      name: "Warehouse",
      settings: { timeoutMs: 20_000 },
    });
  });

  test("an emptied field is as the installation is configured; “none” and “never” are settings", () => {
    const draft = {
      ...draftOf(values),
      timeout: "",
      schedule: "none",
      failures: "",
      coolDown: "",
      disableAfter: "never",
    };
    expect(changeOf(values, readDraft(draft, values).values).settings).toEqual({
      timeoutMs: null,
      retryScheduleMs: [],
      breaker: null,
      disableAfterMs: null,
    });
  });

  test("a stored secret is kept by an empty field and replaced by a typed one", () => {
    const draft = draftOf(values);
    expect(readDraft(draft, values).values.headers).toContainEqual({ name: "authorization", value: null });
    const headers = draft.headers.map((header) =>
      header.name === "authorization" ? { ...header, value: "Bearer new" } : header,
    );
    expect(readDraft({ ...draft, headers }, values).values.headers).toContainEqual({
      name: "authorization",
      value: "Bearer new",
    });
  });

  test("each field that cannot be read has an error, and keeps the value that it had", () => {
    const draft = {
      ...draftOf(values),
      name: " ",
      timeout: "15",
      schedule: "5 s, soon",
      rate: "2.5",
      failures: "",
      bodyFilter: "data.warehouse",
      disableAfter: "",
      headers: [
        { key: 0, name: "x-a", value: "1", isStored: false },
        { key: 1, name: "X-A", value: "2", isStored: false },
      ],
    };
    const { values: after, errors } = readDraft(draft, values);
    expect([...errors.keys()].sort()).toEqual([
      "bodyFilter",
      "breaker",
      "disableAfterMs",
      "headers",
      "name",
      "ratePerSecond",
      "retryScheduleMs",
      "timeoutMs",
    ]);
    expect(changeOf(values, { ...after, name: values.name })).toEqual({});
  });
});
