/**
 * The first load of pages on a slow phone, for `npm run bench -- web`: 1.6 Mbit/s, 150 ms round trips and a CPU slowed
 * four times, an empty cache for each visit. Starts the product with its demo, unless `E2E_BASE_URL` and `E2E_DATA_DIR`
 * name a running one. Takes VISITS, how often each page is opened, and FLOOR, the address of a bare page to compare
 * with; writes one line of JSON.
 */
import { type Browser, type CDPSession, chromium, type Page } from "@playwright/test";
import { z } from "zod";
import { findChromium } from "../product/chromium.ts";
import { readCredentials, startProduct } from "../product/product.ts";

const settings = z
  .object({
    VISITS: z.coerce.number().int().min(1).default(3),
    FLOOR: z.url().optional(),
    E2E_BASE_URL: z.url().optional(),
    E2E_DATA_DIR: z.string().optional(),
  })
  .parse(process.env);

const network = {
  offline: false,
  latency: 150,
  downloadThroughput: 1_600_000 / 8,
  uploadThroughput: 750_000 / 8,
};
const cpuSlowdown = 4;
const quietMs = 1_500;
const loadDeadlineMs = 60_000;

/** `shown`: what a person came for, the list's first row where the page is a list. */
const pages = [
  { name: "overview", path: "/overview", shown: "main section a[href$='/queues']" },
  { name: "services", path: "/services", shown: ".tb tbody tr" },
  { name: "breakers", path: "/breakers", shown: ".tb tbody tr" },
  { name: "queues", path: "/queues", shown: ".tb tbody tr" },
  { name: "webhooks", path: "/webhooks", shown: ".tb tbody tr" },
  { name: "audit", path: "/audit", shown: ".tb tbody tr" },
] as const;

type Request = { kind: string; bytes: number; url: string; isDone: boolean };

/** Counts what the page loads, and resolves once nothing has been loading for a while. */
const watchRequests = async (session: CDPSession) => {
  const requests = new Map<string, Request>();
  let changedAt = performance.now();
  const change = (id: string, to: Partial<Request>) => {
    changedAt = performance.now();
    Object.assign(requests.get(id) ?? {}, to);
  };
  session.on("Network.requestWillBeSent", ({ requestId, request, type = "Other" }) => {
    changedAt = performance.now();
    if (request.url.startsWith("data:")) return;
    requests.set(requestId, { kind: type, bytes: 0, url: request.url, isDone: false });
  });
  session.on("Network.loadingFinished", ({ requestId, encodedDataLength }) =>
    change(requestId, { bytes: encodedDataLength, isDone: true }),
  );
  session.on("Network.loadingFailed", ({ requestId }) => change(requestId, { isDone: true }));
  session.on("Network.webSocketCreated", ({ requestId, url }) =>
    requests.set(requestId, { kind: "WebSocket", bytes: 0, url, isDone: true }),
  );
  // A live connection never ends; what it has brought until the page is loaded counts.
  session.on("Network.webSocketFrameReceived", ({ requestId, response }) => {
    const found = requests.get(requestId);
    if (found)
      found.bytes += Buffer.byteLength(response.payloadData, response.opcode === 2 ? "base64" : "utf8");
  });
  await session.send("Network.enable");
  const isQuiet = () =>
    [...requests.values()].every(({ isDone }) => isDone) && performance.now() - changedAt > quietMs;
  return { requests, isQuiet };
};

/** As text, because functions compiled by tsx need helpers that no page has. */
const watching = (selector: string) => `
  window.benchSeen = { largestMs: 0, largest: "", shownMs: 0, shift: 0 };
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      benchSeen.largestMs = entry.startTime;
      benchSeen.largest = (entry.element?.textContent ?? "").slice(0, 60);
    }
  }).observe({ type: "largest-contentful-paint", buffered: true });
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) benchSeen.shift += entry.value;
  }).observe({ type: "layout-shift", buffered: true });
  requestAnimationFrame(function look() {
    if (document.querySelector(${JSON.stringify(selector)}) === null) return requestAnimationFrame(look);
    // The frame that holds it is painted when the next one begins.
    requestAnimationFrame(() => { benchSeen.shownMs = performance.now(); });
  });`;

