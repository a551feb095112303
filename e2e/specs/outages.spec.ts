import { fleetOf, postEvent } from "../product/fleet-client.ts";
import { expect, test as journey, signInByApi, signInByForm } from "../product/journey.ts";
import { stopPostgres, stopRedis } from "../product/outage.ts";
import { makeSource } from "../product/own-endpoint.ts";
import { type StartedProduct, startProduct } from "../product/product.ts";

/** These outages affect a separate product, so that no other journey notices them. */
const test = journey.extend<object, { own: StartedProduct }>({
  own: [
    async ({ browserName: _ }, use) => {
      const own = await startProduct();
      await use(own);
      await own.stop();
    },
    { scope: "worker", timeout: 120_000 },
  ],
  product: async ({ own }, use) => use(own),
  baseURL: async ({ own }, use) => use(own.baseUrl),
});

const outageMs = 6000;
const freshness = "freshness";

test("without Redis events are still accepted, the page shows since when it is stale, and everything recovers", async ({
  page,
  user,
  api,
  product,
}) => {
  await fleetOf(product);
  const source = await makeSource(await api(user("admin")));
  await signInByForm(page, user("admin"));
  await expect(page.getByTestId(freshness)).toContainText("Live");
  const endOutage = await stopRedis(product);
  const begun = performance.now();
  const statuses = new Set<number>();
  try {
    while (performance.now() - begun < outageMs) {
      const answer = await postEvent(product, source, { type: "journey.outage", data: {} });
      statuses.add(answer.status);
      await page.waitForTimeout(200);
    }
    await expect(page.getByText(/Redis/).first()).toBeVisible();
  } finally {
    await endOutage();
  }
  expect([...statuses]).toEqual([202]);
  await expect(page.getByTestId(freshness)).toContainText("Live", { timeout: 30_000 });
});

test("without Postgres intake answers 503 with Retry-After, the page stays, and everything recovers", async ({
  page,
  user,
  api,
  product,
}) => {
  await fleetOf(product);
  const source = await makeSource(await api(user("admin")));
  await signInByApi(page, user("admin"));
  await page.goto("/webhooks");
  await expect(page.getByTestId(freshness)).toContainText("Live");
  const stale = page.getByRole("status").filter({ hasText: "Postgres is not responding" });
  const endOutage = await stopPostgres(product);
  try {
    await expect
      .poll(async () => (await postEvent(product, source, { type: "journey.outage", data: {} })).status)
      .toBe(503);
    const answer = await postEvent(product, source, { type: "journey.outage", data: {} });
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
    await expect(stale).toContainText("The data on this page may be outdated");
    await expect(page.getByRole("heading", { name: "Webhooks", level: 1 })).toBeVisible();
  } finally {
    await endOutage();
  }
  await expect
    .poll(async () => (await postEvent(product, source, { type: "journey.outage", data: {} })).status, {
      timeout: 30_000,
    })
    .toBe(202);
  await expect(stale).toBeHidden({ timeout: 30_000 });
  await expect(page.getByTestId(freshness)).toContainText("Live", { timeout: 30_000 });
});
