import { Queue } from "bullmq";
import { connectionsOf } from "../product/connections.ts";
import { expect, signInByApi, test } from "../product/journey.ts";

test("a job is found by a field of its data, and by its pasted id from the palette", async ({
  page,
  user,
  product,
}) => {
  const mark = Date.now() % 1_000_000;
  const queue = new Queue("letters", { connection: { url: connectionsOf(product).redisUrl } });
  try {
    await queue.add("print", { customer: { number: mark } }, { jobId: `letter-${mark}`, delay: 3_600_000 });
    await signInByApi(page, user("operator"));
    await page.goto("/queues");
    await page.getByRole("link", { name: "Find a job" }).click();
    const filter = page.getByRole("combobox", { name: "Find a job" });
    // The index follows within seconds; the same question is asked again.
    await expect(async () => {
      await page.reload();
      await filter.fill(`data.customer.number:${mark} `);
      await expect(page.getByText(`letter-${mark}`)).toBeVisible({ timeout: 1_500 });
    }).toPass({ timeout: 20_000 });
    await expect(page.getByText("Delayed", { exact: true })).toBeVisible();
    await page.keyboard.press("Control+k");
    await page.getByPlaceholder("Search or jump to").fill(`letter-${mark}`);
    await page.getByRole("option", { name: "among all jobs" }).click();
    await expect(page).toHaveURL(/q=id:letter-/);
    await expect(page.getByRole("link", { name: "print" })).toBeVisible();
  } finally {
    await queue.obliterate({ force: true });
    await queue.close();
  }
});
