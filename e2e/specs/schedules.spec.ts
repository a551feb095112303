import { expect, signInByApi, test } from "../product/journey.ts";

test("an administrator runs a schedule now and sees its outcome; who may only read sees no act", async ({
  page,
  user,
}) => {
  await signInByApi(page, user("superadmin"));
  await page.goto("/o/platform/schedules");
  await page.getByRole("link", { name: "cache-clean-up" }).click();
  const drawer = page.getByRole("complementary", { name: "Schedule cache-clean-up" });
  await expect(drawer.getByRole("heading", { name: "Next five runs" })).toBeVisible();
  await drawer.getByRole("button", { name: "Run now…" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Reason").fill("after the change of the cache format");
  await dialog.getByRole("button", { name: "Run now" }).click();
  await expect(dialog.getByRole("status")).toContainText("A worker runs it now");
  await dialog.getByRole("button", { name: "Close" }).last().click();
  const run = drawer.getByRole("row").filter({ hasText: "Run now by" }).first();
  await expect(run).toContainText("Completed", { timeout: 15_000 });
  await expect(run).toContainText("entries removed");

  await signInByApi(page, user("viewer"));
  await page.goto("/o/northwind/schedules");
  await page.getByRole("link", { name: "settle-refunds" }).click();
  await expect(page.getByText("Europe/Berlin").first()).toBeVisible();
  await expect(page.getByRole("heading", { name: "Next five runs" })).toBeVisible();
  await expect(page.getByRole("button", { name: "Run now…" })).toHaveCount(0);
});
