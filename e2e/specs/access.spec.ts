import type { Page } from "@playwright/test";
import { fleetOf } from "../product/fleet-client.ts";
import { expect, goByNavigation, signInByApi, signInByForm, test } from "../product/journey.ts";

const switchTo = async (page: Page, organization: string) => {
  await page.getByRole("button", { name: /^Switch organization/ }).click();
  await page.getByRole("menuitem", { name: new RegExp(organization) }).click();
};

test("a wrong password and an unknown address get the same message", async ({ page, user }) => {
  for (const email of [user("viewer").email, "nobody@nowhere.example"]) {
    await page.goto("/signin");
    await page.getByLabel("E-mail").fill(email);
    await page.getByLabel("Password", { exact: true }).fill("not the password");
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await expect(page.getByRole("status")).toContainText("E-mail or password is wrong.");
  }
});

test("a page requested before signing in is shown after it", async ({ page, user }) => {
  const { email, password } = user("viewer");
  await page.goto("/queues");
  await expect(page).toHaveURL(/\/signin/);
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await expect(page.getByRole("heading", { name: "Queues", level: 1 })).toBeVisible();
});

test("signing out ends the session, also for direct links to pages", async ({ page, user }) => {
  await signInByForm(page, user("viewer"));
  const address = page.url();
  await page.getByRole("button", { name: /^Account menu/ }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
  await page.goto(address);
  await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
});

test("switching the organization changes every panel and leaks nothing of the previous one", async ({
  page,
  user,
  api,
  product,
}) => {
  await fleetOf(product);
  const platform = await api(user("superadmin"));
  const first = (await api(user("admin"))).session.organization;
  const second = (await api(user("admin", "second"))).session.organization;
  expect(platform.session.organizations.map(({ id }) => id)).toEqual(
    expect.arrayContaining([first.id, second.id]),
  );

  await signInByApi(page, user("superadmin"));
  await page.goto(`/o/${first.slug}/queues`);
  const tables = page.getByRole("table");
  await expect(tables.first()).toContainText("orders");
  await expect(tables.first()).not.toContainText("tickets");
  await switchTo(page, second.name);
  await expect(page).toHaveURL(new RegExp(`/o/${second.slug}/queues`));
  await expect(tables.first()).toContainText("tickets");
  await expect(page.locator("main")).not.toContainText("thumbnails");

  await goByNavigation(page, "Webhooks");
  await expect(tables.first()).toContainText("ticket.");
  for (const foreign of ["invoice.", "order.", "push", "pull_request"]) {
    await expect(tables.first()).not.toContainText(foreign);
  }
});

test("another organization's pages and objects are not found", async ({ page, user, api }) => {
  const second = await api(user("admin", "second"));
  const first = await api(user("admin"));
  await signInByApi(page, user("admin"));
  await page.goto(`/o/${second.session.organization.slug}/webhooks`);
  await expect(page.getByText("Organization not found")).toBeVisible();
  const foreign = await second.send("GET", "/webhooks/endpoints");
  const id = /"id":"([0-9a-f-]{36})"/.exec(JSON.stringify(foreign.body))?.[1] ?? "";
  expect(id).not.toBe("");
  const answer = await first.send("DELETE", `/webhooks/endpoints/${id}`);
  expect(answer.status).toBe(404);
});
