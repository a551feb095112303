import type { Page } from "@playwright/test";
import { listAuditEvents } from "@wheelhouse/shared/audit/audit.ts";
import { listDeliveries } from "@wheelhouse/shared/webhooks/webhooks.ts";
import { expectAnswer } from "../fleet/api.ts";
import { fleetOf, postEvent, setBehaviour } from "../product/fleet-client.ts";
import { expect, signInByApi, test } from "../product/journey.ts";
import { makeEndpoint, makeSource } from "../product/own-endpoint.ts";

/** A reload would remove the mark, so rows that appear beside it came by themselves. */
const markPage = (page: Page) => page.evaluate(() => document.body.setAttribute("data-loaded-once", "yes"));
const expectNoReload = (page: Page) =>
  expect(page.locator("body")).toHaveAttribute("data-loaded-once", "yes");

const rowOf = (page: Page, text: string) => page.getByRole("row").filter({ hasText: text });

test("a dead letter appears live, is replayed with a reason, completes, and is in the trail", async ({
  page,
  user,
  api,
  product,
  browser,
}) => {
  test.setTimeout(180_000);
  const fleet = await fleetOf(product);
  const admin = await api(user("admin"));
  const source = await makeSource(admin);
  const own = await makeEndpoint(admin, fleet, "failing");
  await setBehaviour(fleet, "failing", "failing");

  await signInByApi(page, user("admin"));
  await page.goto("/webhooks");
  await page
    .getByRole("navigation", { name: "Webhooks" })
    .getByRole("link", { name: /^Dead letters/ })
    .click();
  await page.getByRole("group", { name: "Group by" }).getByRole("button", { name: "None" }).click();
  await expect(page.getByRole("heading", { name: "Webhooks", level: 1 })).toBeVisible();
  await expect(page.locator("[aria-busy=true]")).toHaveCount(0);
  await markPage(page);

  expect((await postEvent(product, source, { type: own.eventType, data: { order: "ord_1" } })).status).toBe(
    202,
  );
  await expect(rowOf(page, own.eventType)).toBeVisible({ timeout: 30_000 });
  await expectNoReload(page);

  await rowOf(page, own.eventType).getByRole("link").click();
  const drawer = page.getByRole("complementary", { name: `Delivery ${own.eventType}` });
  await expect(drawer.getByText("Dead letter", { exact: true })).toBeVisible();
  await expect(drawer.getByRole("button", { name: /^Attempt 2, 500/ })).toBeVisible();
  await expect(drawer.getByRole("button", { name: /^Attempt 1, 500/ })).toBeVisible();

  const deliveryId = new URL(page.url()).searchParams.get("delivery") ?? "";
  expect(deliveryId).not.toBe("");

  const viewerContext = await browser.newContext();
  const viewerPage = await viewerContext.newPage();
  await signInByApi(viewerPage, user("viewer"));
  await viewerPage.goto(page.url());
  const viewerDrawer = viewerPage.getByRole("complementary", { name: `Delivery ${own.eventType}` });
  await expect(viewerDrawer.getByText("Dead letter", { exact: true })).toBeVisible();
  await expect(viewerPage.getByRole("button", { name: /Replay/ })).toHaveCount(0);
  await viewerContext.close();

  await setBehaviour(fleet, "failing", "steady");
  await drawer.getByRole("button", { name: "Replay…" }).click();
  const dialog = page.getByRole("dialog", { name: new RegExp(`^Replay ${own.eventType}`) });
  const confirm = dialog.getByRole("button", { name: "Replay delivery" });
  await expect(confirm).toBeDisabled();
  const reason = `CRM database is back, ${own.eventType}`;
  await dialog.getByLabel(/Reason/).fill(reason);
  await confirm.click();
  await expect(dialog).toBeHidden();
  await expect(drawer.getByText("Completed", { exact: true }).first()).toBeVisible({ timeout: 60_000 });
  await expectNoReload(page);

  await page.keyboard.press("Escape");
  await expect(drawer).toBeHidden();
  await page.keyboard.press("g");
  await page.keyboard.press("a");
  await expect(page.getByRole("heading", { name: "Audit", level: 1 })).toBeVisible();
  const auditRow = rowOf(page, "webhooks.delivery.replay").first();
  await expect(auditRow).toContainText("Success");
  await auditRow.getByRole("link").click();
  const event = page.getByRole("complementary", { name: /^Audit event/ });
  await expect(event).toContainText(reason);
  await expect(event).toContainText(admin.session.user.name);
  await expect(event).toContainText("dead_letter");

  const trail = expectAnswer(
    "audit trail",
    await admin.send("GET", "/audit/events?action=webhooks.delivery.replay&outcome=success&limit=5"),
    listAuditEvents.response,
  );
  const [replayed] = trail.items;
  expect(replayed?.reason).toBe(reason);
  expect(replayed?.actor.id).toBe(admin.session.user.id);
  expect(replayed?.targets.map(({ id }) => id)).toContain(deliveryId);
  expect(replayed?.before).toMatchObject({ status: "dead_letter" });
  expect(replayed?.after).not.toEqual(replayed?.before);
  await own.remove();
  await setBehaviour(fleet, "failing", "failing");
});

