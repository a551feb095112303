import { randomBytes } from "node:crypto";
import type { Page } from "@playwright/test";
import { expect, goByNavigation, signInByApi, signInByForm, test } from "../product/journey.ts";

const fresh = (name: string) => `${name}-${randomBytes(4).toString("hex")}@northwind.example`;

/** Invites by the page and returns the link that is shown once. */
const invite = async (page: Page, email: string, role: string): Promise<string> => {
  await page.getByRole("button", { name: "Invite…" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("E-mail").fill(email);
  await dialog.getByRole("radio", { name: role }).check();
  await dialog.getByRole("button", { name: "Invite" }).click();
  const link = (await dialog.getByTestId("shown-once").textContent()) ?? "";
  await dialog.getByRole("button", { name: "Done" }).click();
  return link;
};

/** Opens the drawer of a member found by e-mail address. */
const openMember = async (page: Page, email: string) => {
  await page.getByLabel("Find a member by name or e-mail").fill(email);
  await page
    .getByRole("table", { name: "Members by role" })
    .getByRole("link", { name: new RegExp(email) })
    .click();
  return page.getByRole("complementary", { name: "Member" });
};

test("an admin invites and another browser accepts; a new role and a removal take effect on their pages at once", async ({
  page,
  browser,
  user,
}) => {
  await signInByForm(page, user("admin"));
  await goByNavigation(page, "Access");
  const email = fresh("ravi");
  const link = await invite(page, email, "Auditor");
  await expect(page.getByRole("table", { name: "Invitations" })).toContainText(email);

  const other = await browser.newContext();
  const guest = await other.newPage();
  await guest.goto(link);
  await expect(guest.getByRole("heading", { name: "Join Northwind" })).toBeVisible();
  await guest.getByLabel("Your name").fill("Ravi Menon");
  await guest.getByLabel("New password").fill("a password of my own");
  await guest.getByRole("button", { name: "Join Northwind" }).click();
  await expect(guest.getByRole("heading", { name: "Overview", level: 1 })).toBeVisible();
  await goByNavigation(guest, "Access");
  await expect(guest.getByRole("table", { name: "Members by role" })).toContainText("Ravi Menon");
  await expect(guest.getByRole("button", { name: "Invite…" })).toHaveCount(0);

  const drawer = await openMember(page, email);
  await drawer.getByRole("button", { name: "Change role…" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("radio", { name: "Viewer" }).check();
  await dialog.getByRole("button", { name: "Change role to viewer" }).click();
  await expect(drawer).toContainText("Viewer, since");
  await expect(guest.getByText("shown to those whom an admin gives")).toBeVisible({ timeout: 1_000 });

  await expect(drawer.getByRole("button", { name: /^End the session on/ })).toHaveCount(1);
  await drawer.getByRole("button", { name: "Remove…" }).click();
  const removed = page.waitForResponse((response) => response.request().method() === "DELETE");
  await page.getByRole("dialog").getByRole("button", { name: "Remove member" }).click();
  expect((await removed).ok()).toBe(true);
  await expect(guest.getByText("Organization not found")).toBeVisible({ timeout: 1_000 });
  await expect(page.getByText("No member matches")).toBeVisible();

  await guest.goto(link);
  await expect(guest.getByRole("heading", { name: "This link is no longer valid" })).toBeVisible();
  await other.close();

  await goByNavigation(page, "Audit");
  for (const action of ["access.member.delete", "access.member.update", "access.invitation.accept"])
    await expect(page.getByRole("table").first()).toContainText(action);
});

test("a withdrawn invitation opens nothing, and a new link replaces the previous one", async ({
  page,
  browser,
  user,
}) => {
  await signInByApi(page, user("admin"));
  await page.goto("/access");
  const email = fresh("elin");
  const first = await invite(page, email, "Viewer");
  const row = page.getByRole("table", { name: "Invitations" }).getByRole("row", { name: new RegExp(email) });
  await row.getByRole("button", { name: "New link…" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Create new link" }).click();
  const second = (await page.getByTestId("shown-once").textContent()) ?? "";
  await page.getByRole("button", { name: "Done" }).click();
  const other = await browser.newContext();
  const guest = await other.newPage();
  await guest.goto(first);
  await expect(guest.getByText("This link is no longer valid")).toBeVisible();
  await guest.goto("about:blank");
  await guest.goto(second);
  await expect(guest.getByRole("heading", { name: "Join Northwind" })).toBeVisible();
  await row.getByRole("button", { name: "Withdraw…" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Withdraw invitation" }).click();
  // An open dialog hides the page behind it, including rows; it closes once the server has answered.
  await expect(page.getByRole("dialog")).toBeHidden();
  await expect(row).toHaveCount(0);
  await guest.reload();
  await expect(guest.getByText("This link is no longer valid")).toBeVisible();
  await other.close();
});

test("an API token is shown once, works, and stops working when it is revoked", async ({
  page,
  user,
  product,
}) => {
  await signInByForm(page, user("admin"));
  await page.keyboard.press("g");
  await page.keyboard.press("m");
  await expect(page.getByRole("heading", { name: "Access", level: 1 })).toBeVisible();
  await page.getByRole("link", { name: /^API tokens/ }).click();
  await page.getByRole("button", { name: "Create token…" }).click();
  const dialog = page.getByRole("dialog");
  const name = `deploy-${randomBytes(3).toString("hex")}`;
  await dialog.getByLabel("Name").fill(name);
  await dialog.getByText("Choose single permissions").click();
  await dialog.getByRole("checkbox", { name: "View queues" }).check();
  await dialog.getByRole("button", { name: "Create token" }).click();
  const token = (await dialog.getByTestId("shown-once").textContent()) ?? "";
  await dialog.getByRole("button", { name: "Done" }).click();
  const use = async (path: string) =>
    (await fetch(`${product.baseUrl}/api/v1${path}`, { headers: { authorization: `Bearer ${token}` } }))
      .status;
  expect(await use("/queues")).toBe(200);
  expect(await use("/webhooks/deliveries")).toBe(403);
  await expect(page.locator("main")).not.toContainText(token);
  await page.getByRole("button", { name: `Revoke token ${name}` }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Revoke token" }).click();
  // Content behind an open dialog counts as absent.
  await expect(page.getByRole("dialog")).toBeHidden();
  await expect(page.getByRole("button", { name: `Revoke token ${name}` })).toHaveCount(0);
  expect(await use("/queues")).toBe(401);
});
