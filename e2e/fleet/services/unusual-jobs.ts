import { FlowProducer, Queue, Worker } from "bullmq";
import type { Redis } from "ioredis";
import type { createRhythm } from "../rhythm.ts";
import { createLine } from "./queues.ts";

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
const megabyte = 1024 * 1024;

type At = Parameters<typeof createLine>[0];

/**
 * Jobs as they occur seldom, but in every shop: a flow, a job that no attempt can finish, one whose worker died, a
 * payload of 3 MB, and a queue for which no worker exists.
 */
export function createUnusualJobs({
  at,
  redis,
  redisUrl,
  rhythm,
}: {
  at: (name: string) => At;
  redis: Redis;
  redisUrl: string;
  rhythm: ReturnType<typeof createRhythm>;
}) {
  const { log } = at("reports");
  const reports = createLine(at("reports"), {
    concurrency: 2,
    minMs: 400,
    maxMs: 1500,
    failureRatio: 0,
    failures: [],
    poison: ({ file }) =>
      file === "prices-broken.csv" ? "PARSE_FAILED: line 17 has 9 columns, 12 expected" : null,
    tells: (step, of) => `part ${step} of ${of} written`,
  });
  const flows = new FlowProducer({ connection: redis });
  flows.on("error", (error) => log(`flows: ${error.message}`));
  const newsletter = new Queue("newsletter", { connection: redis });
  newsletter.on("error", (error) => log(`newsletter: ${error.message}`));
  const lost = (error: unknown) => log(`reports: could not add: ${String(error)}`);

  const addFlow = () => {
    const day = new Date().toISOString().slice(0, 16);
    const part = (name: string) => ({ name, queueName: "reports", data: { day }, opts: { attempts: 3 } });
    flows
      .add({
        name: "close-day",
        queueName: "reports",
        data: { day },
        opts: { removeOnComplete: { count: 20 } },
        children: [part("sum-orders"), part("sum-payments"), part("render-chart")],
      })
      .catch(lost);
  };

  /** A worker that takes a job and is never heard of again: after 30 s the job counts as stalled. */
  const abandon = async () => {
    const worker = new Worker("reports", null, {
      autorun: false,
      connection: { url: redisUrl, maxRetriesPerRequest: null, connectionName: "shop-reports-lost" },
    });
    worker.on("error", () => undefined);
    reports.add("export-catalogue", { format: "xml" }, { lifo: true });
    await worker.getNextJob(`lost-${Date.now()}`, { block: true });
    await worker.close();
  };

  rhythm.every(40_000, addFlow, 2_000);
  rhythm.every(5 * minuteMs, () => reports.add("import-prices", { file: "prices-broken.csv" }), 4_000);
  rhythm.every(4 * minuteMs, () => void abandon().catch(lost), 20_000);
  // The same ids again do nothing.
  const rows = "x".repeat(3 * megabyte);
  reports.add("import-catalogue", { rows }, { jobId: "catalogue-full", delay: dayMs });
  for (const issue of ["winter", "spring", "summer"])
    newsletter.add("send-issue", { issue }, { jobId: `issue-${issue}`, delay: dayMs }).catch(lost);

  return {
    line: reports,
    async close() {
      await flows.close();
      await newsletter.close();
    },
  };
}
