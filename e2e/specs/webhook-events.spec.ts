import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { listEvents } from "@wheelhouse/shared/webhooks/events.ts";
import { expectAnswer } from "../fleet/api.ts";
import { fleetOf, postEvent } from "../product/fleet-client.ts";
import { expect, signInByApi, test } from "../product/journey.ts";
import { makeEndpoint, makeSource } from "../product/own-endpoint.ts";

const run = promisify(execFile);
const reason = "the endpoint was added after the event";

test("an event that matched nothing is found, delivered to an endpoint, and completes; a viewer sees it without its payload, another organization does not", async ({
  page,
  user,
  api,
  product,
  browser,
}) => {
  test.setTimeout(120_000);
  const fleet = await fleetOf(product);
  const admin = await api(user("admin"));
  const source = await makeSource(admin);
  const own = await makeEndpoint(admin, fleet, "steady");

  await signInByApi(page, user("admin"));
  await page.goto("/webhooks");
  await page.getByRole("navigation", { name: "Webhooks" }).getByRole("link", { name: "Events" }).click();
  const type = `nobody.${crypto.randomUUID().slice(0, 8)}`;
  const sent = await postEvent(product, source, { type, data: { mail: "jane@example.com" } });
  expect(sent.status).toBe(202);
  const row = page.getByRole("row").filter({ hasText: type });
  await expect(row).toContainText("No endpoint matched");
  await row.getByRole("link").first().click();
  const drawer = page.getByRole("complementary", { name: `Event ${type}` });
  await expect(drawer).toContainText("Why no endpoint matched");
  await expect(drawer).toContainText("j···@example.com");
  await expect(drawer).not.toContainText("jane@");
  const url = page.url();

  const viewerContext = await browser.newContext();
  const viewerPage = await viewerContext.newPage();
  await signInByApi(viewerPage, user("viewer"));
  await viewerPage.goto(url);
  const seen = viewerPage.getByRole("complementary", { name: `Event ${type}` });
  await expect(seen).toContainText("You don't have access to payloads");
  await expect(seen).not.toContainText("example.com");
  await expect(viewerPage.getByRole("button", { name: "Deliver to…" })).toHaveCount(0);
  await viewerContext.close();

  await drawer.getByRole("button", { name: "Deliver to…" }).click();
  await page.getByLabel("Endpoint", { exact: true }).selectOption(own.endpoint.id);
  await page.getByRole("button", { name: "Count the events" }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog).toContainText(`Deliver 1 event to ${own.endpoint.name}`);
  await dialog.getByLabel(/^Reason/).fill(reason);
  await dialog.getByRole("button", { name: "Deliver 1 event" }).click();
  await expect(dialog.getByRole("status")).toContainText("Delivered1", { timeout: 60_000 });
  await dialog.getByRole("button", { name: "Done" }).click();
  await expect(drawer).toContainText("Completed");
  await expect(row).toContainText("delivered later");

  const foreign = await api(user("admin", "second"));
  const others = expectAnswer(
    "events of another organization",
    await foreign.send("GET", "/webhooks/events"),
    listEvents.response,
  );
  expect(JSON.stringify(others)).not.toContain(type);
  await own.remove();
  await admin.send("DELETE", `/webhooks/sources/${source.id}`);
});

test("a source is created, its sample request is pasted into a shell and accepted, and its event is on the page", async ({
  page,
  user,
  api,
}) => {
  const admin = await api(user("admin"));
  await signInByApi(page, user("admin"));
  await page.goto("/webhooks?tab=sources");
  await page.getByRole("button", { name: "Create source…" }).click();
  const name = `Pasted ${crypto.randomUUID().slice(0, 8)}`;
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name", { exact: true }).fill(name);
  await dialog.getByRole("button", { name: "Create source" }).click();
  await expect(dialog).toContainText(`${name} created`);
  const script = await dialog
    .getByRole("region", { name: "Shell script of the sample request" })
    .locator("pre")
    .textContent();
  const { stdout } = await run("bash", ["-euo", "pipefail", "-c", script ?? ""]);
  expect(stdout).toContain("HTTP/1.1 202");
  await dialog.getByRole("button", { name: "Done" }).click();

  await page.getByRole("link", { name, exact: true }).click();
  const drawer = page.getByRole("complementary", { name: `Source ${name}` });
  const address = drawer.getByRole("region", { name: "Intake URL" });
  await expect(address).toContainText(new URL(page.url()).origin);
  expect(script).toContain(`'${((await address.textContent()) ?? "").trim()}'`);
  await drawer.getByRole("link", { name: "Show its events" }).click();
  const row = page.getByRole("row").filter({ hasText: name });
  await expect(row).toContainText("example.sent");

  const id = new URL(page.url()).searchParams.get("sourceId");
  await admin.send("DELETE", `/webhooks/sources/${id}`);
});
