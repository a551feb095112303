/** Twenty receivers on ports of their own, for `webhooks.ts`, and one port that reports what they received. */
import { createServer, type RequestListener } from "node:http";
import { z } from "zod";

const count = Number(process.env.RECEIVERS ?? 20);
const event = z.object({ sentAtMs: z.number() });

let counts = Array.from({ length: count }, () => 0);
let latenciesMs: number[] = [];
let slow = { endpoint: -1, afterMs: 0 };

async function listen(handle: RequestListener): Promise<number> {
  const server = createServer({ keepAliveTimeout: 60_000 }, handle);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

const receive = (endpoint: number) =>
  listen((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { sentAtMs } = event.parse(JSON.parse(Buffer.concat(chunks).toString("utf8")));
      counts[endpoint] = (counts[endpoint] ?? 0) + 1;
      if (endpoint !== slow.endpoint) latenciesMs.push(Date.now() - sentAtMs);
      const answer = () => void response.writeHead(204).end();
      if (endpoint === slow.endpoint) setTimeout(answer, slow.afterMs);
      else answer();
    });
  });

const percentile = (sorted: readonly number[], share: number) =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? null;

const control = await listen((request, response) => {
  const url = new URL(request.url ?? "/", "http://127.0.0.1");
  if (url.pathname === "/slow")
    slow = {
      endpoint: Number(url.searchParams.get("endpoint")),
      afterMs: Number(url.searchParams.get("afterMs")),
    };
  const sorted = [...latenciesMs].sort((a, b) => a - b);
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify({ counts, p50Ms: percentile(sorted, 0.5), p99Ms: percentile(sorted, 0.99) }));
  if (url.pathname !== "/reset") return;
  counts = counts.map(() => 0);
  latenciesMs = [];
});
const ports = await Promise.all(Array.from({ length: count }, (_, n) => receive(n)));
process.stdout.write(`${JSON.stringify({ control, ports })}\n`);
