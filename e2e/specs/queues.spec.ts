import type { Locator, Page } from "@playwright/test";
import { Queue } from "bullmq";
import { connectionsOf } from "../product/connections.ts";
import { fleetOf } from "../product/fleet-client.ts";
import { expect, signInByForm, test } from "../product/journey.ts";

const queueRow = (page: Page, name: string): Locator =>
  page.getByRole("row").filter({ has: page.getByText(name, { exact: true }) });

/** Text of the cell under a column's header. */
const cellUnder = async (page: Page, row: Locator, header: string): Promise<string> => {
  const headers = await page.getByRole("columnheader").allTextContents();
  const at = headers.findIndex((text) => text.trim().startsWith(header));
  return (await row.getByRole("cell").nth(at).textContent()) ?? "";
};

test("queue depths of running programs move on the page without a reload", async ({
  page,
  user,
  product,
}) => {
  await fleetOf(product);
  await signInByForm(page, user("viewer"));
  await page.getByRole("link", { name: "Queues" }).first().click();
  await expect(page.getByRole("heading", { name: "Queues", level: 1 })).toBeVisible();
  for (const name of ["orders", "email", "invoices", "thumbnails", "stock"]) {
    await expect(queueRow(page, name)).toBeVisible();
  }
  await page.evaluate(() => document.body.setAttribute("data-loaded-once", "yes"));
  const table = page.getByRole("table").first();
  const before = await table.textContent();
  await expect.poll(() => table.textContent(), { timeout: 20_000 }).not.toBe(before);
  await expect(page.locator("body")).toHaveAttribute("data-loaded-once", "yes");
});

test("a queue made by another program appears within 3 s, by any name and prefix, with right counts", async ({
  page,
  user,
  product,
}) => {
  await signInByForm(page, user("admin"));
  await page.goto("/queues");
  await expect(page.getByRole("heading", { name: "Queues", level: 1 })).toBeVisible();
  await expect(page.getByRole("table").first()).toBeVisible();
  const name = `a b ü{${Date.now() % 100_000}}`;
  const queue = new Queue(name, {
    connection: { url: connectionsOf(product).redisUrl },
    prefix: "shop:prod",
  });
  try {
    await queue.addBulk([1, 2, 3].map((number) => ({ name: "job", data: { number } })));
    await queue.add("later", {}, { delay: 3_600_000 });
    const row = queueRow(page, name);
    await expect(row).toBeVisible({ timeout: 3000 });
    await expect.poll(() => cellUnder(page, row, "Waiting")).toBe("3");
    await queue.addBulk([4, 5].map((number) => ({ name: "job", data: { number } })));
    await expect.poll(() => cellUnder(page, row, "Waiting"), { timeout: 3000 }).toBe("5");
  } finally {
    await queue.obliterate({ force: true });
    await queue.close();
  }
});
