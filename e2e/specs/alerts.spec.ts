import { createReporter } from "@wheelhouse/shared/reporter/reporter.ts";
import { Redis } from "ioredis";
import CircuitBreaker from "opossum";
import { connectionsOf } from "../product/connections.ts";
import { expect, goByNavigation, signInByApi, test } from "../product/journey.ts";

/** A service whose only breaker opens when the test wants it to. */
function startCaller(redisUrl: string, name: string) {
  let works = true;
  const redis = new Redis(redisUrl);
  const subscriber = redis.duplicate();
  const call = async () => {
    if (!works) throw new Error("503");
  };
  const breaker = new CircuitBreaker(call, { resetTimeout: 1_000, volumeThreshold: 3 });
  const service = `caller-${process.pid}`;
  const reporter = createReporter({ redis, subscriber, service, instance: "one", intervalMs: 500 });
  reporter.opossum(breaker, { name });
  const fire = () => breaker.fire().catch(() => undefined);
  const timer = setInterval(fire, 300);
  return {
    setWorks(next: boolean) {
      works = next;
    },
    async stop() {
      clearInterval(timer);
      await reporter.close();
      breaker.shutdown();
      redis.disconnect();
      subscriber.disconnect();
    },
  };
}

test("a breaker opens: an incident, acknowledged, resolved by itself, and summed up", async ({
  page,
  user,
  product,
}) => {
  test.setTimeout(180_000);
  const name = "journey-ledger";
  const caller = startCaller(connectionsOf(product).redisUrl, name);
  try {
    await signInByApi(page, user("admin"));
    await page.goto("/overview");
    await goByNavigation(page, "Alerts");
    caller.setWorks(false);
    const list = page.getByRole("list", { name: "Active incidents, worst first" });
    const row = list.getByRole("listitem").filter({ hasText: `${name}: breaker open` });
    await expect(row).toContainText("Firing", { timeout: 60_000 });
    await expect(row).toContainText("Nobody");
    await row.getByRole("link").click();
    await expect(page.getByText("Nobody has acknowledged.")).toBeVisible();
    await page.keyboard.press("a");
    await expect(page.getByText(/^Acknowledged by/).first()).toBeVisible();
    caller.setWorks(true);
    await expect(page.getByText("Cleared by itself.")).toBeVisible({ timeout: 90_000 });
    await page.goBack();
    await page.getByRole("link", { name: "Resolved", exact: false }).first().click();
    await expect(page.getByText(`${name}: breaker open`).first()).toBeVisible();
  } finally {
    await caller.stop();
  }
});

test("a rule is edited with its preview, and set back", async ({ page, user }) => {
  await signInByApi(page, user("admin"));
  await page.goto("/alerts?tab=rules&rule=queue-latency");
  await expect(page.getByRole("heading", { name: /have fired/ })).toBeVisible();
  await page.getByLabel("Threshold").fill("soon");
  await expect(page.getByRole("button", { name: /^Save version/ })).toBeDisabled();
  await page.getByLabel("Threshold").fill("9 m");
  await expect(page.getByText("1 field changed")).toBeVisible();
  await page.getByRole("button", { name: /^Save version/ }).click();
  await expect(page.getByText("threshold 5 m to 9 m").or(page.getByText("first saved"))).toBeVisible();
  await page.getByRole("button", { name: "Reset rule…" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Reset rule" }).click();
  await expect(page.getByText("reset or deleted")).toBeVisible();
  await expect(page.getByLabel("Threshold")).toHaveValue("5 m");
});
