import { listDeliveries } from "@wheelhouse/shared/webhooks/webhooks.ts";
import { expectAnswer } from "../fleet/api.ts";
import { fleetOf, postEvent } from "../product/fleet-client.ts";
import { expect, signInByApi, test } from "../product/journey.ts";
import { makeEndpoint, makeSource } from "../product/own-endpoint.ts";

test("an endpoint's page: a lost edit is merged, its secret rotates during traffic, what it missed is delivered, and deleting it leads to the list", async ({
  page,
  user,
  api,
  product,
}) => {
  test.setTimeout(150_000);
  const fleet = await fleetOf(product);
  const admin = await api(user("admin"));
  const source = await makeSource(admin);
  const own = await makeEndpoint(admin, fleet, "steady");
  const { id, name } = own.endpoint;
  const post = (n: number) => postEvent(product, source, { type: own.eventType, data: { n } });
  await post(1);

  await signInByApi(page, user("admin"));
  await page.goto("/webhooks?tab=endpoints");
  await page.getByRole("link", { name, exact: true }).click();
  await expect(page.getByRole("heading", { name: `${name} takes everything` })).toBeVisible({
    timeout: 20_000,
  });
  await expect(page.getByRole("region", { name: "Last 24 hours" })).toContainText("per bar");

  // Somebody else saves while the form is open.
  await page.getByRole("button", { name: "Edit settings…" }).click();
  const form = page.getByRole("dialog");
  await form.getByLabel("Rate, per second").fill("40");
  await form.getByLabel("Time-out").fill("20 s");
  const other = { version: own.endpoint.version, settings: { ratePerSecond: 5, concurrency: 2 } };
  expect((await admin.send("PATCH", `/webhooks/endpoints/${id}`, other)).status).toBe(200);
  await form.getByRole("button", { name: "Save version 2" }).click();
  const conflict = page.getByRole("dialog", { name: /^Not saved/ });
  await expect(conflict).toContainText("1 applies cleanly, 1 conflicts with theirs");
  await expect(conflict.getByRole("button", { name: "Save version 3" })).toBeDisabled();
  await conflict.getByRole("radio", { name: "Rate: keep mine" }).check();
  await conflict.getByRole("button", { name: "Save version 3" }).click();
  const settings = page.getByRole("region", { name: "Settings" });
  await expect(settings).toContainText("40 /s");
  await expect(settings).toContainText("2 per worker");
  await expect(settings).toContainText("20 s");
  const changes = page.getByRole("region", { name: "Changes" });
  await expect(changes).toContainText("Changed: Time-out, Rate");

  // Deliveries go on while the secret rotates.
  await page.getByRole("button", { name: "Rotate…" }).click();
  await Promise.all([
    post(2),
    page.getByRole("dialog").getByRole("button", { name: "Rotate secret" }).click(),
    post(3),
  ]);
  await page.getByRole("dialog").getByRole("button", { name: "Done" }).click();
  await expect(page.getByRole("region", { name: "Signing secret" })).toContainText("both sign until");
  const completed = async () => {
    const answer = await admin.send("GET", `/webhooks/deliveries?endpointId=${id}&status=completed`);
    return expectAnswer("deliveries", answer, listDeliveries.response).items.length;
  };
  await post(4);
  await expect.poll(completed, { timeout: 20_000 }).toBe(4);

  // What comes while it is disabled is offered once it is enabled.
  await page.getByRole("button", { name: "Disable…" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Disable endpoint" }).click();
  await expect(page.getByRole("heading", { name: `${name} is disabled` })).toBeVisible();
  await expect.poll(async () => (await post(5)).status).toBe(202);
  await page.getByRole("button", { name: "Enable…" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Enable endpoint" }).click();
  const missed = page.getByRole("dialog");
  await expect(missed).toContainText("It missed 1 event");
  await missed.getByRole("button", { name: "Deliver what it missed…" }).click();
  await missed.getByLabel(/^Reason/).fill("it was disabled for an hour");
  await missed.getByRole("button", { name: "Deliver 1 event" }).click();
  await expect(missed.getByRole("status")).toContainText("Delivered1", { timeout: 60_000 });
  await missed.getByRole("button", { name: "Done" }).click();

  await page.getByRole("button", { name: "Delete…" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete endpoint" }).click();
  await expect(page.getByRole("button", { name: "Create endpoint…" })).toBeVisible();
  await expect(page.getByText("Endpoint not found")).toHaveCount(0);
  await expect(page.getByRole("link", { name, exact: true })).toHaveCount(0);
  await admin.send("DELETE", `/webhooks/sources/${source.id}`);
});

test("dead letters of one cause are planned and replayed as a run, and one that was delivered is sent again", async ({
  page,
  user,
  api,
  product,
}) => {
  test.setTimeout(150_000);
  const fleet = await fleetOf(product);
  const admin = await api(user("admin"));
  const source = await makeSource(admin);
  const own = await makeEndpoint(admin, fleet, "steady");
  const endpoint = `/webhooks/endpoints/${own.endpoint.id}`;
  // An address that refuses connections, and no retries: each event is a dead letter at once.
  const broken = { version: 1, url: "http://127.0.0.1:9/in", settings: { retryScheduleMs: [] } };
  expect((await admin.send("PATCH", endpoint, broken)).status).toBe(200);
  await postEvent(product, source, { type: own.eventType, data: { n: 1 } });
  await postEvent(product, source, { type: own.eventType, data: { n: 2 } });

  await signInByApi(page, user("admin"));
  await page.goto(`/webhooks?status=dead_letter&eventType=${own.eventType}`);
  const cause = page.getByRole("row").filter({ hasText: own.endpoint.name });
  await expect(cause).toContainText("2", { timeout: 30_000 });
  const mended = { version: 2, url: own.endpoint.url };
  expect((await admin.send("PATCH", endpoint, mended)).status).toBe(200);
  await cause.getByRole("button", { name: "Plan replay…" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel(/Reason/).fill("the address was wrong");
  await dialog.getByRole("button", { name: "Replay 2 deliveries" }).click();
  await expect(page.getByRole("heading", { name: /^Completed: 2 of 2/ })).toBeVisible({ timeout: 60_000 });

  await page.goto(`/webhooks?eventType=${own.eventType}`);
  const row = page.getByRole("row").filter({ hasText: own.eventType }).first();
  await expect(row).toContainText("Completed");
  await row.getByRole("link").first().click();
  const drawer = page.getByRole("complementary", { name: `Delivery ${own.eventType}` });
  await expect(drawer.getByRole("link", { name: /^Run/ })).toBeVisible();
  await drawer.getByRole("tab", { name: "Compare" }).click();
  await expect(drawer.getByRole("row").filter({ hasText: "Result" })).toContainText("connect");
  await drawer.getByRole("button", { name: "Send again…" }).click();
  const question = page.getByRole("dialog", { name: /again$/ });
  await expect(question).toContainText("The receiver has confirmed this event.");
  await question.getByLabel(/Reason/).fill("the receiver lost it");
  await question.getByRole("button", { name: "Send again" }).click();
  await expect(drawer).toContainText("Replay 2", { timeout: 20_000 });

  const [download] = await Promise.all([
    page.waitForEvent("download"),
    (async () => {
      await page.getByRole("button", { name: "Export…" }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Export CSV" }).click();
    })(),
  ]);
  expect(download.suggestedFilename()).toMatch(/^deliveries-.*\.csv$/);
  await own.remove();
  await admin.send("DELETE", `/webhooks/sources/${source.id}`);
});
