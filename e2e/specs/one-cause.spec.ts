import { readServicePorts } from "../fleet/services/service-ports.ts";
import { fleetDir, fleetOf } from "../product/fleet-client.ts";
import { expect, signInByApi, test } from "../product/journey.ts";

test("an outage of the card gateway is one problem with its effects beneath it, and none once it is over", async ({
  page,
  user,
  product,
}) => {
  test.setTimeout(180_000);
  await fleetOf(product);
  const ports = await readServicePorts(fleetDir(product));
  const setGateway = (up: boolean | null) =>
    fetch(`http://127.0.0.1:${ports.switch}`, {
      method: "POST",
      body: JSON.stringify({ service: "gateway", up }),
    });
  await signInByApi(page, user("viewer"));
  await page.goto("/overview");
  try {
    await setGateway(false);
    const problem = page.getByRole("listitem").filter({ hasText: "Card gateway: is down" });
    await expect(problem).toContainText(/breaker/, { timeout: 60_000 });
    await expect(problem).toContainText("Nothing known changed before");
    await expect(page.getByText(/charge-card: breaker open/)).toHaveCount(0);
    await problem.getByText("Show what Card gateway affects").click();
    await problem.getByRole("link", { name: "charge-card" }).click();
    const drawer = page.getByRole("complementary", { name: "Breaker charge-card" });
    await expect(drawer).toContainText("Card gateway is down");
    await setGateway(true);
    await page.goto("/overview");
    await expect(page.getByText("Card gateway: is down")).toHaveCount(0, { timeout: 30_000 });
  } finally {
    await setGateway(null);
  }
});
