import { runProgram } from "../program.ts";
import { createRhythm } from "../rhythm.ts";
import { readSettings } from "../settings.ts";
import { createLine, createShopRedis, type Line } from "./queues.ts";
import { createUnusualJobs } from "./unusual-jobs.ts";

const minuteMs = 60_000;
const between = (low: number, high: number) => Math.floor(low + Math.random() * (high - low + 1));

type At = (name: string, prefix?: string) => Parameters<typeof createLine>[0];

/** The shop's queues; an order leads to jobs in the others. */
function openLines(at: At) {
  const email = createLine(at("email"), {
    concurrency: 2,
    minMs: 150,
    maxMs: 700,
    failureRatio: 0.04,
    failures: ["421 4.7.0 mail.example.net: too many connections", "550 5.1.1 mailbox unavailable"],
    hopelessRatio: 0.2,
  });
  const invoices = createLine(at("invoices"), {
    concurrency: 2,
    minMs: 300,
    maxMs: 1200,
    failureRatio: 0.03,
    failures: ["PDF renderer ran out of memory", "tax table for country XI not found"],
    hopelessRatio: 0.2,
  });
  const stock = createLine(at("stock", "shop:prod"), {
    concurrency: 4,
    minMs: 20,
    maxMs: 120,
    failureRatio: 0.02,
    failures: ["row of article lamp-desk is locked"],
  });
  const thumbnails = createLine(at("thumbnails"), {
    concurrency: 2,
    minMs: 250,
    maxMs: 800,
    failureRatio: 0.02,
    failures: ["unsupported colour profile", "source image is 0 bytes"],
    hopelessRatio: 0.5,
  });
  const orders = createLine(at("orders"), {
    concurrency: 3,
    minMs: 200,
    maxMs: 900,
    failureRatio: 0.03,
    failures: ["payment gateway timed out after 5000 ms", "address check: 502 Bad Gateway"],
    andThen: (order) => {
      stock.add("reserve", { order: order.order, articles: between(1, 4) });
      invoices.add("render", { order: order.order, total: order.total });
      email.add("confirmation", { order: order.order, template: "order-confirmed" });
      if (Math.random() < 0.25) {
        const delay = between(30, 240) * 1000;
        email.add("review-request", { order: order.order, template: "how-was-it" }, { delay });
      }
    },
  });
  return { orders, email, invoices, stock, thumbnails };
}

type Troubled = {
  rhythm: ReturnType<typeof createRhythm>;
  thumbnails: Line;
  email: Line;
  log: (text: string) => void;
};

/** Pictures come in bulk; now and then a worker goes away, or a queue is paused. */
function troubleLines({ rhythm, thumbnails, email, log }: Troubled) {
  const importPictures = () => {
    const article = `art_${between(100, 999)}`;
    thumbnails.addBulk(
      "scale",
      Array.from({ length: between(15, 45) }, (_, picture) => ({ article, picture, width: 480 })),
    );
  };
  rhythm.every(45_000, importPictures, 3000);
  rhythm.every(
    7 * minuteMs,
    () => {
      log("thumbnails: the worker is away for 70 s");
      void thumbnails.dismissWorker();
      rhythm.later(8_000, importPictures);
      rhythm.later(70_000, thumbnails.hireWorker);
    },
    3 * minuteMs,
  );
  rhythm.every(
    11 * minuteMs,
    () => {
      log("email is paused for 50 s");
      void email.pause();
      rhythm.later(50_000, () => void email.resume());
    },
    5 * minuteMs,
  );
}

/** The shop's order service: orders come in, and lead to mails, invoices, stock bookings and pictures. */
await runProgram("orders", async (log) => {
  const { redisUrl } = readSettings(process.env);
  const redis = createShopRedis(redisUrl, log);
  const at = (name: string, prefix = "bull") => ({ name, prefix, redis, redisUrl, log });
  const rhythm = createRhythm();

  const { orders, email, invoices, stock, thumbnails } = openLines(at);
  const unusual = createUnusualJobs({ at, redis, redisUrl, rhythm });
  const lines: readonly Line[] = [orders, email, invoices, stock, thumbnails, unusual.line];
  await Promise.all([orders.resume(), email.resume()]);

  rhythm.atRandom(0.9, () => {
    const order = { order: `ord_${between(10_000, 99_999)}`, total: between(490, 48_900) };
    // Express orders overtake the others; BullMQ keeps jobs with a priority in a separate set.
    orders.add("place", order, Math.random() < 0.2 ? { priority: between(1, 5) } : {});
  });
  // The sweep misses runs whenever the worker of the pictures is away.
  thumbnails.schedule("thumbnail-sweep", { pattern: "*/30 * * * * *", tz: "America/New_York" });
  invoices.schedule("settle-refunds", { pattern: "* 6-22 * * *", tz: "Europe/Berlin" }, { attempts: 1 });
  email.schedule("monthly-statements", { pattern: "0 6 1 * *", tz: "Europe/London" });
  troubleLines({ rhythm, thumbnails, email, log });
  log(`${lines.length + 1} queues`);

  return async () => {
    rhythm.stop();
    await Promise.all([...lines.map((line) => line.close()), unusual.close()]);
    redis.disconnect();
  };
});
