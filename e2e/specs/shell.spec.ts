import { expect, signInByApi, test } from "../product/journey.ts";

test("an unknown address shows the navigation and ways on, below an organization and at top level", async ({
  page,
  user,
}) => {
  await signInByApi(page, user("viewer"));
  const { organization } = user("viewer");
  for (const path of [`/o/${organization}/no-such-page`, "/no-such-page"]) {
    const answer = await page.goto(path);
    expect(answer?.status()).toBe(404);
    await expect(page.getByRole("heading", { name: "Page not found", level: 1 })).toBeVisible();
    await expect(page.getByRole("navigation", { name: "Main", exact: true })).toBeVisible();
    await page.getByRole("main").getByRole("link", { name: "overview" }).click();
    await expect(page.getByRole("heading", { name: "Overview", level: 1 })).toBeVisible();
  }
});

test("a first visit leads to the sign-in without a refused request", async ({ page }) => {
  const errors: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(message.text());
  });
  await page.goto("/");
  await expect(page.getByRole("button", { name: "Sign in", exact: true })).toBeVisible();
  expect(errors).toEqual([]);
  expect(new URL(page.url()).search).toBe("");
});

test("a sign-in that takes longer says so within a second, and is not repeated meanwhile", async ({
  page,
  user,
}) => {
  await page.goto("/signin");
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  await page.route("**/api/v1/session", async (route) => {
    await held;
    await route.continue();
  });
  await page.getByLabel("E-mail").fill(user("viewer").email);
  await page.getByLabel("Password", { exact: true }).fill(user("viewer").password);
  const button = page.getByRole("button", { name: "Sign in", exact: true });
  await button.click();
  await expect(page.getByText("Still signing in.")).toBeVisible({ timeout: 2_000 });
  await expect(button).toBeDisabled();
  release();
  await expect(page.getByRole("heading", { name: "Overview", level: 1 })).toBeVisible();
});

for (const { path, name, fixed } of [
  { path: "queues", name: "Queues", fixed: "table" },
  { path: "overview", name: "Overview", fixed: "section[aria-label^='Rate, errors']" },
]) {
  test(`${name}: nothing moves when its data becomes stale`, async ({ page, context, user }) => {
    await signInByApi(page, user("viewer"));
    await page.goto(`/o/${user("viewer").organization}/${path}`);
    const below = page.getByRole("main").locator(fixed).first();
    await expect(below).toBeVisible();
    await expect(page.getByTestId("freshness")).toContainText("Live");
    // Problems come and go meanwhile, so the pages hold still what they know.
    await context.setOffline(true);
    const before = await below.boundingBox();
    await expect(page.locator(".hatch, .is-stale").first()).toBeVisible({ timeout: 60_000 });
    expect((await below.boundingBox())?.y).toBe(before?.y);
  });
}
