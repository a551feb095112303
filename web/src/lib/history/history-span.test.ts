import { expect, test } from "vitest";
import { readHistorySpan, spanNamed, spanNameOf, spanPhrase } from "./history-span.ts";

const fromMs = Date.parse("2026-11-18T22:00:00Z");
const toMs = Date.parse("2026-11-19T02:00:00Z");
const name = spanNameOf(fromMs, toMs);

test("a typed range is kept in the URL with both its ends, and read back", () => {
  expect(readHistorySpan({ range: name })).toBe(name);
  expect(spanNamed(name)).toMatchObject({ ms: toMs - fromMs, ends: { fromMs, toMs } });
  expect(spanPhrase(spanNamed(name), "utc")).toBe("2026-11-18 22:00 – 2026-11-19 02:00");
  expect(spanPhrase(spanNamed("6h"), "utc")).toBe("the last 6 hours");
});

test.each([
  ["reversed", spanNameOf(toMs, fromMs)],
  ["empty", spanNameOf(toMs, toMs)],
  ["longer than history is kept", spanNameOf(toMs - 400 * 86_400_000, toMs)],
  ["no time", "yesterday_today"],
  ["three ends", `${name}_${name}`],
  ["unknown", "2h"],
])("a range that is %s is the default hour", (_, range) => {
  expect(readHistorySpan({ range })).toBeUndefined();
  expect(spanNamed(range).name).toBe("1h");
});
