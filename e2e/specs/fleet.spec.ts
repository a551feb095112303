import type { FleetState } from "../fleet/fleet-state.ts";
import { standardHeaders } from "../fleet/providers/events-standard.ts";
import { endpointOf, fleetOf } from "../product/fleet-client.ts";
import { expect, test } from "../product/journey.ts";

const send = async (fleet: FleetState, secret: string, id: string) => {
  const body = JSON.stringify({ type: "journey.direct", data: {} });
  return fetch(`http://127.0.0.1:${fleet.ports.steady}/hooks`, {
    method: "POST",
    headers: standardHeaders(secret, id, new Date(), body),
    body,
  });
};

const duplicatesOf = async (fleet: FleetState): Promise<number> => {
  const stats = await fetch(`http://127.0.0.1:${fleet.ports.steady}/stats`);
  return Number(/"duplicates":(\d+)/.exec(await stats.text())?.[1]);
};

test("a receiver of the fleet refuses a wrong signature and counts a repeated id", async ({ product }) => {
  const fleet = await fleetOf(product);
  const { secret } = endpointOf(fleet, "steady");
  const id = `msg_${crypto.randomUUID()}`;
  expect((await send(fleet, "whsec_c29tZSBvdGhlciBzZWNyZXQgdGhhdCBpcyBub3Qgb3Vycw==", id)).status).toBe(401);
  const before = await duplicatesOf(fleet);
  expect((await send(fleet, secret, id)).status).toBe(200);
  expect((await send(fleet, secret, id)).status).toBe(200);
  expect(await duplicatesOf(fleet)).toBeGreaterThan(before);
});

test("the switch answers an unknown request with its options", async ({ product }) => {
  const { controlPort } = await fleetOf(product);
  const answer = await fetch(`http://127.0.0.1:${controlPort}/behaviour`, { method: "POST", body: "{}" });
  expect(answer.status).toBe(400);
  expect(await answer.text()).toContain("failing");
});
