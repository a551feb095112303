import { fleetOf } from "../product/fleet-client.ts";
import { expect, signInByApi, signInByForm, test } from "../product/journey.ts";

test("the pages, the filter and the palette are reached by keyboard alone", async ({
  page,
  user,
  product,
}) => {
  await fleetOf(product);
  await signInByForm(page, user("viewer"));
  await page.keyboard.press("g");
  await page.keyboard.press("q");
  await expect(page.getByRole("heading", { name: "Queues", level: 1 })).toBeVisible();
  await page.keyboard.press("g");
  await page.keyboard.press("w");
  await expect(page.getByRole("heading", { name: "Webhooks", level: 1 })).toBeVisible();
  await page.keyboard.press("/");
  await expect(page.getByRole("combobox").first()).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("combobox").first()).not.toBeFocused();

  await page.keyboard.press("Control+k");
  const palette = page.getByRole("dialog", { name: "Search or run a command" });
  await expect(palette).toBeVisible();
  await page.keyboard.type("aud");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "Audit", level: 1 })).toBeVisible();
  for (const [typed, drawer] of [
    ["billing", "Service Billing"],
    ["charge-c", "Breaker charge-card"],
    ["products", "Cache products"],
  ] as const) {
    await page.keyboard.press("Control+k");
    await page.keyboard.type(typed);
    await expect(palette.getByRole("option").first()).toContainText(typed, { ignoreCase: true });
    await page.keyboard.press("Enter");
    await expect(page.getByRole("complementary", { name: drawer })).toBeVisible();
  }
  await page.keyboard.press("Control+k");
  await expect(palette).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(palette).toBeHidden();
});

test("a single key typed into a field is text, not a command", async ({ page, user }) => {
  await signInByApi(page, user("viewer"));
  await page.goto("/webhooks");
  await page.getByRole("combobox").first().fill("");
  await page.keyboard.type("gq");
  await expect(page.getByRole("heading", { name: "Webhooks", level: 1 })).toBeVisible();
  await expect(page.getByRole("combobox").first()).toHaveValue("gq");
});
