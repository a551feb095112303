import { describe, expect, test } from "vitest";
import { createRooms, type Room } from "./rooms.ts";

function start(capacity: number, perEndpoint: number, line = 1_000) {
  let nowMs = 0;
  const rooms = createRooms({ capacity, perEndpoint, line, now: () => nowMs });
  const held = new Map<string, Room[]>();
  return {
    held,
    count: (endpoint: string) => held.get(endpoint)?.length ?? 0,
    enter(endpoint: string, count = 1) {
      return Array.from({ length: count }, () => {
        const entered = rooms.enter(endpoint);
        void entered?.then((room) => held.set(endpoint, [...(held.get(endpoint) ?? []), room]));
        return entered !== null;
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

  test("grow with a receiver's answers up to the bound, and are halved at most once a second by its failures", async () => {
    const rooms = start(400, 50);
    rooms.enter("a", 800);
    await turn();
    expect(rooms.count("a")).toBe(20);
    for (let n = 0; n < 200; n += 1) await rooms.leave("a");
    await turn();
    expect(rooms.count("a")).toBe(50);
    for (let n = 0; n < 20; n += 1) await rooms.leave("a", "down");
    await turn();
    expect(rooms.count("a")).toBe(30);
    for (let n = 0; n < 10; n += 1) await rooms.leave("a", "down");
    await turn();
    expect(rooms.count("a")).toBe(25);
  });

  test("are refused once an endpoint's line is full, and free for another endpoint all the same", async () => {
    const rooms = start(4, 4, 3);
    expect(rooms.enter("a", 6).filter(Boolean)).toHaveLength(5);
    expect(rooms.enter("b")).toEqual([true]);
    await turn();
    expect(rooms.count("b")).toBe(1);
  });
});
