import { expect, signInByApi, test } from "../product/journey.ts";
import { startProgram, watchServices } from "../product/watched-services.ts";

const intervalMs = 2_000;
const timeoutMs = 1_000;
/** Two intervals and the time-out, plus a tick for the collector and one for the page. */
const boundMs = 2 * intervalMs + timeoutMs + 2_000;

test("a dependency dies: verdict and root cause within the bound, its caller is affected by it, both recover", async ({
  page,
  user,
  product,
}) => {
  let storeIsThere = true;
  const store = await startProgram(() => ({ code: 200, status: "pass" }));
  const shop = await startProgram(() =>
    storeIsThere ? { code: 200, status: "pass" } : { code: 503, status: "fail" },
  );
  const rhythm = {
    organization: user("viewer").organization,
    format: "health+json",
    group: "journey",
    interval: `${intervalMs / 1000}s`,
    timeout: `${timeoutMs / 1000}s`,
  };
  const forget = watchServices(product, [
    { id: "journey-store", url: store.url, ...rhythm },
    { id: "journey-shop", url: shop.url, dependsOn: ["journey-store"], ...rhythm },
  ]);
  try {
    await signInByApi(page, user("viewer"));
    await page.goto("/services");
    const row = (name: string) =>
      page.getByRole("row").filter({ has: page.getByRole("link", { name: new RegExp(`^${name}`) }) });
    await expect(row("journey-store")).toContainText("OK");
    await expect(row("journey-shop")).toContainText("OK");

    storeIsThere = false;
    await store.end();
    const diedAt = Date.now();
    await expect(row("journey-store").getByText("Down", { exact: true })).toBeVisible({ timeout: boundMs });
    expect(Date.now() - diedAt).toBeLessThan(boundMs);
    const caller = page.getByRole("row").filter({ hasText: "affected by journey-store" });
    await expect(caller).toContainText("journey-shop");

    await page
      .getByRole("link", { name: /^Overview/ })
      .first()
      .click();
    await expect(page.getByTestId("verdict")).toContainText(/\d+ down/);
    const problem = page.getByRole("listitem").filter({ hasText: "journey-store: is down" });
    await expect(problem).toContainText("Connection refused");
    await expect(problem).toContainText("1 service");
    await expect(page.getByText("journey-shop: is down")).toHaveCount(0);

    await problem.getByRole("link").click();
    const drawer = page.getByRole("complementary", { name: "Service journey-store" });
    await expect(drawer).toContainText("Affects 1 other check");
    await drawer.getByRole("button", { name: "Show in graph" }).click();
    await expect(page.getByRole("link", { name: "journey-store, Down, root cause" })).toBeVisible();
    const affected = page.getByRole("link", { name: "journey-shop, Down, affected" });
    await affected.focus();
    await page.keyboard.press("ArrowRight");
    await expect(page.getByRole("link", { name: "journey-store, Down, root cause" })).toBeFocused();

    storeIsThere = true;
    await store.startAgain();
    await expect(page.getByRole("link", { name: /^journey-store, (?!Down)/ })).toBeVisible();
    await expect(page.getByRole("link", { name: /^journey-shop, (?!Down)/ })).toBeVisible();
  } finally {
    forget();
    await store.end().catch(() => {});
    await shop.end();
  }
});

test("planned work takes a service out of the problems until it is ended", async ({
  page,
  user,
  product,
}) => {
  const program = await startProgram(() => ({ code: 503, status: "fail" }));
  const forget = watchServices(product, [
    {
      id: "journey-legacy",
      url: program.url,
      format: "health+json",
      interval: "1s",
      timeout: "1s",
      organization: user("operator").organization,
    },
  ]);
  try {
    await signInByApi(page, user("operator"));
    await page.goto("/services?service=journey-legacy");
    const drawer = page.getByRole("complementary", { name: "Service journey-legacy" });
    await expect(drawer.getByText("Down", { exact: true }).first()).toBeVisible();
    await drawer.getByRole("button", { name: "Plan maintenance…" }).click();
    await page.getByLabel("Reason").fill("move to the new rack");
    await page.getByRole("button", { name: "Start maintenance of journey-legacy" }).click();
    await expect(drawer.getByText("Maintenance", { exact: true })).toBeVisible();
    await expect(drawer).toContainText("move to the new rack");
    await drawer.getByRole("button", { name: "End now" }).click();
    await expect(drawer.getByText("Maintenance", { exact: true })).toBeHidden();
  } finally {
    forget();
    await program.end();
  }
});
