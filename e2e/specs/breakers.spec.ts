import type { Locator, Page } from "@playwright/test";
import { operation } from "@wheelhouse/shared/operations.ts";
import { createReporter } from "@wheelhouse/shared/reporter/reporter.ts";
import { Redis } from "ioredis";
import CircuitBreaker from "opossum";
import { connectionsOf } from "../product/connections.ts";
import { expect, goByNavigation, signInByApi, test } from "../product/journey.ts";

const rowOf = (page: Page, name: string): Locator =>
  page.getByRole("row").filter({ has: page.getByRole("link", { name: new RegExp(`^${name}`) }) });

/** A service of two processes whose calls succeed or fail as the test sets, each with a reported breaker. */
function startShop(redisUrl: string, name: string) {
  let works = true;
  const service = `journey-${process.pid}`;
  const call = async () => {
    if (!works) throw new Error("503");
    return "paid";
  };
  const instances = ["one", "two"].map((instance) => {
    const redis = new Redis(redisUrl);
    const subscriber = redis.duplicate();
    const options = { name, timeout: 1_000, errorThresholdPercentage: 50, volumeThreshold: 3 };
    // It stays open for as long as the journey looks at it.
    const breaker = new CircuitBreaker(call, { ...options, resetTimeout: 600_000 });
    const reporter = createReporter({ redis, subscriber, service, instance, intervalMs: 500 });
    reporter.opossum(breaker);
    const fire = () => breaker.fire().then(String, (error: Error) => error.message);
    const stop = async () => {
      await reporter.close();
      breaker.shutdown();
      redis.disconnect();
      subscriber.disconnect();
    };
    return { fire, stop };
  });
  return {
    instances,
    service,
    setWorks(next: boolean) {
      works = next;
    },
    stop: () => Promise.all(instances.map(({ stop }) => stop())),
  };
}

/** From the command to the last instance's reply, by the server's own times; the browser may be slower. */
const obeysWithinMs = 2_000;
const obeyedInTime = async (page: Page, command: () => Promise<void>): Promise<void> => {
  const [answer] = await Promise.all([
    page.waitForResponse((response) => response.request().method() === "POST"),
    command(),
  ]);
  const told = operation.parse(await answer.json());
  expect(told.outcomes.map(({ outcome }) => outcome)).toEqual(["obeyed", "obeyed"]);
  expect(Date.parse(told.endedAt ?? "") - Date.parse(told.requestedAt)).toBeLessThan(obeysWithinMs);
};

test("a breaker opens, is forced closed on every instance, and recovers", async ({
  page,
  user,
  product,
  browser,
}) => {
  const name = "journey-payments";
  const shop = startShop(connectionsOf(product).redisUrl, name);
  try {
    await signInByApi(page, user("admin"));
    await page.goto("/breakers");
    const row = rowOf(page, name);
    await expect(row).toContainText("0 of 2 open");
    await expect(row).toContainText("Closed");

    shop.setWorks(false);
    for (let call = 0; call < 5; call += 1) await shop.instances[0]?.fire();
    await expect(row).toContainText("1 of 2 open", { timeout: 5_000 });
    await expect(row.getByText("Open", { exact: true })).toBeVisible();
    await goByNavigation(page, "Overview");
    await page.getByRole("link", { name: new RegExp(`${name}: breaker open on 1 of 2`) }).click();

    const drawer = page.getByRole("complementary", { name: `Breaker ${name}` });
    await expect(drawer.getByText("1 of 2 open").first()).toBeVisible();
    await drawer.getByRole("button", { name: "Force closed…" }).click();
    const dialog = page.getByRole("dialog");
    const confirm = dialog.getByRole("button", { name: "Force closed on 2 instances" });
    await expect(confirm).toBeDisabled();
    await dialog.getByLabel(/Reason/).fill("The provider is well again");
    await obeyedInTime(page, () => confirm.click());
    await expect(dialog.getByText("2 of 2 instances forced closed.")).toBeVisible();
    // Forced closed: calls reach the provider again although they still fail.
    expect(await shop.instances[0]?.fire()).toBe("503");
    await dialog.getByRole("button", { name: "Close" }).last().click();
    await expect(row).toContainText("2 of 2 forced closed");
    await expect(row).toContainText(/Forced closed\s*by \S+/);
    await expect(drawer).toContainText("“The provider is well again”");

    shop.setWorks(true);
    expect(await shop.instances[0]?.fire()).toBe("paid");
    await drawer.getByRole("button", { name: "Reset…" }).click();
    await dialog.getByLabel(/Reason/).fill("Let it judge by itself");
    const reset = dialog.getByRole("button", { name: "Reset on 2 instances" });
    await obeyedInTime(page, () => reset.click());
    await expect(dialog.getByText("2 of 2 instances reset.")).toBeVisible();
    await dialog.getByRole("button", { name: "Close" }).last().click();
    await expect(row).toContainText("0 of 2 open");
    await expect(row).not.toContainText("Forced closed");
    // The stored history is written every 10 s.
    await expect(drawer.getByRole("region", { name: "State changes" })).toContainText(
      /closed to open|Open, \d+ failed probe/,
      { timeout: 30_000 },
    );

    // A person without the right to act sees no buttons that would be refused.
    const second = await (await browser.newContext()).newPage();
    await signInByApi(second, user("viewer"));
    await second.goto("/breakers");
    await rowOf(second, name).getByRole("link").click();
    const seen = second.getByRole("complementary", { name: `Breaker ${name}` });
    await expect(seen.getByText("0 of 2 open").first()).toBeVisible();
    await expect(seen.getByRole("button", { name: /Force|Reset/ })).toHaveCount(0);
    await second.context().close();
  } finally {
    await shop.stop();
  }
});
