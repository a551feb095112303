import { describe, expect, test } from "vitest";
import { aspectKey } from "#observe/aspect.ts";
import { makeSeen, type makeServer, makeWebhooks, tickAt } from "#testing/tick.ts";
import { createWebhooksBoard } from "./aspect.ts";

const startMs = Date.parse(tickAt);
const acme = { id: "acme-id", slug: "acme" };
const iso = (ms: number) => new Date(startMs + ms).toISOString();

function setup() {
  let nowMs = startMs;
  let deadLetters = 0;
  let isAway = false;
  const make = () =>
    createWebhooksBoard({
      servers: aspectKey<ReturnType<typeof makeServer>>("servers"),
      intervalMs: 1_000,
      clock: { now: () => nowMs },
      async statistics(ids) {
        if (isAway) throw new Error("away");
        return new Map(ids.map((id) => [id, { ...makeWebhooks(), deadLetters }]));
      },
    });
  let board = make();
  board.adopt([]);
  const observeAt = async (ms: number) => {
    nowMs = startMs + ms;
    await board.poke?.([acme]);
    return board.observe(makeSeen(nowMs, { organizations }));
  };
  const organizations = [acme];
  return {
    observeAt,
    wait(count: number) {
      deadLetters = count;
    },
    lose() {
      isAway = true;
    },
    async succeed(ms: number) {
      const { rows, extra } = await observeAt(ms);
      board = make();
      board.adopt(structuredClone(rows), structuredClone(extra));
    },
  };
}

describe("figures of webhooks", () => {
  test("include since when dead letters have been waiting, also for the next collector, until none is left", async () => {
    const { observeAt, wait, succeed } = setup();
    expect((await observeAt(0)).rows).toMatchObject([{ organization: "acme", deadLettersSince: null }]);
    wait(2);
    expect((await observeAt(3_000)).rows[0]?.deadLettersSince).toBe(iso(3_000));
    wait(3);
    expect((await observeAt(6_000)).rows[0]).toMatchObject({
      deadLetters: 3,
      deadLettersSince: iso(3_000),
    });
    await succeed(9_000);
    expect((await observeAt(12_000)).rows[0]?.deadLettersSince).toBe(iso(3_000));
    wait(0);
    expect((await observeAt(15_000)).rows[0]?.deadLettersSince).toBeNull();
  });

  test("stay while they cannot be read, and are marked as failing after 10 s", async () => {
    const { observeAt, lose, succeed } = setup();
    const { rows } = await observeAt(0);
    expect((await observeAt(1_000)).rows, "rows that did not change keep their identity").toBe(rows);
    lose();
    expect(await observeAt(9_000)).toMatchObject({ rows, extra: { observedAt: iso(0), failing: false } });
    await succeed(9_500);
    expect(await observeAt(11_000)).toMatchObject({ rows, extra: { observedAt: iso(0), failing: true } });
  });
});
