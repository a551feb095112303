import { listAuditEvents } from "@wheelhouse/shared/audit/audit.ts";
import { summarizeDeliveries } from "@wheelhouse/shared/webhooks/webhooks.ts";
import { expectAnswer } from "../fleet/api.ts";
import { fleetOf, postEvent, setBehaviour } from "../product/fleet-client.ts";
import { expect, requireStepUpOnce, signInByForm, test } from "../product/journey.ts";
import { makeEndpoint, makeSource } from "../product/own-endpoint.ts";

test("dead letters are planned, confirmed, replayed and followed to the end, and every step is in the trail", async ({
  page,
  user,
  api,
  product,
}) => {
  const fleet = await fleetOf(product);
  const admin = await api(user("admin"));
  const source = await makeSource(admin);
  // It answers 410, so the first attempt is the last one.
  const own = await makeEndpoint(admin, fleet, "gone");
  const some = Array.from({ length: 6 }, (_, n) => n);
  await Promise.all(some.map((n) => postEvent(product, source, { type: own.eventType, data: { n } })));
  const summary = async () => {
    const answer = await admin.send("GET", `/webhooks/deliveries/summary?eventType=${own.eventType}`);
    return expectAnswer("summary", answer, summarizeDeliveries.response).counts;
  };
  await expect
    .poll(
      async () => {
        const counts = await summary();
        return (counts.dead_letter ?? 0) + (counts.discarded ?? 0);
      },
      { timeout: 30_000 },
    )
    .toBe(some.length);
  const endpoint = `/webhooks/endpoints/${own.endpoint.id}`;
  await setBehaviour(fleet, "gone", "steady");
  // Disabled by the first 410; each change increments its version.
  const enable = async () =>
    (await admin.send("PATCH", endpoint, { version: own.endpoint.version + 1, enabled: true })).status;
  await expect.poll(enable).toBe(200);

  await signInByForm(page, user("admin"));
  await page.goto(`/webhooks?status=dead_letter,discarded&eventType=${own.eventType}`);
  await page.getByRole("checkbox", { name: "Select all loaded dead letters" }).check();
  await page.getByRole("button", { name: "Replay 6 selected…" }).click();
  const dialog = page.getByRole("dialog", { name: "Replay 6 deliveries to 1 endpoint" });
  await expect(dialog.getByText("Nothing has been sent.", { exact: false })).toBeVisible();
  const confirm = dialog.getByRole("button", { name: "Replay 6 deliveries" });
  await expect(confirm).toBeDisabled();
  const reason = `Partner is back, ${own.eventType}`;
  await dialog.getByLabel(/Reason/).fill(reason);
  await dialog.getByLabel(/Limit per endpoint/).fill("");
  // Like the answer for a larger set, which first requires confirmation.
  await requireStepUpOnce(page, "**/api/v1/webhooks/replays");
  await confirm.click();
  const question = page.getByRole("dialog", { name: "Confirm your identity" });
  await question.getByLabel("Password").fill(user("admin").password);
  await question.getByRole("button", { name: "Confirm" }).click();

  await expect(page.getByRole("heading", { name: /^Running: 1 endpoint/ })).toBeVisible();
  await expect(page.getByText(/First delivery in \d s/)).toBeVisible();
  await page.getByRole("button", { name: "Pause", exact: true }).click();
  await expect(page.getByRole("heading", { name: /^Paused: / })).toBeVisible();
  await page.getByRole("button", { name: "Resume", exact: true }).click();
  await expect(page.getByRole("heading", { name: "Completed: 6 of 6 delivered" })).toBeVisible({
    timeout: 30_000,
  });
  await expect(page.getByRole("button", { name: "Pause", exact: true })).toHaveCount(0);
  await page.getByRole("link", { name: "All replay runs" }).click();
  await expect(page.getByRole("row").filter({ hasText: reason })).toContainText("Completed");

  const trail = await admin.send("GET", `/audit/events?q=${encodeURIComponent(own.eventType)}&limit=20`);
  const { items } = expectAnswer("audit trail", trail, listAuditEvents.response);
  const acts = items.filter(({ action }) => action.startsWith("webhooks.replay."));
  expect(acts.map(({ action }) => action.replace("webhooks.replay.", ""))).toEqual([
    "complete",
    "resume",
    "pause",
    "start",
  ]);
  expect(acts[0]?.actor.type).toBe("system");
  expect((await summary()).completed).toBe(some.length);
  await own.remove();
  await setBehaviour(fleet, "gone", "gone");
});
