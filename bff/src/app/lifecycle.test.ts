import Fastify from "fastify";
import { pino } from "pino";
import { expect, test } from "vitest";
import type { Feature, ProcessRole } from "#lib/feature.ts";
import { createLifecycle } from "./lifecycle.ts";

const log = pino({ level: "silent" });

/** A feature with one process that records its calls. */
function feature(
  name: string,
  seen: string[],
  {
    roles = ["web"],
    drain = async () => {},
    stop = async () => {},
  }: {
    roles?: ProcessRole[];
    drain?: () => Promise<void>;
    stop?: () => Promise<void>;
  } = {},
): Feature {
  const note = (what: string) => seen.push(`${what} ${name}`);
  return {
    processes: [
      {
        in: roles,
        async start() {
          note("start");
          return {
            async drain() {
              note("drain");
              await drain();
            },
            async stop() {
              note("stop");
              await stop();
            },
          };
        },
      },
    ],
  };
}
function lifecycleOf(features: Record<string, Feature>, roles: ProcessRole[], drainMs = 5_000) {
  const app = Fastify();
  return { app, ...createLifecycle({ app, features, roles, drainMs, log }) };
}

test("a process starts once if any of its roles is on, in the order of the list, and stops in the opposite one", async () => {
  const seen: string[] = [];
  const lifecycle = lifecycleOf(
    {
      first: feature("first", seen, { roles: ["web", "collector"] }),
      second: feature("second", seen, { roles: ["worker"] }),
      third: feature("third", seen),
    },
    ["web", "collector"],
  );
  await lifecycle.start();
  expect(seen.splice(0)).toEqual(["start first", "start third"]);
  await lifecycle.close();
  expect(seen).toEqual(["drain first", "drain third", "stop third", "stop first"]);
});

test("all drains run side by side with the server's, and nothing is stopped before they have ended", async () => {
  const seen: string[] = [];
  const open: (() => void)[] = [];
  const wait = () => new Promise<void>((resolve) => open.push(resolve));
  const lifecycle = lifecycleOf(
    { first: feature("first", seen, { drain: wait }), second: feature("second", seen, { drain: wait }) },
    ["web"],
  );
  lifecycle.app.addHook("onClose", async () => {
    seen.push("drain server");
    await wait();
  });
  await lifecycle.start();
  seen.splice(0);
  const closing = lifecycle.close();
  await expect.poll(() => seen.toSorted()).toEqual(["drain first", "drain second", "drain server"]);
  for (const end of open) end();
  await closing;
  expect(seen.slice(3)).toEqual(["stop second", "stop first"]);
});

test("a drain that never ends delays the others by drainMs at most", async () => {
  const seen: string[] = [];
  const features = { stuck: feature("stuck", seen, { drain: () => new Promise(() => {}) }) };
  const lifecycle = lifecycleOf(features, ["web"], 50);
  await lifecycle.start();
  await lifecycle.close();
  expect(seen).toEqual(["start stuck", "drain stuck", "stop stuck"]);
});

test("a feature that cannot stop does not keep the others from stopping", async () => {
  const seen: string[] = [];
  const fail = async () => {
    throw new Error("a fault of this part");
  };
  const lifecycle = lifecycleOf(
    { first: feature("first", seen), second: feature("second", seen, { drain: fail, stop: fail }) },
    ["web"],
  );
  await lifecycle.start();
  await lifecycle.close();
  expect(seen.slice(-2)).toEqual(["stop second", "stop first"]);
});

test("slow jobs delay no other feature's jobs", async () => {
  const seen: string[] = [];
  const lifecycle = lifecycleOf(
    {
      slow: { jobs: [{ name: "slow", on: "every process", run: () => new Promise(() => {}) }] },
      quick: {
        jobs: [
          { name: "fails", on: "every process", run: () => Promise.reject(new Error("not now")) },
          { name: "quick", on: "every process", run: async () => seen.push("quick") },
        ],
      },
    },
    [],
  );
  await lifecycle.start();
  await expect.poll(() => seen).toEqual(["quick"]);
  await lifecycle.close();
});
