import type { Page } from "@playwright/test";
import { readOverview } from "@wheelhouse/shared/overview.ts";
import { Queue } from "bullmq";
import { connectionsOf } from "../product/connections.ts";
import { expect, goByNavigation, signInByApi, test } from "../product/journey.ts";

/** A moment for which the history shows the problem. Observations are stored within 10 s. */
const momentOf = async (page: Page, headline: string): Promise<string> => {
  let at = "";
  await expect(async () => {
    at = new Date().toISOString();
    const answer = await page.request.get("/api/v1/overview", { params: { at } });
    const { problems } = readOverview.response.parse(await answer.json());
    expect(problems.map(({ subject, title }) => `${subject}: ${title}`).join("\n")).toContain(headline);
  }).toPass({ timeout: 30_000 });
  return at;
};

test("the scrubber shows an outage after it is over, on every page, clearly marked as the past", async ({
  page,
  user,
  product,
}) => {
  test.setTimeout(90_000);
  const name = `rewind-${Date.now() % 100_000}`;
  const queue = new Queue(name, { connection: { url: connectionsOf(product).redisUrl } });
  await signInByApi(page, user("operator"));
  await page.goto("/overview");
  try {
    // Jobs wait and no worker listens: the queue is down.
    await queue.addBulk([1, 2, 3].map((number) => ({ name: "job", data: { number } })));
    const problem = page.getByRole("list", { name: "Problems, worst first" }).getByText(`${name}: no worker`);
    await expect(problem).toBeVisible({ timeout: 20_000 });
    const at = await momentOf(page, `${name}: no worker`);
    // A moment later it is over: the queue and its problem are gone.
    await queue.obliterate({ force: true });
    await expect(problem).toBeHidden({ timeout: 30_000 });

    await page.getByRole("button", { name: "Rewind" }).click();
    await expect(page.getByRole("slider", { name: "Moment" })).toBeVisible();
    await page.getByRole("button", { name: "− 1 m" }).click();
    await expect(page).toHaveURL(/[?&]at=/);
    await expect(page.getByTestId("freshness")).toContainText("As of");
    await expect(page.getByTestId("moment")).toContainText("read-only");

    // The link to that moment, as a colleague opens it.
    const address = new URL(page.url());
    address.searchParams.set("at", at);
    await page.goto(address.toString());
    await expect(problem).toBeVisible();
    await expect(page).toHaveTitle(/^As of /);

    await goByNavigation(page, "Queues");
    await expect(page).toHaveURL(/[?&]at=/);
    const row = page.getByRole("row").filter({ has: page.getByText(name, { exact: true }) });
    await expect(row).toContainText("No worker");

    await page.getByRole("button", { name: "Return to live" }).click();
    await expect(page).not.toHaveURL(/[?&]at=/);
    await expect(row).toBeHidden();
    await expect(page.getByTestId("freshness")).toContainText("Live");
  } finally {
    await queue.close();
  }
});

test("a typed range is that of the charts, is in the link, and a range that is none says so", async ({
  page,
  user,
}) => {
  await signInByApi(page, user("viewer"));
  await page.goto("/overview");
  const spans = page.getByRole("combobox", { name: "Time range of the charts" }).first();
  await spans.selectOption("Another range…");
  const dialog = page.getByRole("dialog", { name: "Time range of the charts" });
  await dialog.getByLabel("Range").fill("soon");
  await expect(dialog).toContainText("This is not a range");
  await expect(dialog.getByRole("button", { name: "Show this range" })).toBeDisabled();
  await dialog.getByLabel("Range").fill("2026-11-18 22:00 - 2026-11-19 02:00");
  await dialog.getByRole("button", { name: "Show this range" }).click();
  await expect(page).toHaveURL(/range=2026-11-1[89]T/);
  await expect(spans.locator("option:checked")).toHaveText(/2026-11-18 \d\d:00 – 2026-11-19 \d\d:00/);
  await expect(page.getByText("No deliveries in 2026-11-18").first()).toBeVisible();
  await page.reload();
  await expect(spans.locator("option:checked")).toHaveText(/2026-11-18 \d\d:00/);
  await spans.selectOption("Last 6 hours");
  await expect(page).toHaveURL(/range=6h/);
});
