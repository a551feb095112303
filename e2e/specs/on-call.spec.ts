import { expect, signInByApi, test } from "../product/journey.ts";

test("a team is made, and the readiness check names who could not be called", async ({ page, user }) => {
  await signInByApi(page, user("admin", "second"));
  await page.goto("/oncall");
  await expect(page.getByRole("heading", { level: 2 }).first()).toContainText("No team takes incidents yet.");
  await page.getByRole("button", { name: "Add team…" }).click();
  const dialog = page.getByRole("dialog", { name: "Add team" });
  await dialog.getByLabel("Name").fill("Tickets");
  const people = dialog.getByLabel("People of layer 1: Add a person…");
  const [person = ""] = await people.locator("option:not([value=''])").allTextContents();
  await people.selectOption({ label: person });
  await dialog.getByRole("button", { name: "Add team" }).click();
  await expect(page.getByRole("heading", { level: 2 }).first()).toContainText(
    `${person} is on call for Tickets.`,
  );
  await expect(page.getByRole("list", { name: "Gaps, worst first" })).toContainText(
    `${person}: no channel beside the bell`,
  );
  await expect(page.getByRole("button", { name: "Notifications" })).toBeVisible();
});

test("a wallboard opens by its link without a sign-in, and goes dark when the link is revoked", async ({
  page,
  user,
  browser,
}) => {
  await signInByApi(page, user("admin"));
  await page.goto("/oncall?tab=channels");
  await page.getByRole("button", { name: "Create wallboard link…" }).click();
  await page.getByLabel("Name").fill("Kitchen");
  await page.getByRole("button", { name: "Create link" }).click();
  const address = (await page.getByTestId("shown-once").textContent()) ?? "";
  await page.getByRole("button", { name: "Done" }).click();

  const screen = await (await browser.newContext()).newPage();
  await screen.goto(address.replace(/Copy.*$/, "").trim());
  await expect(screen.locator("#s")).toContainText("Northwind");
  await expect(screen.getByRole("alert")).toBeHidden();
  await page.getByRole("button", { name: "Revoke link" }).click();
  await expect(screen.getByRole("alert")).toContainText("This link is no longer valid");
  await screen.context().close();
});
