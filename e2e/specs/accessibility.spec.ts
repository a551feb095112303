import type { Page } from "@playwright/test";
import axe from "axe-core";
import { z } from "zod";
import { fleetOf, postEvent, setBehaviour } from "../product/fleet-client.ts";
import { expect, expectStill, mainPages, signInByApi, test, watchShifts } from "../product/journey.ts";
import { makeEndpoint, makeSource } from "../product/own-endpoint.ts";

// The page's content security policy forbids foreign scripts, including the checker's; it is bypassed only here.
test.use({ bypassCSP: true });

const violations = z.array(
  z.object({
    id: z.string(),
    impact: z.string().nullish(),
    help: z.string(),
    nodes: z.array(z.object({ html: z.string(), failureSummary: z.string().nullish() })),
  }),
);

/** The violations that axe-core reports by these rules, serious and critical only, one line each. */
const faultsBy = async (page: Page, rules: readonly string[] | "all"): Promise<string[]> => {
  const found = violations.parse(
    await page.evaluate(async (only) => {
      const axe: unknown = Reflect.get(window, "axe");
      if (typeof axe !== "object" || axe === null) throw new Error("axe-core did not load");
      const run: unknown = Reflect.get(axe, "run");
      if (typeof run !== "function") throw new Error("axe-core has no run");
      const result: unknown = await run(document, {
        resultTypes: ["violations"],
        ...(only === "all" ? {} : { runOnly: only }),
      });
      return typeof result === "object" && result !== null ? Reflect.get(result, "violations") : null;
    }, rules),
  );
  return found
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, help, nodes }) =>
      nodes
        .slice(0, 5)
        .map(({ html, failureSummary }) => `${id}: ${help}\n  ${html}\n  ${failureSummary ?? ""}`),
    );
};

/** All rules in the light theme; the dark theme only changes colours, so only contrast is checked there. */
const seriousFaults = async (page: Page): Promise<string[]> => {
  await page.evaluate(axe.source);
  // Reduced motion, so that colours change at once.
  await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
  const light = await faultsBy(page, "all");
  await page.emulateMedia({ colorScheme: "dark", reducedMotion: "reduce" });
  const dark = await faultsBy(page, ["color-contrast"]);
  return [...light, ...dark.map((fault) => `in the dark theme, ${fault}`)];
};

test("sign-in has no serious accessibility fault", async ({ page }) => {
  await page.goto("/signin");
  await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
  expect(await seriousFaults(page)).toEqual([]);
});

test("charts over history and the scrubber have no serious accessibility fault", async ({
  page,
  user,
  product,
}) => {
  await fleetOf(product);
  await signInByApi(page, user("admin"));
  await page.goto("/services?service=payments&range=6h");
  const history = page.getByRole("region", { name: "History" });
  // Right after the start there is no data yet, and that state must be just as readable.
  const nothing = history.getByText("No data for this period");
  await expect(history.getByRole("application").or(nothing).first()).toBeVisible();
  await expect(page.getByRole("region", { name: "State journal" })).toBeVisible();
  await page.getByRole("button", { name: "Rewind" }).click();
  await expect(page.getByRole("slider", { name: "Moment" })).toBeVisible();
  expect(await seriousFaults(page)).toEqual([]);
});

test("no page has a serious accessibility fault, and none moves while it loads", async ({
  page,
  user,
  product,
}) => {
  await fleetOf(product);
  await signInByApi(page, user("admin"));
  await watchShifts(page);
  for (const { name, path } of mainPages) {
    await page.goto(path);
    await expect(page.getByRole("heading", { name, level: 1 })).toBeVisible();
    await expectStill(page, name);
    expect(await seriousFaults(page), name).toEqual([]);
  }
});

test("the drawers and dialogs of services, breakers and caches have no serious accessibility fault", async ({
  page,
  user,
  product,
}) => {
  await fleetOf(product);
  await signInByApi(page, user("admin"));
  for (const { path, name, act } of [
    { path: "/services", name: "Billing", act: "Plan maintenance…" },
    { path: "/breakers", name: "charge-card", act: "Force open…" },
    { path: "/caches", name: "products", act: "Invalidate products…" },
  ]) {
    await page.goto(path);
    await page
      .getByRole("link", { name: new RegExp(`^${name}`) })
      .first()
      .click({ timeout: 30_000 });
    const drawer = page.getByRole("complementary");
    await expect(drawer.getByRole("heading", { name }).first()).toBeVisible();
    await expect(page.locator("[aria-busy=true]")).toHaveCount(0);
    expect(await seriousFaults(page), `drawer of ${name}`).toEqual([]);
    await page.getByRole("button", { name: act }).first().click();
    await expect(page.getByRole("dialog")).toBeVisible();
    expect(await seriousFaults(page), act).toEqual([]);
  }
  await page.goto("/services?view=graph");
  await expect(page.getByRole("link", { name: /^Billing, / })).toBeVisible();
  expect(await seriousFaults(page), "graph").toEqual([]);
});

