import { describe, expect, test } from "vitest";
import { createRooms, type Room } from "./rooms.ts";

function start(capacity: number, perEndpoint: number, line = 1_000, places = 10_000) {
  let nowMs = 0;
  const rooms = createRooms({ capacity, perEndpoint, places, line, now: () => nowMs });
  const held = new Map<string, Room[]>();
  return {
    held,
    count: (endpoint: string) => held.get(endpoint)?.length ?? 0,
    enter(endpoint: string, count = 1) {
      return Array.from({ length: count }, () => {
        const entered = rooms.enter(endpoint);
        if (entered.kind === "later") return entered.afterMs;
        void entered.room.then((room) => held.set(endpoint, [...(held.get(endpoint) ?? []), room]));
        return null;
      });
    },
    async leave(endpoint: string, verdict: "up" | "down" = "up") {
      held.get(endpoint)?.shift()?.leave(verdict);
      await Promise.resolve();
    },
    later: (ms: number) => {
      nowMs += ms;
    },
  };
}
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe("rooms for attempts", () => {
  test("are handed over at the moment they become free, to the endpoints in turn", async () => {
    const rooms = start(4, 4);
    rooms.enter("a", 10);
    await turn();
    expect(rooms.count("a")).toBe(2);
    rooms.enter("b", 10);
    rooms.enter("c", 10);
    await turn();
    expect([rooms.count("b"), rooms.count("c")]).toEqual([1, 1]);
    await rooms.leave("b");
    await turn();
    // Nobody else has fewer than what is free, so it is b's turn again.
    expect([rooms.count("a"), rooms.count("b"), rooms.count("c")]).toEqual([2, 1, 1]);
  });

  test("grow by half with each full round of answers until the first failure, then by one, and failures halve them at most once a second", async () => {
    const rooms = start(400, 100);
    const round = async (answers: number) => {
      for (let n = 0; n < answers; n += 1) await rooms.leave("a");
      await turn();
      return rooms.count("a");
    };
    rooms.enter("a", 2_000);
    await turn();
    expect(rooms.count("a")).toBe(20);
    expect(await round(19)).toBe(20);
    expect(await round(1)).toBe(30);
    expect(await round(30)).toBe(45);
    for (let n = 0; n < 25; n += 1) await rooms.leave("a", "down");
    await turn();
    expect(rooms.count("a")).toBe(22);
    expect(await round(22)).toBe(23);
    rooms.later(1_000);
    for (let n = 0; n < 13; n += 1) await rooms.leave("a", "down");
    await turn();
    expect(rooms.count("a")).toBe(11);
  });

  test("do not grow while the limit is not used up, and keep a learned limit while the endpoint is idle", async () => {
    const rooms = start(400, 100);
    rooms.enter("a", 20);
    await turn();
    for (let n = 0; n < 20; n += 1) await rooms.leave("a");
    rooms.later(60_000);
    rooms.enter("a", 100);
    await turn();
    expect(rooms.count("a")).toBe(30);
    for (let n = 0; n < 60; n += 1) {
      await rooms.leave("a");
      await turn();
    }
    rooms.enter("b", 10);
    await turn();
    for (let n = 0; n < 10; n += 1) await rooms.leave("b");
    rooms.enter("b", 100);
    await turn();
    expect(rooms.count("b")).toBe(20);
  });

  test("leave places to wait for other endpoints, however many wait for slow ones", async () => {
    const rooms = start(10, 10, 300, 600);
    for (const slow of ["a", "b", "c"]) rooms.enter(slow, 1_000);
    const fast = Array.from({ length: 17 }, (_, n) => rooms.enter(`fast-${n}`)[0]);
    expect(fast).toEqual(Array(17).fill(null));
  });

  test("send what finds no place back about as fast as the receiver answers", async () => {
    const rooms = start(4, 4, 3);
    const [first = 0] = rooms.enter("a", 6).flatMap((afterMs) => (afterMs === null ? [] : [afterMs]));
    expect(first).toBeGreaterThanOrEqual(500);
    const last = rooms.enter("a", 200).at(-1) ?? 0;
    expect(last).toBe(15_000);
    expect(rooms.enter("b")).toEqual([null]);
    await turn();
    expect(rooms.count("b")).toBe(1);
  });
});
