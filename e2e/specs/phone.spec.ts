import { fleetOf } from "../product/fleet-client.ts";
import {
  expect,
  expectStill,
  mainPages,
  signInByApi,
  signInByForm,
  test,
  watchShifts,
} from "../product/journey.ts";

test.use({ viewport: { width: 390, height: 844 }, hasTouch: true });

test("on a phone no page scrolls sideways, and none moves while it loads", async ({
  page,
  user,
  product,
}) => {
  await fleetOf(product);
  await signInByApi(page, user("admin"));
  await watchShifts(page);
  const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  for (const { name, path, row } of [...mainPages, { name: "Sources", path: "/sources", row: undefined }]) {
    await page.goto(path);
    await expect(page.getByRole("heading", { name, level: 1 })).toBeVisible();
    await expectStill(page, name);
    expect(await overflow(), name).toBeLessThanOrEqual(0);
    if (row === undefined) continue;
    await page
      .getByRole("link", { name: new RegExp(`^${row}`) })
      .first()
      .click({ timeout: 30_000 });
    await expect(page.getByRole("complementary").getByRole("heading", { name: row }).first()).toBeVisible();
    expect(await overflow(), `drawer of ${row}`).toBeLessThanOrEqual(0);
  }
});

test("on a phone the bar at the bottom leads to the pages and to the past", async ({ page, user }) => {
  await signInByForm(page, user("viewer"));
  const bar = page.getByRole("navigation", { name: "Main, short" });
  await expect(bar).toBeVisible();
  await bar.getByRole("link", { name: "Queues" }).click();
  await expect(page.getByRole("heading", { name: "Queues", level: 1 })).toBeVisible();
  await bar.getByRole("button", { name: "More" }).click();
  await page.getByRole("button", { name: "Rewind to a past moment" }).click();
  await expect(page.getByRole("slider", { name: "Moment" })).toBeVisible();
  const box = await bar.getByRole("link", { name: "Webhooks" }).boundingBox();
  expect(box?.height ?? 0).toBeGreaterThanOrEqual(44);
});