test("a viewer's replay is refused with 403, and the refusal is in the trail", async ({
  user,
  api,
  product,
}) => {
  const fleet = await fleetOf(product);
  const admin = await api(user("admin"));
  const viewer = await api(user("viewer"));
  const source = await makeSource(admin);
  const own = await makeEndpoint(admin, fleet, "steady");
  await postEvent(product, source, { type: own.eventType, data: {} });
  const find = async () => {
    const answer = await viewer.send("GET", `/webhooks/deliveries?eventType=${own.eventType}`);
    return expectAnswer("deliveries", answer, listDeliveries.response).items[0];
  };
  await expect.poll(async () => (await find())?.status).toBe("completed");
  const delivery = await find();
  const answer = await viewer.send("POST", `/webhooks/deliveries/${delivery?.id}/replay`, {
    reason: "just trying",
  });
  expect(answer.status).toBe(403);
  await expect
    .poll(async () => {
      const trail = await admin.send("GET", "/audit/events?action=webhooks.delivery.replay&outcome=denied");
      const { items } = expectAnswer("audit trail", trail, listAuditEvents.response);
      return items.some(({ actor }) => actor.id === viewer.session.user.id);
    })
    .toBe(true);
  await own.remove();
});

test("a change in one browser appears in another without a reload", async ({
  page,
  user,
  api,
  product,
  browser,
}) => {
  const fleet = await fleetOf(product);
  const admin = await api(user("admin"));
  const source = await makeSource(admin);
  const own = await makeEndpoint(admin, fleet, "steady");
  const otherContext = await browser.newContext();
  const other = await otherContext.newPage();
  await signInByApi(other, user("auditor"));
  await other.goto("/audit");
  await expect(other.getByRole("heading", { name: "Audit", level: 1 })).toBeVisible();
  await markPage(other);

  await signInByApi(page, user("viewer"));
  await page.goto("/webhooks");
  await expect(page.getByRole("heading", { name: "Webhooks", level: 1 })).toBeVisible();
  await markPage(page);

  await postEvent(product, source, { type: own.eventType, data: { from: "elsewhere" } });
  await expect(rowOf(page, own.eventType)).toContainText("Completed", { timeout: 15_000 });
  await own.remove();
  await expect(rowOf(other, "webhooks.endpoint.delete").first()).toBeVisible();
  await expectNoReload(page);
  await expectNoReload(other);
  await otherContext.close();
});

test("markup in a payload is shown as text and runs nowhere", async ({ page, user, api, product }) => {
  const fleet = await fleetOf(product);
  const admin = await api(user("admin"));
  const source = await makeSource(admin);
  const own = await makeEndpoint(admin, fleet, "steady");
  const markup = `<img src=x onerror="document.title='taken'"><script>document.title='taken'</script>`;
  await postEvent(product, source, { type: own.eventType, data: { note: markup } });

  await signInByApi(page, user("admin"));
  await page.goto(`/webhooks?eventType=${own.eventType}`);
  await expect(rowOf(page, own.eventType)).toContainText("Completed", { timeout: 15_000 });
  await rowOf(page, own.eventType).getByRole("link").click();
  const drawer = page.getByRole("complementary", { name: `Delivery ${own.eventType}` });
  for (const part of ["Request", "Payload"]) {
    await drawer.getByRole("tab", { name: part }).click();
    await expect(drawer.getByText("<img src=x", { exact: false }).first()).toBeVisible();
    await expect(drawer.locator("img, script")).toHaveCount(0);
  }
  await expect(page).not.toHaveTitle(/taken/);
  await own.remove();
});
