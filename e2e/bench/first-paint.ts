/**
 * How long a browser takes to show a page, for `npm run bench -- status`: a fresh Chromium context for each visit,
 * without a cache. Takes ADDRESS, COOKIE (`name=value`) and PAGES (JSON: path, and the selector to wait for) from the
 * environment, and writes one line of JSON with the sorted times of all visits.
 */
import { chromium } from "@playwright/test";
import { z } from "zod";
import { findChromium } from "../product/chromium.ts";

const visitsEach = 5;
const { ADDRESS, COOKIE, PAGES } = z
  .object({ ADDRESS: z.url(), COOKIE: z.string(), PAGES: z.string() })
  .parse(process.env);
const wanted = z.object({ path: z.string(), shown: z.string() });
const pages = z.array(wanted).parse(JSON.parse(PAGES));
const paints = z.object({ firstMs: z.number(), largestMs: z.number(), shownMs: z.number() });

const [name = "", value = ""] = COOKIE.split("=");
const browser = await chromium.launch({
  executablePath: findChromium(process.env),
  args: ["--no-sandbox", "--disable-background-networking"],
});

/** As text, because functions compiled by tsx need helpers that no page has. */
const watching = (selector: string) => `
  window.benchSeen = { largestMs: 0, shownMs: 0 };
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) benchSeen.largestMs = entry.startTime;
  }).observe({ type: "largest-contentful-paint", buffered: true });
  requestAnimationFrame(function look() {
    if (document.querySelector(${JSON.stringify(selector)}) === null) return requestAnimationFrame(look);
    // The frame that holds it is painted when the next one begins.
    requestAnimationFrame(() => { benchSeen.shownMs = performance.now(); });
  });`;

async function visit({ path, shown }: z.infer<typeof wanted>) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  await context.addCookies([{ name, value, url: ADDRESS }]);
  const page = await context.newPage();
  await page.addInitScript({ content: watching(shown) });
  await page.goto(`${ADDRESS}${path}`, { timeout: 30_000 });
  await page.waitForFunction(() => Number(Reflect.get(window, "benchSeen")?.shownMs) > 0, undefined, {
    timeout: 30_000,
  });
  // Larger content that comes later counts too.
  await page.waitForTimeout(1_000);
  const found = await page.evaluate(() => ({
    firstMs: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? -1,
    ...Reflect.get(window, "benchSeen"),
  }));
  await context.close();
  return paints.parse(found);
}

const sorted = (values: readonly number[]) => values.map(Math.round).sort((a, b) => a - b);
const found = [];
for (const each of pages) {
  // The browser's own first start does not count as the page's.
  await visit(each);
  const visits = [];
  for (let n = 0; n < visitsEach; n += 1) visits.push(await visit(each));
  found.push({
    path: each.path,
    firstMs: sorted(visits.map(({ firstMs }) => firstMs)),
    largestMs: sorted(visits.map(({ largestMs }) => largestMs)),
    shownMs: sorted(visits.map(({ shownMs }) => shownMs)),
  });
}
await browser.close();
process.stdout.write(`${JSON.stringify(found)}\n`);
