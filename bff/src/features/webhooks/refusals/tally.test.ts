import { expect, test } from "vitest";
import { createTally, type RefusedOnce } from "./tally.ts";

const once = (rest: Partial<RefusedOnce> = {}): RefusedOnce => ({
  organizationId: "one",
  source: "shop",
  reason: "signature_mismatch",
  status: 401,
  atMs: 1_000,
  address: "192.0.2.1",
  requestId: "req_1",
  field: null,
  message: "no",
  newest: {
    path: null,
    contentType: null,
    sizeBytes: null,
    body: "empty",
    headers: [],
    signature: null,
    behindMs: null,
  },
  ...rest,
});

test("requests of one source, reason and hour are one row; the newest describes it", () => {
  const tally = createTally(10);
  for (let n = 0; n < 10_000; n += 1)
    tally.add(once({ atMs: n, address: `192.0.2.${n % 9}`, requestId: `req_${n}` }));
  const { rows, dropped } = tally.take();
  expect(dropped).toBe(0);
  expect(rows).toMatchObject([
    { requests: 10_000, firstMs: 0, lastMs: 9_999, requestId: "req_9999", hourMs: 0 },
  ]);
  expect(rows[0]?.addresses).toEqual(["192.0.2.0", "192.0.2.8", "192.0.2.7", "192.0.2.6", "192.0.2.5"]);
  expect(tally.take().rows).toEqual([]);
});

test("beyond the limit an organization's rows are counted as one, beyond twice the limit only as a number", () => {
  const tally = createTally(3);
  for (let n = 0; n < 20; n += 1) tally.add(once({ source: `source-${n}` }));
  expect(tally.size).toBe(4);
  for (let n = 0; n < 20; n += 1) tally.add(once({ organizationId: `org-${n}` }));
  const { rows, dropped } = tally.take();
  expect(rows).toHaveLength(6);
  expect(rows.find(({ source }) => source === "")).toMatchObject({ reason: "other", requests: 17 });
  expect(rows.reduce((sum, { requests }) => sum + requests, 0) + dropped).toBe(40);
});

test("rows that could not be stored are counted again beside what has come since", () => {
  const tally = createTally(3);
  tally.add(once({ atMs: 10 }));
  const { rows } = tally.take();
  tally.add(once({ atMs: 20, requestId: "req_2" }));
  tally.giveBack(rows);
  expect(tally.take().rows).toMatchObject([{ requests: 2, firstMs: 10, lastMs: 20, requestId: "req_2" }]);
});
