import type { DeliveryAttempt } from "@wheelhouse/shared/webhooks/webhooks.ts";
import { expect, it } from "vitest";
import { attemptDiff, lineDiff } from "./attempt-diff.ts";

const message = (headers: Record<string, string>) => ({
  headers,
  body: "",
  bodySizeBytes: 0,
  truncated: false,
});
const attempt = (change: Partial<DeliveryAttempt>): DeliveryAttempt => ({
  generation: 1,
  attempt: 1,
  trigger: "schedule",
  startedAt: "2026-11-20T09:00:00.000Z",
  finishedAt: null,
  latencyMs: 10,
  outcome: "failure",
  statusCode: 503,
  errorClass: "http_5xx",
  errorMessage: null,
  request: { ...message({ "webhook-timestamp": "1" }), url: "https://a.example" },
  response: message({ server: "a" }),
  ...change,
});

it("two attempts are compared by result and headers, and what is equal is left out", () => {
  const later = attempt({
    statusCode: 204,
    errorClass: null,
    request: { ...message({ "webhook-timestamp": "2" }), url: "https://a.example" },
    response: message({ server: "a", "retry-after": "3" }),
  });
  expect(attemptDiff(attempt({}), later)).toEqual([
    { label: "Result", before: "503", after: "204" },
    { label: "Request webhook-timestamp", before: "1", after: "2" },
    { label: "Response retry-after", before: "–", after: "3" },
  ]);
  expect(attemptDiff(attempt({}), attempt({ response: null })).map(({ after }) => after)).toEqual(["–"]);
});

it("bodies are compared line by line, JSON as it is shown", () => {
  expect(lineDiff('{"a":1,"b":2}', '{"a":1,"b":3}').map(({ sign, text }) => sign + text.trim())).toEqual([
    " {",
    ' "a": 1,',
    '-"b": 2',
    '+"b": 3',
    " }",
  ]);
  expect(lineDiff("same", "same")).toEqual([]);
  expect(lineDiff("", "x").map(({ sign }) => sign)).toEqual(["-", "+"]);
});

it("long bodies are compared as far as is quick", () => {
  const long = (from: number) => Array.from({ length: 5_000 }, (_, n) => `line ${n + from}`).join("\n");
  const lines = lineDiff(long(0), long(1));
  expect(lines.slice(-2).map(({ text }) => text)).toEqual(["… 4600 more lines", "… 4600 more lines"]);
});
