import { expect, signInByApi, test } from "../product/journey.ts";

const count = 400;

test("a list of hundreds draws only the visible rows, and is navigated, filtered and linked to like a short one", async ({
  page,
  user,
}) => {
  await signInByApi(page, user("viewer"));
  // Many copies of the fleet's own services; the socket would replace them with the few real ones.
  await page.routeWebSocket(/\/live\//, () => {});
  await page.route(/\/api\/v1\/health(\?|$)/, async (route) => {
    const answer = await route.fetch();
    const list: { items: object[] } = await answer.json();
    const items = Array.from({ length: count }, (_, n) => {
      const name = `many-${String(n).padStart(3, "0")}`;
      return { ...list.items[0], id: name, name, state: "ok", group: `group-${n % 3}` };
    });
    await route.fulfill({ response: answer, json: { ...list, items, intervalMs: 600_000 } });
  });
  await page.goto("/services");
  const table = page.getByRole("table", { name: /^Services/ });
  const row = (name: string) => table.getByRole("link", { name: new RegExp(`^${name}`) });
  await expect(row("many-000")).toBeVisible();
  await expect(table).toHaveAttribute("aria-rowcount", `${count + 1}`);
  expect(await table.getByRole("row").count()).toBeLessThan(80);

  await page.locator(".pane").evaluate((pane) => pane.scrollTo(0, pane.scrollHeight));
  await expect(row("many-399")).toBeInViewport();
  await expect(row("many-000")).toHaveCount(0);
  await page.keyboard.press("k");
  await expect(row("many-399")).toBeFocused();
  for (let step = 0; step < 30; step += 1) await page.keyboard.press("k");
  await expect(row("many-369")).toBeFocused();
  await expect(row("many-369")).toBeInViewport();
  await page.locator(".pane").evaluate((pane) => pane.scrollTo(0, 0));
  await expect(row("many-000")).toBeInViewport();
  await expect(row("many-369")).toBeFocused();

  await page.getByRole("combobox", { name: "Filter services" }).fill("many-25");
  await expect(page.getByText("10 of 400 services")).toBeVisible();
  await expect(row("many-255")).toBeInViewport();

  await page.goto("/services?view=tree&service=many-200");
  await expect(row("many-200")).toBeInViewport();
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto("/services");
  await expect(row("many-000")).toBeVisible();
  await page.locator(".content").evaluate((content) => content.scrollTo(0, content.scrollHeight));
  await expect(row("many-399")).toBeInViewport();
  expect(await table.getByRole("row").count()).toBeLessThan(80);
});
