import type { Browser, Page } from "@playwright/test";
import { personAtProvider, providerName } from "../product/identity-provider.ts";
import {
  expect,
  goByNavigation,
  requireStepUpOnce,
  signInByApi,
  signInByForm,
  test,
} from "../product/journey.ts";
import { makePerson } from "../product/own-person.ts";

const signInHeading = (page: Page) => page.getByRole("heading", { name: "Sign in" });

/** Another browser, which shares nothing with the first. */
const otherBrowser = async (browser: Browser, baseURL: string | undefined): Promise<Page> => {
  const context = await browser.newContext(baseURL === undefined ? {} : { baseURL });
  return context.newPage();
};

const openAccount = async (page: Page) => {
  await page.getByRole("button", { name: /^Account menu/ }).click();
  await page.getByRole("menuitem", { name: "Sessions and password" }).click();
  await expect(page.getByRole("heading", { name: "Your account", level: 1 })).toBeVisible();
};

test("an admin ends a member's sessions, and the member's browser is signed out within a second", async ({
  page,
  browser,
  baseURL,
  user,
  api,
}) => {
  const member = await otherBrowser(browser, baseURL);
  const person = await makePerson(await api(user("admin")), "viewer");
  await signInByForm(member, person);
  await expect(member.getByTestId("freshness")).toContainText("Live");
  await signInByApi(page, user("admin"));
  await page.goto("/access");
  await page.getByLabel("Find a member by name or e-mail").fill(person.email);
  await page.getByRole("link", { name: new RegExp(person.email) }).click();
  await expect(page.getByRole("heading", { name: "Sessions", level: 3 })).toBeVisible();
  const ended = page.waitForResponse((response) => response.request().method() === "DELETE");
  await page.getByRole("button", { name: "End all sessions…" }).click();
  const question = page.getByRole("dialog", { name: `End all sessions of ${person.email}` });
  await question.getByRole("button", { name: /^End \d+ sessions?$/ }).click();
  expect((await ended).status()).toBe(200);
  await expect(signInHeading(member)).toBeVisible({ timeout: 1_000 });
  await expect(page.getByText("No active sessions.")).toBeVisible();
  await member.context().close();
});

test("a person sees where the account is in use and signs out elsewhere", async ({
  page,
  browser,
  baseURL,
  user,
  api,
}) => {
  const elsewhere = await otherBrowser(browser, baseURL);
  const person = await makePerson(await api(user("admin")), "auditor");
  await signInByForm(elsewhere, person);
  await signInByForm(page, person);
  await openAccount(page);
  const table = page.getByRole("table", { name: "Sessions" });
  await expect(table.getByText("this session")).toHaveCount(1);
  await page.getByRole("button", { name: "Sign out everywhere else" }).click();
  await expect(signInHeading(elsewhere)).toBeVisible({ timeout: 1_000 });
  await expect(table.getByRole("row")).toHaveCount(2);
  await elsewhere.context().close();
});

test("an admin confirms the password and creates a link with which a member sets a new one, once", async ({
  page,
  browser,
  baseURL,
  user,
}) => {
  await signInByApi(page, user("admin", "second"));
  await page.goto("/access");
  const person = user("viewer", "second");
  await page.getByRole("link", { name: new RegExp(person.email) }).click();
  await page.getByRole("button", { name: "Reset password…" }).click();
  await requireStepUpOnce(page, "**/password-reset");
  await page.getByRole("button", { name: "Create link" }).click();
  const question = page.getByRole("dialog", { name: "Confirm your identity" });
  await question.getByLabel("Password").fill("not the password");
  await question.getByRole("button", { name: "Confirm" }).click();
  await expect(question.getByText("The password is wrong.")).toBeVisible();
  await question.getByLabel("Password").fill(user("admin", "second").password);
  await question.getByRole("button", { name: "Confirm" }).click();
  await expect(question).toBeHidden();
  const link = (await page.getByTestId("shown-once").textContent()) ?? "";
  const member = await otherBrowser(browser, baseURL);
  await member.goto(link);
  await member.getByRole("textbox", { name: "New password" }).fill("short");
  await member.getByRole("button", { name: "Set password" }).click();
  await expect(member.getByText("must have at least 12 characters")).toBeVisible();
  expect(member.url()).not.toContain("#");
  await member.getByRole("textbox", { name: "New password" }).fill(person.password);
  await member.getByRole("button", { name: "Set password" }).click();
  await expect(member.getByText("Your password is set.")).toBeVisible();
  // The same page with another fragment would not reload.
  await member.goto("about:blank");
  await member.goto(link);
  await member.getByRole("textbox", { name: "New password" }).fill(person.password);
  await member.getByRole("button", { name: "Set password" }).click();
  await expect(member.getByText("This link does not work.")).toBeVisible();
  await signInByForm(member, person);
  await member.context().close();
});

const signInAtProvider = async (page: Page) => {
  await page.getByPlaceholder("Enter any login").fill(personAtProvider.login);
  await page.getByPlaceholder("and password").fill("any");
  await page.getByRole("button", { name: "Sign-in" }).click();
};

test("signing in at the identity provider leads to the requested page, and creating a token is confirmed there", async ({
  page,
}) => {
  await page.route(
    (url) => url.hostname !== "127.0.0.1",
    (route) => route.abort(),
  );
  await page.goto("/queues");
  await page.getByRole("link", { name: new RegExp(`Continue with ${providerName}`) }).click();
  await signInAtProvider(page);
  await page.getByRole("button", { name: "Continue" }).click();
  await expect(page.getByRole("heading", { name: "Queues", level: 1 })).toBeVisible();
  await openAccount(page);
  await expect(page.getByText(personAtProvider.email)).toBeVisible();
  await expect(page.getByText("You signed in at your identity provider")).toBeVisible();

  await goByNavigation(page, "Access");
  await page.getByRole("link", { name: "API tokens" }).click();
  await page.getByRole("button", { name: "Create token…" }).click();
  const dialog = page.getByRole("dialog", { name: /^Create token/ });
  await dialog.getByLabel("Name").fill("Confirmed at the provider");
  await dialog.getByText("Choose single permissions").click();
  await dialog.getByLabel("View the audit trail").check();
  await requireStepUpOnce(page, "**/api/v1/tokens");
  await dialog.getByRole("button", { name: "Create token" }).click();
  const opening = page.waitForEvent("popup");
  await page.getByRole("button", { name: "Confirm at the provider" }).click();
  const window = await opening;
  const closed = window.waitForEvent("close");
  await signInAtProvider(window);
  await window.getByRole("button", { name: "Continue" }).click();
  await closed;
  await expect(page.getByTestId("shown-once")).toContainText("wh_");
});
