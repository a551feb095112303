import { Queue, Worker } from "bullmq";
import { connectionsOf } from "../product/connections.ts";
import { expect, signInByApi, test } from "../product/journey.ts";

/** A queue of another program, with a worker that fails for as long as its provider is away. */
const openQueue = (url: string) => {
  const name = `letters-${Date.now() % 100_000}`;
  const queue = new Queue(name, { connection: { url } });
  const provider = { isAway: true };
  const worker = new Worker(
    name,
    async (job) => {
      await job.log("rendered 18.4 KiB");
      if (provider.isAway) throw new Error("429 Too Many Requests");
      return "sent";
    },
    { connection: { url, maxRetriesPerRequest: null }, name: "press-1" },
  );
  worker.on("error", () => undefined);
  const close = async () => {
    await worker.close();
    await queue.obliterate({ force: true });
    await queue.close();
  };
  return { name, queue, provider, worker, close };
};

test("an engineer reads why a job failed, retries it and sees it complete", async ({
  page,
  user,
  product,
}) => {
  const { name, queue, provider, close } = openQueue(connectionsOf(product).redisUrl);
  try {
    await queue.add("send-letter", { user: { id: 71_902 }, template: "welcome" }, { jobId: "letter" });
    await signInByApi(page, user("operator"));
    await page.goto("/queues");
    await page.getByRole("link", { name, exact: true }).click();
    await page.getByRole("link", { name: "Open jobs" }).click();
    const failed = page.getByRole("row").filter({ hasText: "send-letter" });
    await expect(failed).toContainText("429 Too Many Requests");
    await failed.getByRole("link").click();
    const drawer = page.getByRole("complementary", { name: "Job letter" });
    await expect(drawer.getByLabel("Stack trace of attempt 1")).toContainText("Error: 429 Too Many Requests");
    await expect(drawer.getByLabel("Data")).toContainText('template: "welcome"');
    await expect(drawer.getByLabel("Data")).toContainText("id: 71902");
    await expect(drawer.getByLabel("Logs")).toContainText("rendered 18.4 KiB");

    provider.isAway = false;
    await drawer.getByRole("button", { name: "Retry job…" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Retry 1 job" }).click();
    await expect(page.getByRole("dialog")).toBeHidden();
    await expect(drawer.getByText("Completed", { exact: true })).toBeVisible({ timeout: 15_000 });
    await expect(drawer.getByText("retried by")).toBeVisible();
  } finally {
    await close();
  }
});

test("a paused queue hands out no job until it is resumed; a viewer sees no act and is refused", async ({
  page,
  user,
  product,
}) => {
  const { name, queue, provider, close } = openQueue(connectionsOf(product).redisUrl);
  try {
    provider.isAway = false;
    await queue.add("send-letter", {}, { jobId: "first" });
    await signInByApi(page, user("operator"));
    await page.goto(`/queues/jobs?queue=${name}&state=completed`);
    await expect(page.getByRole("row").filter({ hasText: "first" })).toBeVisible({ timeout: 15_000 });
    await page.getByRole("button", { name: "Pause queue…" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("textbox").fill("Printer is on fire");
    await dialog.getByRole("button", { name: "Pause queue" }).click();
    await expect(dialog).toBeHidden();
    await queue.add("send-letter", {}, { jobId: "second" });
    await expect(page.getByRole("button", { name: "Resume queue…" })).toBeVisible();
    await page.getByRole("link", { name: /^Waiting/ }).click();
    await expect(page.getByRole("row").filter({ hasText: "second" })).toBeVisible();
    expect(await queue.getJobState("second")).toBe("waiting");

    const viewer = await page.context().browser()?.newContext();
    const their = await viewer?.newPage();
    if (!their) throw new Error("no second browser");
    await signInByApi(their, user("viewer"));
    await their.goto(page.url());
    await expect(their.getByRole("row").filter({ hasText: "second" })).toBeVisible();
    await expect(their.getByRole("button", { name: /…$|▾/ })).toHaveCount(0);
    await expect(their.getByRole("checkbox")).toHaveCount(0);
    const refused = await their.evaluate(async (id) => {
      const answer = await fetch(`/api/v1/queues/${id}/jobs/remove`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ jobs: ["second"] }),
      });
      return answer.status;
    }, name);
    expect(refused).toBe(403);
    await viewer?.close();

    await page.getByRole("button", { name: "Resume queue…" }).click();
    await dialog.getByRole("button", { name: "Resume queue" }).click();
    await expect.poll(() => queue.getJobState("second"), { timeout: 15_000 }).toBe("completed");
  } finally {
    await close();
  }
});
