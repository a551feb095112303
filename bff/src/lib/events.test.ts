import { pino } from "pino";
import { expect, test } from "vitest";
import type { Subscribe } from "./channel.ts";
import { createEvents } from "./events.ts";

/** Processes connected to each other by JSON messages. */
function startProcesses(count: number) {
  const handlers: Map<string, (text: string) => void>[] = [];
  return Array.from({ length: count }, () => {
    const own = new Map<string, (text: string) => void>();
    handlers.push(own);
    const published: string[] = [];
    const subscribe: Subscribe = ({ topic, message, onMessage }) => {
      own.set(topic, (text) => onMessage(message.parse(JSON.parse(text))));
      return {
        name: topic,
        publish(told) {
          const text = JSON.stringify(told);
          published.push(text);
          for (const other of handlers) if (other !== own) other.get(topic)?.(text);
        },
      };
    };
    return { ...createEvents({ subscribe, log: pino({ level: "silent" }) }), published };
  });
}
const emptyList = (): unknown[] => [];
const ids = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => `id-${from + at}`);

test("changes in quick succession are announced once in every process, per organization and with the newest 50 ids", async () => {
  const [here, there] = startProcesses(2);
  const heard = { here: emptyList(), there: emptyList() };
  here?.events.on("deliveries.changed", (event) => heard.here.push(event));
  there?.events.on("deliveries.changed", (event) => heard.there.push(event));
  there?.events.on("replays.changed", (event) => heard.there.push(event));
  here?.events.emit("deliveries.changed", { organizationId: "a", ids: ids(0, 40), created: 40 });
  here?.events.emit("deliveries.changed", { organizationId: "b", ids: ["x"], created: 0 });
  here?.events.emit("deliveries.changed", {
    organizationId: "a",
    ids: [...ids(40, 70), "id-30"],
    created: 30,
  });
  expect(heard).toEqual({ here: [], there: [] });
  const told = [
    { organizationId: "a", ids: [...ids(20, 30), ...ids(31, 70), "id-30"], created: 70 },
    { organizationId: "b", ids: ["x"], created: 0 },
  ];
  await expect.poll(() => heard.here).toEqual(told);
  expect(heard.there).toEqual(told);
  expect(here?.published).toHaveLength(2);
  expect(there?.published).toEqual([]);
});

test("a listener that throws does not affect other listeners, here or elsewhere", () => {
  const [here, there] = startProcesses(2);
  const heard: string[] = [];
  for (const [place, process] of [
    ["here", here],
    ["there", there],
  ] as const) {
    process?.events.on("audit.committed", () => {
      throw new Error("a fault of this listener");
    });
    process?.events.on("audit.committed", ({ organizationId }) => heard.push(`${place} ${organizationId}`));
  }
  here?.events.emit("audit.committed", { organizationId: "a", ids: ["1"], created: 1 });
  here?.flush();
  expect(heard.sort()).toEqual(["here a", "there a"]);
});

test("a listener receives nothing after it unsubscribes", () => {
  const [here] = startProcesses(1);
  const heard: unknown[] = [];
  const stop = here?.events.on("replays.changed", (event) => heard.push(event));
  stop?.();
  here?.events.emit("replays.changed", { organizationId: "a", ids: ["1"], created: 0 });
  here?.flush();
  expect(heard).toEqual([]);
});
