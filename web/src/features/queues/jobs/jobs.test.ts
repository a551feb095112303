import type { JobDetail } from "@wheelhouse/shared/queues/jobs.ts";
import { expect, test } from "vitest";
import { codeOf, jsonOf } from "../payload/payload.ts";
import { spanMs } from "./change-dialogs.tsx";
import { errorParts, progressOf } from "./words.ts";

const cut = (text: string) => ({ text, bytes: text.length, isCut: false });
const job: JobDetail = {
  id: "7",
  readAt: "2026-11-19T09:14:10.000Z",
  name: cut('say "hi"'),
  state: "failed",
  addedAt: null,
  processedAt: null,
  finishedAt: null,
  dueAt: null,
  priority: 3,
  delayMs: 0,
  attemptsMade: 2,
  attemptsStarted: null,
  attempts: 5,
  stalled: 0,
  failedReason: null,
  progress: null,
  worker: null,
  schedule: null,
  deduplication: null,
  hasParent: false,
  dataBytes: 9,
  resultBytes: 0,
  logs: 0,
  isLocked: null,
  options: cut('{"attempts":5,"backoff":{"type":"fixed","delay":100},"jobId":"7","repeat":{}}'),
  traces: [],
  tracesLeft: 0,
  parent: null,
  children: [],
  childCounts: { unfinished: 0, completed: 0, failed: 0, ignored: 0 },
  lineage: [],
};

test("the copied code adds the same job, with what belongs to a new one and nothing of the old", () => {
  const code = codeOf(job, '{"to":1}', { name: "email", prefix: "shop:prod" });
  expect(code).toContain(
    'new Queue("email", { connection: { url: process.env.REDIS_URL }, prefix: "shop:prod" })',
  );
  expect(code).toContain('  "say \\"hi\\"",\n  {\n    "to": 1\n  },');
  expect(code).toContain('"priority": 3');
  expect(code).toContain('"attempts": 5');
  expect(code).not.toMatch(/jobId|repeat/);
  expect(codeOf(job, "{not json", { name: "email", prefix: "bull" })).toContain('  "{not json",');
  expect(JSON.parse(jsonOf(job, '{"to":1}'))).toMatchObject({
    id: "7",
    data: { to: 1 },
    opts: { priority: 3 },
  });
});

test("an error leads with its code or its class, whichever says more", () => {
  const parts = (text: string) => Object.values(errorParts(text));
  expect(parts("429 Too Many Requests")).toEqual(["429", "Too Many Requests"]);
  expect(parts("Error: ETIMEDOUT: mail, 15 s\n    at x")).toEqual(["ETIMEDOUT", "mail, 15 s"]);
  expect(parts("TypeError: x is not a function")).toEqual(["TypeError", "x is not a function"]);
  expect(parts("no such mailbox")).toEqual(["", "no such mailbox"]);
});

test("progress is a share if it is a number, and else as the job wrote it", () => {
  expect(progressOf("66")).toEqual({ ratio: 0.66, text: "66%" });
  expect(progressOf('{"step":2}')).toEqual({ ratio: null, text: '{"step":2}' });
});

test("a span is typed as people write it", () => {
  expect([spanMs("30 s"), spanMs("5m"), spanMs("1.5h"), spanMs("2 d"), spanMs("soon"), spanMs("5")]).toEqual([
    30_000,
    300_000,
    5_400_000,
    172_800_000,
    null,
    null,
  ]);
});
