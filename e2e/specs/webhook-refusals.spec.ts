import { listRefusals } from "@wheelhouse/shared/webhooks/refusals.ts";
import { expectAnswer } from "../fleet/api.ts";
import { postEvent } from "../product/fleet-client.ts";
import { expect, signInByApi, test } from "../product/journey.ts";
import { makeSource } from "../product/own-endpoint.ts";

const wrongSecret = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;

test("a request with a wrong signature is on the page with its reason and what to do; a viewer sees it, another organization does not", async ({
  page,
  user,
  api,
  product,
  browser,
}) => {
  const admin = await api(user("admin"));
  const source = await makeSource(admin);
  const event = { type: "order.paid", data: {} };
  expect((await postEvent(product, { ...source, secret: wrongSecret }, event)).status).toBe(401);
  expect((await postEvent(product, { ...source, secret: wrongSecret }, event)).status).toBe(401);
  const misspelt = { ...source, intakePath: `${source.intakePath}x` };
  expect((await postEvent(product, misspelt, event)).status).toBe(404);

  await signInByApi(page, user("admin"));
  await page.goto("/webhooks");
  await page.getByRole("navigation", { name: "Webhooks" }).getByRole("link", { name: "Events" }).click();
  await page.getByRole("group", { name: "Events" }).getByRole("button", { name: "Refused" }).click();
  const row = page
    .getByRole("row")
    .filter({ hasText: source.slug })
    .filter({ hasText: "Signature does not match" });
  await expect(row).toContainText("401");
  await expect(row).toContainText("Signature does not match");
  await expect(row).toContainText("webhook-signature");
  await expect(row).toContainText(
    `The sender's secret is not ···· ${source.secretHint}, or a proxy changes the body.`,
  );
  await expect(row.getByRole("button", { name: "Copy sample" })).toBeVisible();
  await row.getByRole("link").click();
  const newest = page.getByRole("region", { name: "Newest refused request" });
  await expect(newest).toContainText("newest of 2,");
  await expect(newest.getByRole("region", { name: "What arrived" })).toContainText(
    `POST ${source.intakePath}`,
  );
  await expect(newest.getByRole("region", { name: "What was expected" })).toContainText(
    "401, no signature matches the secret of this source",
  );
  await expect(page.getByRole("row").filter({ hasText: "No such source" })).toContainText(source.slug);

  const viewerContext = await browser.newContext();
  const viewerPage = await viewerContext.newPage();
  await signInByApi(viewerPage, user("viewer"));
  await viewerPage.goto(page.url());
  await expect(
    viewerPage.getByRole("row").filter({ hasText: source.slug }).filter({ hasText: "401" }),
  ).toContainText("Signature does not match");
  await viewerContext.close();

  const foreign = await api(user("admin", "second"));
  const seen = expectAnswer(
    "refused requests of another organization",
    await foreign.send("GET", "/webhooks/refusals"),
    listRefusals.response,
  );
  expect(JSON.stringify(seen)).not.toContain(source.slug);
  await admin.send("DELETE", `/webhooks/sources/${source.id}`);
});
