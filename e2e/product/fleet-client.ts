import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "@playwright/test";
import { type FleetState, readState } from "../fleet/fleet-state.ts";
import { standardHeaders } from "../fleet/providers/events-standard.ts";
import type { Behaviour } from "../fleet/receivers/receiver-cast.ts";
import type { Product } from "./product.ts";

const callTimeoutMs = 5000;
const bootstrapDeadlineMs = 45_000;
const askEveryMs = 250;
const keptLines = 40;

export const fleetDir = (product: Product) => join(product.dataDir, "fleet");

/** The end of what the fleet's programs printed, for the message of a failed journey. */
const logOf = async (product: Product): Promise<string> => {
  const text = await readFile(join(product.dataDir, "logs/fleet.log"), "utf8").catch(String);
  return text.split("\n").slice(-keptLines).join("\n");
};

/** Waits until the demo fleet has created its sources and receivers, and returns their addresses. */
export const fleetOf = async (product: Product): Promise<FleetState> => {
  const ask = async () => {
    const state = await readState(fleetDir(product));
    if (!state) return "no fleet.json yet";
    const answer = await fetch(`http://127.0.0.1:${state.controlPort}/`, {
      signal: AbortSignal.timeout(callTimeoutMs),
    }).catch(() => null);
    return answer?.ok ? state : "the switch does not answer yet";
  };
  const deadline = performance.now() + bootstrapDeadlineMs;
  for (;;) {
    const found = await ask();
    if (typeof found !== "string") return found;
    if (performance.now() > deadline)
      throw new Error(`The demo fleet is not up: ${found}. Its log:\n${await logOf(product)}`);
    await sleep(askEveryMs);
  }
};

/** Heals or breaks a receiver of the fleet. */
export const setBehaviour = async (
  { controlPort }: FleetState,
  receiver: string,
  behaviour: Behaviour,
): Promise<void> => {
  const answer = await fetch(`http://127.0.0.1:${controlPort}/behaviour`, {
    method: "POST",
    body: JSON.stringify({ receiver, behaviour }),
    signal: AbortSignal.timeout(callTimeoutMs),
  });
  expect(answer.status, await answer.text()).toBe(200);
};

export const endpointOf = (state: FleetState, slug: string): FleetState["endpoints"][number] => {
  const found = state.endpoints.find((one) => one.slug === slug);
  if (!found) throw new Error(`the fleet has no endpoint ${slug}`);
  return found;
};

/** Posts one signed event to a Standard Webhooks source; resolves with the answer. */
export const postEvent = async (
  product: Product,
  source: { intakePath: string; secret: string },
  event: { type: string; data: unknown; id?: string },
): Promise<Response> => {
  const body = JSON.stringify({ type: event.type, timestamp: new Date().toISOString(), data: event.data });
  return fetch(`${product.baseUrl}${source.intakePath}`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...standardHeaders(source.secret, event.id ?? `evt_${crypto.randomUUID()}`, new Date(), body),
    },
    body,
    signal: AbortSignal.timeout(callTimeoutMs),
  });
};
