import { randomBytes } from "node:crypto";
import type { Locator, Page } from "@playwright/test";
import { expect, goByNavigation, signInByApi, signInByForm, test } from "../product/journey.ts";

/** Reads the address that is shown once, and continues. */
const readOnce = async (dialog: Locator): Promise<string> => {
  const address = (await dialog.getByTestId("shown-once").textContent()) ?? "";
  await dialog.getByRole("button", { name: "Done" }).click();
  return address;
};
const beat = async (page: Page, address: string) => (await page.request.post(address)).status();

test("an admin watches a job that reports by itself, renews its secret, and deletes it", async ({
  page,
  user,
}) => {
  const name = `Nightly ${randomBytes(3).toString("hex")}`;
  await signInByForm(page, user("admin"));
  await goByNavigation(page, "Services");
  await page.getByRole("link", { name: "Sources", exact: true }).click();
  const list = page.getByRole("table", { name: "Sources, worst first" });
  await expect(list.getByRole("row").filter({ hasText: "Redis primary" })).toContainText("File, read-only");

  await page.getByRole("button", { name: "Watch a service…" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name", { exact: true }).fill(name);
  await dialog.getByLabel("Format").selectOption("push");
  await dialog.getByLabel("Instances").fill("backup");
  await dialog.getByLabel("Depends on").fill("nowhere");
  await dialog.getByRole("button", { name: "Watch service" }).click();
  await expect(dialog).toContainText("is not watched in this organization");
  await dialog.getByLabel("Depends on").fill("");
  await dialog.getByRole("button", { name: "Watch service" }).click();
  const first = await readOnce(dialog);
  expect(await beat(page, first)).toBe(202);

  const row = list.getByRole("row").filter({ hasText: name });
  await expect(row).toContainText("OK", { timeout: 10_000 });
  await row.getByRole("link").click();
  const drawer = page.getByRole("complementary", { name: `Source ${name}` });
  await expect(drawer).toContainText(`····${first.slice(-4)}`);
  await drawer.getByRole("button", { name: "New secret for backup" }).click();
  await dialog.getByLabel("Reason").fill("it stood in a log");
  await dialog.getByRole("button", { name: "Issue secret" }).click();
  const second = await readOnce(dialog);
  expect([await beat(page, first), await beat(page, second)]).toEqual([404, 202]);

  await drawer.getByRole("button", { name: "Delete…" }).click();
  await dialog.getByLabel("Reason").fill("the job has moved");
  await dialog.getByRole("button", { name: "Delete source" }).click();
  await expect(dialog).toBeHidden();
  await expect(row).toHaveCount(0);
  expect(await beat(page, second)).toBe(404);
});

test("an admin declares a cache whose keys can then be removed, moves it, and deletes it", async ({
  page,
  user,
}) => {
  const name = `prices-${randomBytes(3).toString("hex")}`;
  await signInByApi(page, user("admin"));
  await page.goto("/o/northwind/sources");
  await page.getByRole("button", { name: "Cache…" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name", { exact: true }).fill(name);
  await dialog.getByLabel("Service").fill("price-desk");
  await dialog.getByLabel("Redis").selectOption({ label: "Redis primary" });
  await dialog.getByLabel("Prefix").fill("bull:");
  await dialog.getByRole("button", { name: "Declare cache" }).click();
  await expect(dialog).toContainText("must not meet bull: or wheelhouse:");
  await dialog.getByLabel("Prefix").fill(`${name}:`);
  await dialog.getByRole("button", { name: "Declare cache" }).click();
  await expect(dialog).toBeHidden();

  const list = page.getByRole("table", { name: "Sources, worst first" });
  await list.getByRole("row").filter({ hasText: name }).getByRole("link").click();
  const drawer = page.getByRole("complementary", { name: `Source ${name}` });
  await expect(drawer).toContainText(`${name}:`);
  await drawer.getByRole("button", { name: "Change…" }).click();
  await dialog.getByLabel("Prefix").fill(`${name}/2:`);
  await dialog.getByRole("button", { name: "Save changes" }).click();
  await expect(drawer).toContainText(`${name}/2:`);
  await goByNavigation(page, "Cache");
  await expect(page.getByRole("region", { name: "Declared caches" })).toContainText(`${name}/2:`);

  await page.goBack();
  await drawer.getByRole("button", { name: "Delete…" }).click();
  await dialog.getByLabel("Reason").fill("the prices have moved");
  await dialog.getByRole("button", { name: "Delete source" }).click();
  await expect(list.getByRole("row").filter({ hasText: name })).toHaveCount(0);
});
