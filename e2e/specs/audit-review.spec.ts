import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { exportedAuditLine, exportedAuditTrailer } from "@wheelhouse/shared/audit/export-format.ts";
import { expect, goByNavigation, signInByForm, test } from "../product/journey.ts";
import { makeSource } from "../product/own-endpoint.ts";

test("an auditor filters, reads a diff, exports, verifies, and signs off a week by keyboard", async ({
  page,
  user,
  api,
}) => {
  const source = await makeSource(await api(user("admin")));
  await signInByForm(page, user("auditor"));
  await goByNavigation(page, "Audit");
  await expect(
    page.getByRole("region", { name: "Activity" }).getByRole("button", { pressed: true }),
  ).toHaveText("By hour");

  const filter = page.getByRole("combobox", { name: "Filter events" });
  await filter.fill("action:source.cre");
  await page.getByRole("option", { name: /^webhooks\.source\.create/ }).click();
  await expect(page).toHaveURL(/action=webhooks\.source\.create/);
  await filter.fill(source.slug);
  await filter.press("Enter");
  await expect(page).toHaveURL(new RegExp(`q=${source.slug}`));
  const row = page.getByRole("row").filter({ hasText: "webhooks.source.create" });
  await expect(row).toHaveCount(1);
  await row.getByRole("link").click();
  const drawer = page.getByRole("complementary", { name: /^Audit event/ });
  await expect(drawer.getByRole("table", { name: "Changed fields" })).toContainText(source.slug);
  await page.keyboard.press("Escape");

  await page.getByRole("button", { name: "Export…" }).click();
  const downloading = page.waitForEvent("download");
  await page
    .getByRole("dialog", { name: "Export 1 event" })
    .getByRole("button", { name: "Export NDJSON" })
    .click();
  const text = await readFile(await (await downloading).path(), "utf8");
  await expect(page.getByText("1 row exported.")).toBeVisible();
  const [line = "", last = "", ...rest] = text.trimEnd().split("\n");
  expect(rest).toEqual([]);
  const event = exportedAuditLine.parse(JSON.parse(line));
  const { trailer } = exportedAuditTrailer.parse(JSON.parse(last));
  expect(JSON.stringify(event.content)).toContain(source.slug);
  expect(trailer).toMatchObject({ rows: 1, firstSeq: event.seq, lastSeq: event.seq });
  expect(trailer.sha256).toBe(createHash("sha256").update(`${line}\n`).digest("hex"));

  await page.getByRole("button", { name: "Views" }).click();
  await page.getByRole("menuitem", { name: "Save this filter…" }).click();
  const view = `New source ${source.slug}`;
  await page.getByLabel("Name", { exact: true }).fill(view);
  await page.getByRole("button", { name: "Save view" }).click();
  await expect(page.getByRole("button", { name: `View: ${view}` })).toBeVisible();

  await page.getByRole("button", { name: "Verify now" }).click();
  await expect(page.getByText(/^Verified to event/)).toBeVisible();

  await page.getByRole("button", { name: "Review a period…" }).click();
  const opening = page.getByRole("dialog", { name: "Review a period" });
  await opening.getByLabel("View").selectOption({ label: view });
  await opening.getByRole("button", { name: /^Review week/ }).click();
  await expect(page.getByRole("heading", { name: /^Review, Week/ })).toBeVisible();
  await expect(page.getByText("0 of 1")).toBeVisible();
  await expect(page.getByRole("row").filter({ hasText: source.slug })).toBeVisible();
  await page.keyboard.press("j");
  await page.keyboard.press("f");
  await page
    .getByRole("dialog", { name: /^Flag event/ })
    .getByLabel("Comment")
    .fill("Was this agreed?");
  await page.getByRole("button", { name: "Flag event" }).click();
  await expect(page.getByRole("row").filter({ hasText: "Was this agreed?" })).toContainText("Flagged");
  await page.getByRole("row").filter({ hasText: "Was this agreed?" }).getByRole("link").click();
  await expect(drawer.getByRole("region", { name: "Review" })).toContainText("Was this agreed?");
  await drawer.getByRole("button", { name: "Resolve flag…" }).click();
  await page
    .getByRole("dialog", { name: /^Resolve/ })
    .getByLabel("Comment")
    .fill("It was.");
  await page.getByRole("button", { name: "Resolve flag", exact: true }).click();
  await expect(page.getByRole("row").filter({ hasText: "It was." })).toContainText("Resolved");
  await page.getByRole("button", { name: /^Sign off Week \d+…/ }).click();
  await page
    .getByRole("dialog")
    .getByRole("button", { name: /^Sign off Week/ })
    .click();
  await expect(page.getByText(/^Signed by /)).toBeVisible();
  await expect(page.getByText("No events added to this period since")).toBeVisible();
});