test("the dialogs of access and audit, and a member's drawer, have no serious accessibility fault", async ({
  page,
  user,
}) => {
  await signInByApi(page, user("auditor"));
  await page.goto("/audit");
  await expect(page.getByRole("table").first()).toBeVisible();
  await expect(page.locator("[aria-busy=true]")).toHaveCount(0);
  for (const act of ["Export…", "Review a period…"]) {
    await page.getByRole("button", { name: act }).click();
    await expect(page.getByRole("dialog")).toBeVisible();
    expect(await seriousFaults(page), act).toEqual([]);
    await page.keyboard.press("Escape");
  }
  await page.context().clearCookies();
  await signInByApi(page, user("admin"));
  for (const [path, act] of [
    ["/access", "Invite…"],
    ["/access?tab=tokens", "Create token…"],
  ] as const) {
    await page.goto(path);
    await expect(page.getByRole("heading", { name: "Access", level: 1 })).toBeVisible();
    await expect(page.locator("[aria-busy=true]")).toHaveCount(0);
    await page.getByRole("button", { name: act }).click();
    await expect(page.getByRole("dialog")).toBeVisible();
    expect(await seriousFaults(page), act).toEqual([]);
    await page.keyboard.press("Escape");
  }
  await page.goto("/access");
  await page.getByRole("link", { name: /^Emma Lindqvist/ }).click();
  const drawer = page.getByRole("complementary");
  await expect(drawer.getByRole("heading", { name: "Sessions" })).toBeVisible();
  expect(await seriousFaults(page), "drawer of a member").toEqual([]);
  await drawer.getByRole("button", { name: "Reset password…" }).click();
  expect(await seriousFaults(page), "reset").toEqual([]);
});

test("the drawers, the replay dialog and the refused requests have no serious accessibility fault", async ({
  page,
  user,
  api,
  product,
}) => {
  const fleet = await fleetOf(product);
  await setBehaviour(fleet, "failing", "failing");
  const admin = await api(user("admin"));
  const own = await makeEndpoint(admin, fleet, "failing");
  const source = await makeSource(admin);
  const event = { type: own.eventType, data: { note: "checked" } };
  await postEvent(product, source, event);
  const wrongSecret = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
  await postEvent(product, { ...source, secret: wrongSecret }, event);
  await signInByApi(page, user("admin"));
  await page.goto(`/webhooks?status=dead_letter&eventType=${own.eventType}`);
  await expect(page.getByRole("row").filter({ hasText: own.eventType })).toBeVisible({ timeout: 30_000 });
  expect(await seriousFaults(page), "dead letters by cause").toEqual([]);
  await page.goto(`/webhooks?status=dead_letter&group=none&eventType=${own.eventType}`);
  await page.getByRole("row").filter({ hasText: own.eventType }).getByRole("link").click({ timeout: 30_000 });
  const drawer = page.getByRole("complementary", { name: `Delivery ${own.eventType}` });
  await expect(drawer.getByRole("button", { name: /^Attempt 2/ })).toBeVisible();
  expect(await seriousFaults(page), "drawer of a delivery").toEqual([]);
  await drawer.getByRole("button", { name: "Replay…" }).click();
  await expect(page.getByRole("dialog")).toBeVisible();
  expect(await seriousFaults(page), "replay dialog").toEqual([]);
  await page.goto("/webhooks?tab=refused");
  const refused = page.getByRole("row").filter({ hasText: "Signature does not match" });
  await expect(refused.filter({ hasText: source.slug })).toBeVisible();
  expect(await seriousFaults(page), "refused requests").toEqual([]);
  await page.goto("/queues?queue=orders");
  await expect(page.getByRole("complementary")).toBeVisible();
  expect(await seriousFaults(page), "drawer of a queue").toEqual([]);
  await own.remove();
});

test("the page of a queue, a job and its dialog have no serious accessibility fault", async ({
  page,
  user,
  product,
}) => {
  await fleetOf(product);
  await signInByApi(page, user("admin"));
  await page.goto("/queues/jobs?queue=orders&state=completed");
  await page.getByRole("row").nth(1).getByRole("link").click({ timeout: 30_000 });
  const again = page.getByRole("button", { name: "Run job again…" });
  await expect(again).toBeVisible();
  expect(await seriousFaults(page), "a job").toEqual([]);
  await again.click();
  await expect(page.getByRole("dialog")).toBeVisible();
  expect(await seriousFaults(page), "dialog of a job").toEqual([]);
});