const seen = z.object({
  firstMs: z.number(),
  largestMs: z.number(),
  largest: z.string(),
  shownMs: z.number(),
  shift: z.number(),
});

const waitUntil = async (page: Page, isTrue: () => boolean) => {
  const deadline = performance.now() + loadDeadlineMs;
  while (!isTrue() && performance.now() < deadline) await page.waitForTimeout(100);
};

type Visited = {
  address: string;
  shown: string;
  cookie: { name: string; value: string; url: string } | null;
};

const visit = async (browser: Browser, { address, shown, cookie }: Visited) => {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  try {
    if (cookie !== null) await context.addCookies([cookie]);
    const page = await context.newPage();
    const session = await context.newCDPSession(page);
    await page.addInitScript({ content: watching(shown) });
    const { requests, isQuiet } = await watchRequests(session);
    await session.send("Network.emulateNetworkConditions", network);
    await session.send("Emulation.setCPUThrottlingRate", { rate: cpuSlowdown });
    await page.goto(address, { timeout: loadDeadlineMs, waitUntil: "load" });
    await page.waitForFunction(() => Number(Reflect.get(window, "benchSeen")?.shownMs) > 0, undefined, {
      timeout: loadDeadlineMs,
    });
    await waitUntil(page, isQuiet);
    const found = await page.evaluate(() => ({
      firstMs: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? -1,
      ...Reflect.get(window, "benchSeen"),
    }));
    return { ...seen.parse(found), requests: [...requests.values()] };
  } finally {
    await context.close();
  }
};

const middle = (values: readonly number[]) =>
  Math.round(values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0);

const bytesByKind = (requests: readonly Request[]) => {
  const sums: Record<string, number> = {};
  for (const { kind, bytes } of requests) sums[kind] = (sums[kind] ?? 0) + bytes;
  return sums;
};

const measure = async (browser: Browser, name: string, visited: Visited) => {
  const visits = [];
  for (let n = 0; n < settings.VISITS; n += 1) visits.push(await visit(browser, visited));
  const [last] = visits.slice(-1);
  return {
    name,
    requests: Math.max(...visits.map(({ requests }) => requests.length)),
    bytes: bytesByKind(last?.requests ?? []),
    urls: (last?.requests ?? []).map(({ url, bytes }) => `${new URL(url).pathname} ${bytes}`),
    firstMs: middle(visits.map(({ firstMs }) => firstMs)),
    largestMs: middle(visits.map(({ largestMs }) => largestMs)),
    largest: last?.largest ?? "",
    shownMs: middle(visits.map(({ shownMs }) => shownMs)),
    shift: Math.max(...visits.map(({ shift }) => shift)),
  };
};

const { E2E_BASE_URL: baseUrl, E2E_DATA_DIR: dataDir } = settings;
const started = baseUrl && dataDir ? null : await startProduct();
const product = started ?? { baseUrl: baseUrl ?? "", dataDir: dataDir ?? "" };
const browser = await chromium.launch({
  executablePath: findChromium(process.env),
  args: ["--no-sandbox", "--disable-background-networking"],
});
try {
  const person = readCredentials(product).find(({ role }) => role === "admin");
  if (person === undefined) throw new Error("credentials.json names no admin");
  const answer = await fetch(`${product.baseUrl}/api/v1/session`, {
    method: "POST",
    headers: { "content-type": "application/json", origin: product.baseUrl },
    body: JSON.stringify({ email: person.email, password: person.password }),
    signal: AbortSignal.timeout(20_000),
  });
  const [name = "", value = ""] = answer.headers.getSetCookie()[0]?.split(";")[0]?.split("=") ?? [];
  const cookie = { name, value, url: product.baseUrl };
  const found = [];
  if (settings.FLOOR !== undefined) {
    const floor = { address: settings.FLOOR, shown: "[data-floor]", cookie: null };
    await visit(browser, floor);
    found.push(await measure(browser, "floor", floor));
  }
  for (const { name: page, path, shown } of pages) {
    const visited = { address: `${product.baseUrl}/o/${person.organization}${path}`, shown, cookie };
    // The first visit of all warms the server, and is not measured.
    if (page === "overview") await visit(browser, visited);
    found.push(await measure(browser, page, visited));
  }
  process.stdout.write(`${JSON.stringify(found)}\n`);
} finally {
  await browser.close();
  await started?.stop();
}
