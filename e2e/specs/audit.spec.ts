import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { organizationHeader } from "@wheelhouse/shared/access/access.ts";
import { createInvitation, createOrganization } from "@wheelhouse/shared/access/members.ts";
import { createAuditCheckpoint } from "@wheelhouse/shared/audit/proof.ts";
import { expect, signInByApi, test } from "../product/journey.ts";

/** Sends with the page's own session, to an organization. */
const post = async (page: Page, organization: string, path: string, data: object = {}) => {
  const answer = await page.request.post(`/api/v1${path}`, {
    headers: { [organizationHeader]: organization },
    data,
  });
  expect(answer.status(), await answer.text()).toBe(201);
  return answer.json();
};

test("the trail grows by itself, a click on the activity chart filters it, an event has a link, and altered proof is named", async ({
  page,
  user,
  product,
}) => {
  await signInByApi(page, user("admin"));
  await page.goto("/audit");
  await expect(page.getByText("New events appear at the top")).toBeVisible();
  const email = `journey-${crypto.randomUUID().slice(0, 8)}@northwind.example`;
  createInvitation.response.parse(
    await post(page, user("admin").organization, "/invitations", { email, role: "viewer" }),
  );
  const row = page.getByRole("row").filter({ hasText: email });
  await expect(row).toBeVisible();

  const activity = page.getByRole("region", { name: "Activity" });
  const busy = activity.getByRole("button", { name: /, [1-9][\d,]* events?$/ }).first();
  await busy.click();
  await expect(busy).toHaveAttribute("aria-pressed", "true");
  await expect(page).toHaveURL(/[?&]slot=/);
  await busy.click();
  await expect(page).not.toHaveURL(/[?&]slot=/);

  await row.getByRole("link").click();
  const drawer = page.getByRole("complementary", { name: /^Audit event/ });
  await expect(drawer).toContainText(email);
  const address = page.url();
  await page.goto("about:blank");
  await page.goto(address);
  await expect(drawer).toContainText(email);

  const slug = `proof-${crypto.randomUUID().slice(0, 8)}`;
  const made = createOrganization.response.parse(
    await post(page, user("admin").organization, "/organizations", { name: slug, slug }),
  );
  await post(page, slug, "/invitations", { email: `${slug}@northwind.example`, role: "viewer" });
  const { seq } = createAuditCheckpoint.response.parse(await post(page, slug, "/audit/checkpoints"));
  await page.goto(`/o/${slug}/audit`);
  await page.getByRole("button", { name: "Verify now" }).click();
  await expect(page.getByText(/^Verified to event/)).toBeVisible();

  const copy = join(product.dataDir, "audit-checkpoints", `${made.id}.ndjson`);
  await expect.poll(() => readFileSync(copy, "utf8")).toContain(`"seq":${seq}`);
  writeFileSync(copy, readFileSync(copy, "utf8").replaceAll(/"at":"\d{4}/g, '"at":"2001'));
  await page.getByRole("button", { name: "Verify now" }).click();
  const broken = page.getByRole("alert").filter({ hasText: `The chain is broken at event ${seq}` });
  await expect(broken).toContainText("the signature of checkpoint 1 is invalid");
});
