import { join } from "node:path";
import { expect } from "@playwright/test";
import { type FleetState, readState } from "../fleet/fleet-state.ts";
import { standardHeaders } from "../fleet/providers/events-standard.ts";
import type { Behaviour } from "../fleet/receivers/receiver-cast.ts";
import type { Product } from "./product.ts";

const callTimeoutMs = 5000;
const bootstrapDeadlineMs = 45_000;

export const fleetDir = (product: Product) => join(product.dataDir, "fleet");

/** Waits until the demo fleet has created its sources and receivers, and returns their addresses. */
export const fleetOf = async (product: Product): Promise<FleetState> => {
  let state: FleetState | null = null;
  await expect
    .poll(
      async () => {
        state = await readState(fleetDir(product));
        if (!state) return "no fleet.json yet";
        const answer = await fetch(`http://127.0.0.1:${state.controlPort}/`).catch(() => null);
        return answer?.status ?? "the switch does not answer yet";
      },
      { timeout: bootstrapDeadlineMs, message: "the demo fleet is up" },
    )
    .toBe(200);
  if (!state) throw new Error("the demo fleet is not up");
  return state;
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
