import { gzipSync } from "node:zlib";
import {
  encodeMessage,
  encodeSnapshot,
  followRows,
  followWhole,
  unpack,
} from "@wheelhouse/shared/live/message.ts";
import { patchRows, patchWhole } from "@wheelhouse/shared/live/patch.ts";
import { overview, overviewTopic } from "@wheelhouse/shared/overview.ts";
import { type QueueList, queueList, queueTopic } from "@wheelhouse/shared/queues.ts";
import { expect, test } from "vitest";
import { z } from "zod";
import { createSnapshotStore } from "#observe/spread/spread.ts";
import { makeAspects } from "#testing/aspects.ts";
import { createBusyTicks } from "#testing/busy-tick.ts";

const acme = { id: "0198a000-0000-7000-8000-00000000000a", slug: "acme" };
/** The list itself: reading it into a copy would hide which rows stayed. */
const queuesOf = z.custom<QueueList>();
const mostBytes = 10_000;

/** The messages that a dashboard of 200 queues receives, tick by tick. */
function* messagesOf(ticks: number) {
  let nowMs = 0;
  const snapshots = createSnapshotStore({
    aspects: makeAspects().aspects,
    clock: { now: () => nowMs },
    intervalMs: 1_000,
  });
  const live = () => snapshots.viewsOf(acme);
  const nextTick = createBusyTicks({ organization: acme });
  const step = () => {
    const tick = nextTick();
    nowMs = Date.parse(tick.head.observedAt);
    snapshots.ingest(tick);
    const [overview, queues] = [live().list("overview"), queuesOf.parse(live().list("queues"))];
    return { overview, queues, sentAt: tick.head.observedAt, seq: snapshots.seq() };
  };
  let before = step();
  const head = { kind: "snapshot", seq: before.seq, sentAt: before.sentAt } as const;
  yield {
    overview: encodeSnapshot(head, live().encoded("overview")),
    queues: encodeSnapshot(head, live().encoded("queues")),
    shown: before,
  };
  for (let n = 0; n < ticks; n += 1) {
    const now = step();
    const observedAt = now.sentAt;
    const changes = {
      kind: "changes",
      seq: now.seq,
      observedAt,
      intervalMs: 1_000,
      sentAt: observedAt,
    } as const;
    yield {
      overview: encodeMessage(changes, patchWhole(before.overview, now.overview, observedAt), gzipSync),
      queues: encodeMessage(changes, patchRows(before.queues.items, now.queues.items, observedAt), gzipSync),
      shown: now,
    };
    before = now;
  }
}

test("200 queues that all change cost a dashboard at most 10 kB a tick, while charts move on as well", () => {
  const [, ...ticks] = messagesOf(40);
  const bytes = ticks.map(({ overview: parts, queues }) => parts.length + queues.length);
  expect(Math.min(...bytes)).toBeGreaterThan(1_000);
  expect(Math.max(...bytes)).toBeLessThanOrEqual(mostBytes);
});

test("a client that applies the messages holds the API's answer, in its order and in the form of the contract", async () => {
  const queues = followRows(queueTopic);
  const parts = followWhole(overviewTopic);
  for (const message of messagesOf(20)) {
    const list = queues.take(await unpack(message.queues));
    const whole = parts.take(await unpack(message.overview));
    expect(queueList.parse(list).items).toEqual(message.shown.queues.items);
    expect(overview.parse(whole)).toEqual(overview.parse(JSON.parse(JSON.stringify(message.shown.overview))));
  }
});

test("a text that would not get smaller is sent as it is, a long one compressed", async () => {
  const head = { kind: "heads", newCount: 1, sentAt: "2026-01-05T12:00:00.000Z" } as const;
  const short = encodeMessage(head, [{ id: "a" }], gzipSync);
  const long = encodeMessage(
    head,
    Array.from({ length: 100 }, () => ({ id: "a" })),
    gzipSync,
  );
  expect(short[0]).toBe(0);
  expect(long[0]).toBe(1);
  expect(await unpack(short)).toEqual({ head, body: [{ id: "a" }] });
  expect((await unpack(long)).body).toHaveLength(100);
});
