import { fleetOf } from "../product/fleet-client.ts";
import { expect, signInByApi, test } from "../product/journey.ts";

test("a cache is invalidated by tag after its preview, and the trail records who did it and why", async ({
  page,
  user,
  api,
  product,
}) => {
  await fleetOf(product);
  const operator = user("operator");
  await signInByApi(page, operator);
  await page.goto("/caches");
  const row = page.getByRole("row").filter({ has: page.getByText("products", { exact: true }) });
  await expect(row).toBeVisible({ timeout: 30_000 });
  await row.getByRole("button", { name: "Invalidate products…" }).click();
  const dialog = page.getByRole("dialog", { name: "Invalidate products of catalog" });
  const confirm = dialog.getByRole("button", { name: /^Invalidate/ });
  await dialog.getByLabel("Reason").fill("Categories were sorted anew");
  await expect(confirm, "nothing is removed unseen").toBeDisabled();

  const counted = dialog.getByText(/^[\d,]+ entr(y|ies) on 1 instance$/);
  // Entries come and go by themselves; one of the tags has some.
  await expect(async () => {
    await dialog.getByLabel("Tag", { exact: true }).last().fill("regular");
    await dialog.getByRole("button", { name: "Count entries" }).click();
    await expect(counted).toBeVisible({ timeout: 3_000 });
  }).toPass({ timeout: 30_000 });
  await confirm.click();
  await expect(dialog.getByText(/entr(y|ies) removed\.$/)).toBeVisible();
  await expect(dialog.getByRole("cell", { name: "removed", exact: true })).toBeVisible();

  const trail = await (await api(user("admin"))).send("GET", "/audit/events?class=cache&limit=5");
  expect(trail.body).toHaveProperty(
    "items",
    expect.arrayContaining([
      expect.objectContaining({
        action: "cache.entries.invalidate",
        reason: "Categories were sorted anew",
      }),
    ]),
  );
});

test("keys of an unreported cache are counted, then removed from its Redis", async ({
  page,
  user,
  product,
}) => {
  await fleetOf(product);
  await signInByApi(page, user("operator"));
  await page.goto("/caches");
  await page.getByRole("button", { name: "Remove keys of tax-rates…" }).click({ timeout: 30_000 });
  const dialog = page.getByRole("dialog", { name: "Remove keys of tax-rates of billing" });
  await dialog.getByRole("radio", { name: "Prefix" }).check();
  await dialog.getByLabel("Prefix", { exact: true }).last().fill("1");
  await expect(async () => {
    await dialog.getByRole("button", { name: "Count keys" }).click();
    await expect(dialog.getByText(/^[\d,]+ keys?$/)).toBeVisible({ timeout: 3_000 });
  }).toPass({ timeout: 30_000 });
  await expect(dialog.getByText(/^billing:tax-rates::1/).first()).toBeVisible();
  await dialog.getByLabel("Reason").fill("Rates changed with the year");
  await dialog.getByRole("button", { name: "Remove keys" }).click();
  await expect(dialog.getByText("Done")).toBeVisible();
  await expect(dialog.getByText(/^[\d,]+ keys? removed/)).toBeVisible();
  await dialog.getByRole("button", { name: "Close" }).last().click();
  await expect(page.getByRole("region", { name: "Declared caches" })).toContainText(
    "Rates changed with the year",
  );
});

test("a viewer sees caches and the servers behind them, and no buttons to change them", async ({
  page,
  user,
  product,
}) => {
  await fleetOf(product);
  await signInByApi(page, user("viewer"));
  await page.goto("/caches");
  await expect(page.getByRole("link", { name: /^products/ }).first()).toBeVisible({ timeout: 30_000 });
  await expect(page.getByRole("button", { name: /Invalidate/ })).toHaveCount(0);
  const server = page.getByRole("region", { name: /^Redis/ }).first();
  await expect(server.getByText(/sampled [\d,]+ of [\d,]+ at/)).toBeVisible({ timeout: 30_000 });
  await server.getByText(/^Server-wide/).click();
  await expect(server.getByText(/workers that poll empty queues/)).toBeVisible();
});
