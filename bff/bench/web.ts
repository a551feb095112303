import { execFileSync } from "node:child_process";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import fastifyStatic from "@fastify/static";
import Fastify from "fastify";
import { z } from "zod";
import { startProgram } from "./bench-stack.ts";

const bar = { requests: 10, bytes: 180_000, largestMs: 1_600, rowsMs: 2_500 };
/** Listed with everything else that a page loads, but the bar of bytes is about what it waits for. */
const live = "WebSocket";

const found = z.array(
  z.object({
    name: z.string(),
    requests: z.number(),
    bytes: z.record(z.string(), z.number()),
    firstMs: z.number(),
    largestMs: z.number(),
    largest: z.string(),
    shownMs: z.number(),
    shift: z.number(),
  }),
);
type Found = z.infer<typeof found>[number];

/**
 * The first load of pages on slow 4G with the CPU slowed four times, and beside them a page of the same libraries that
 * shows one line. `BENCH_VISITS`: how often each is opened, 3 by default.
 * @returns whether all targets are reached.
 */
export async function run(): Promise<boolean> {
  const floor = await serveFloor();
  const { PATH: _, ...inherited } = process.env;
  const kept = Object.entries(inherited).filter(([name]) => name.startsWith("E2E_") || name === "HOME");
  const browser = await startProgram("../../e2e/bench/first-load.ts", {
    ...(kept.length > 0 ? Object.fromEntries(kept.map(([name, value]) => [name, value ?? ""])) : {}),
    VISITS: process.env.BENCH_VISITS ?? "3",
    FLOOR: floor.address,
  });
  await browser.end();
  await floor.end();
  return report(found.parse(browser.ready));
}

async function serveFloor() {
  const web = fileURLToPath(new URL("../../web/", import.meta.url));
  execFileSync(
    process.execPath,
    ["node_modules/vite/bin/vite.js", "build", "--config", "bench/vite.config.ts"],
    {
      cwd: web,
      stdio: ["ignore", "ignore", "inherit"],
    },
  );
  const app = Fastify();
  await app.register(fastifyStatic, { root: `${web}dist-floor`, preCompressed: true });
  await app.listen({ host: "127.0.0.1", port: 0 });
  if (!app.server.listening) await once(app.server, "listening");
  const address: AddressInfo = z
    .object({ port: z.number(), address: z.string(), family: z.string() })
    .parse(app.server.address());
  return { address: `http://127.0.0.1:${address.port}/`, end: () => app.close() };
}

const kB = (bytes: number) => `${(bytes / 1_000).toFixed(0)} kB`;

function report(pages: readonly Found[]): boolean {
  const write = (columns: readonly string[]) =>
    process.stdout.write(
      `${columns.map((text, at) => (at < 2 ? text.padEnd(9) : text.padStart(9))).join(" ")}\n`,
    );
  const kinds = ["Document", "Script", "Stylesheet", "Fetch"];
  write(
    ["", "page", "requests", "wire", ...kinds.map((kind) => kind.toLowerCase()), "other", "live"].concat([
      "first",
      "largest",
      "shown",
      "shift",
    ]),
  );
  let isReached = true;
  for (const page of pages) {
    const { name, requests, bytes, firstMs, largestMs, shownMs, shift } = page;
    const sum = Object.entries(bytes).reduce((total, [kind, size]) => total + (kind === live ? 0 : size), 0);
    const listed = kinds.reduce((total, kind) => total + (bytes[kind] ?? 0), 0);
    const isGood = name === "floor" || isWithin(page, sum);
    isReached &&= isGood;
    write([
      name === "floor" ? "" : isGood ? "reached" : "MISSED",
      name,
      String(requests),
      kB(sum),
      ...kinds.map((kind) => kB(bytes[kind] ?? 0)),
      kB(sum - listed),
      kB(bytes[live] ?? 0),
      ...[firstMs, largestMs, shownMs].map((ms) => `${ms} ms`),
      shift.toFixed(3),
    ]);
  }
  process.stdout.write(
    `The bar: ${bar.requests} requests and ${kB(bar.bytes)} a page; Overview's largest paint ${bar.largestMs} ms, rows of tables ${bar.rowsMs} ms.\n`,
  );
  return isReached;
}

function isWithin({ name, requests, largestMs, shownMs }: Found, bytes: number): boolean {
  const isInTime = name === "overview" ? largestMs <= bar.largestMs : shownMs <= bar.rowsMs;
  return requests <= bar.requests && bytes <= bar.bytes && isInTime;
}
