import { Queue } from "bullmq";
import { connectionsOf } from "../product/connections.ts";
import { expect, goByNavigation, test as journey, signInByForm } from "../product/journey.ts";
import { readCredentials, type StartedProduct, startProduct } from "../product/product.ts";

/** An installation without demo, and a stranger's Redis: another product's, of which only the address is known. */
const test = journey.extend<object, { empty: StartedProduct; strangers: string }>({
  empty: [
    async ({ browserName: _ }, use) => {
      const empty = await startProduct({ WHEELHOUSE_DEMO: "0" });
      await use(empty);
      await empty.stop();
    },
    { scope: "worker", timeout: 120_000 },
  ],
  strangers: [
    async ({ browserName: _ }, use) => {
      const other = await startProduct({ WHEELHOUSE_DEMO: "0", WHEELHOUSE_ROLES: "web" });
      await use(connectionsOf(other).redisUrl);
      await other.stop();
    },
    { scope: "worker", timeout: 120_000 },
  ],
  product: async ({ empty }, use) => use(empty),
  baseURL: async ({ empty }, use) => use(empty.baseUrl),
});

test("an empty installation leads from an address to the first queue", async ({
  page,
  product,
  strangers,
}) => {
  const queue = new Queue("first-orders", { connection: { url: strangers } });
  await queue.add("order", { number: 1 });
  await queue.close();
  const [starter] = readCredentials(product);
  if (starter === undefined) throw new Error("the start made no superadmin");
  await signInByForm(page, starter);
  await expect(page.getByRole("heading", { name: "Nothing is connected yet" })).toBeVisible();

  const address = page.getByRole("textbox", { name: "Address" });
  const check = page.getByRole("button", { name: "Check address" });
  await address.fill("cache:6379");
  await check.click();
  await expect(page.getByText("must begin with redis://")).toBeVisible();
  await address.fill(strangers);
  await check.click();
  const found = page.getByTestId("found");
  await expect(found).toContainText("without worker");
  await expect(found.getByRole("row").filter({ hasText: "first-orders" })).toContainText("No worker");
  await page.getByRole("button", { name: /^Keep \d+ queue/ }).click();

  await expect(page.getByTestId("verdict")).toBeVisible();
  await goByNavigation(page, "Queues");
  await expect(page.getByRole("row").filter({ hasText: "first-orders" })).toContainText("No worker");
});

test("an organization's address without a page is its overview", async ({ page, product }) => {
  const [starter] = readCredentials(product);
  if (starter === undefined) throw new Error("the start made no superadmin");
  await signInByForm(page, starter);
  await page.goto("/o/platform");
  await expect(page).toHaveURL(/\/o\/platform\/overview$/);
  await expect(page.getByRole("heading", { name: "Overview", level: 1 })).toBeVisible();
});
