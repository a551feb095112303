import { cpuUsedMs, startBenchStack, treeUsedMs } from "../bench-stack.ts";
import { send } from "./load.ts";
import { endpointCount, type Side, startBare, startOurs, startReceivers, sum, untilQuiet } from "./sides.ts";

const bar = 2;
const warmUp = 1_000;
const events = 4_000;
const rounds = 2;
const connections = 32;

type Stack = Awaited<ReturnType<typeof startBenchStack>>;
type Cost = { node: number; postgres: number; redis: number; tookMs: number };

const say = (text: string) => void process.stdout.write(`${text}\n`);
const allOf = ({ node, postgres, redis }: Cost) => node + postgres + redis;

/** Processor time per event from intake to outcome, ms, by process. */
export async function costOf(stack: Stack, side: Side, count: number): Promise<Cost> {
  const read = () => ({
    node: cpuUsedMs(side.pid),
    postgres: treeUsedMs(stack.pids.postgres),
    redis: cpuUsedMs(stack.pids.redis),
  });
  await side.receivers.reset();
  const before = read();
  const startedMs = performance.now();
  const options = { types: endpointCount, connections, durationMs: 300_000, perSecond: null, count };
  const { accepted } = await send(side.intake, options);
  await untilQuiet(side, accepted);
  const tookMs = performance.now() - startedMs;
  const arrived = sum((await side.receivers.read()).counts);
  if (arrived < accepted) throw new Error(`${side.name} delivered ${arrived} of ${accepted}`);
  const after = read();
  return {
    node: (after.node - before.node) / accepted,
    postgres: (after.postgres - before.postgres) / accepted,
    redis: (after.redis - before.redis) / accepted,
    tookMs,
  };
}

/**
 * Processor time of one event from intake to outcome, beside the bare pipeline in the same run. Unlike rates, it hardly
 * depends on what else the machine does.
 * @returns whether ours needs at most twice as much.
 */
export async function run(): Promise<boolean> {
  const stack = await startBenchStack();
  const receivers = await startReceivers();
  try {
    const sides = [await startBare(stack, receivers), await startOurs(stack, receivers)];
    const totals: number[] = [];
    say(`Processor time per event, ms (${events} events to ${endpointCount} endpoints, best of ${rounds}):`);
    for (const side of sides) {
      await costOf(stack, side, warmUp);
      const costs: Cost[] = [];
      for (let round = 0; round < rounds; round += 1) costs.push(await costOf(stack, side, events));
      const [best] = costs.sort((a, b) => allOf(a) - allOf(b));
      if (!best) continue;
      totals.push(allOf(best));
      const part = (name: string, ms: number) => `${name} ${ms.toFixed(2)}`;
      say(
        `  ${side.name.padEnd(14)} ${allOf(best).toFixed(2)}: ${part("node", best.node)}, ` +
          `${part("Postgres", best.postgres)}, ${part("Redis", best.redis)}`,
      );
      await side.end();
    }
    const [bare = 0, ours = 0] = totals;
    const isReached = ours <= bar * bare;
    say(
      `  ${(ours / bare).toFixed(2)} times the bare pipeline's, bar ${bar}, ${isReached ? "reached" : "MISSED"}`,
    );
    return isReached;
  } finally {
    await receivers.end();
    await stack.end();
  }
}
