import type { Locator, Page } from "@playwright/test";
import { Queue } from "bullmq";
import { connectionsOf } from "../product/connections.ts";
import { fleetOf } from "../product/fleet-client.ts";
import { expect, signInByApi, test } from "../product/journey.ts";

const queueRow = (page: Page, name: string): Locator =>
  page.getByRole("row").filter({ has: page.getByText(name, { exact: true }) });

/** The cells under a column's header: of one row, or of the whole table. */
const cellsUnder = async (page: Page, within: Locator, header: string): Promise<Locator> => {
  const headers = await page.getByRole("table").first().getByRole("columnheader").allTextContents();
  const at = headers.findIndex((text) => text.trim().startsWith(header));
  expect(at, `a column ${header}`).toBeGreaterThanOrEqual(0);
  return within.locator(`td:nth-child(${at + 1})`);
};

test("queue depths of running programs move on the page without a reload", async ({
  page,
  user,
  product,
}) => {
  await fleetOf(product);
  await signInByApi(page, user("viewer"));
  await page.goto("/queues");
  for (const name of ["orders", "email", "invoices", "thumbnails", "stock"]) {
    await expect(queueRow(page, name)).toBeVisible();
  }
  await page.evaluate(() => document.body.setAttribute("data-loaded-once", "yes"));
  const table = page.getByRole("table").first();
  // Fast workers leave nothing waiting for a while; the depth of some state always moves.
  const columns = await Promise.all(
    ["Waiting", "Active", "Delayed"].map((header) => cellsUnder(page, table, header)),
  );
  const depths = () => Promise.all(columns.map((cells) => cells.allTextContents()));
  const before = await depths();
  await expect.poll(depths, { timeout: 30_000 }).not.toEqual(before);
  await expect(page.locator("body")).toHaveAttribute("data-loaded-once", "yes");
});

test("a queue created by another program appears within 3 s, with any name and prefix and correct counts", async ({
  page,
  user,
  product,
}) => {
  await signInByApi(page, user("admin"));
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
    const waiting = await cellsUnder(page, row, "Waiting");
    await expect(waiting).toHaveText(/^3\b/);
    await queue.addBulk([4, 5].map((number) => ({ name: "job", data: { number } })));
    await expect(waiting).toHaveText(/^5\b/, { timeout: 3000 });
  } finally {
    await queue.obliterate({ force: true });
    await queue.close();
  }
});
