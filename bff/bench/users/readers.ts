/**
 * Readers in a process of their own, each with a connection of its own: reads a page's endpoint, thinks, reads the next.
 * In: READERS as JSON. Out: a line of JSON once all are connected, then one with what they saw.
 */
import { once } from "node:events";
import { Agent, get } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import { z } from "zod";

const options = z
  .object({
    address: z.string(),
    connections: z.number(),
    thinkMs: z.number(),
    warmUpMs: z.number(),
    measuredMs: z.number(),
    people: z.array(z.object({ headers: z.record(z.string(), z.string()), paths: z.array(z.string()) })),
  })
  .parse(JSON.parse(process.env.READERS ?? ""));

const timesMs = new Map<string, number[]>();
const errors = new Map<string, number>();
let isMeasured = false;
let isOver = false;

type Answer = { status: number; tookMs: number };

const ask = (agent: Agent, path: string, headers: Record<string, string>) =>
  new Promise<Answer>((resolve, reject) => {
    const beganMs = performance.now();
    const request = get(`${options.address}${path}`, { agent, headers, timeout: 30_000 }, (answer) => {
      answer.resume();
      answer.on("end", () =>
        resolve({ status: answer.statusCode ?? 0, tookMs: performance.now() - beganMs }),
      );
      answer.on("error", reject);
    });
    request.on("error", reject);
    request.on("timeout", () => request.destroy(new Error("no answer")));
  });

const nameOf = (path: string) => path.replace(/[0-9a-f-]{36}/g, ":id").replace(/(from|to)=[^&]+/g, "$1=…");

async function readOnce(agent: Agent, path: string, headers: Record<string, string>) {
  let problem: string | null = null;
  try {
    const { status, tookMs } = await ask(agent, path, headers);
    if (status !== 200) problem = String(status);
    else if (isMeasured) {
      const known = timesMs.get(nameOf(path));
      if (known) known.push(tookMs);
      else timesMs.set(nameOf(path), [tookMs]);
    }
  } catch (error) {
    problem = error instanceof Error ? error.message : String(error);
  }
  if (problem === null || !isMeasured) return;
  const key = `${nameOf(path)}: ${problem}`;
  errors.set(key, (errors.get(key) ?? 0) + 1);
}

async function reader(n: number) {
  const person = options.people[n % options.people.length];
  if (!person) return;
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  // They do not all come in the same moment.
  await wait((n / options.connections) * options.thinkMs);
  while (!isOver) {
    const path = person.paths[Math.floor(Math.random() * person.paths.length)] ?? "/";
    await readOnce(agent, path, person.headers);
    await wait(options.thinkMs * (0.5 + Math.random()));
  }
  agent.destroy();
}

const percentile = (sorted: readonly number[], share: number) =>
  sorted[Math.floor(sorted.length * share)] ?? 0;
const figuresOf = (times: readonly number[]) => {
  const sorted = [...times].sort((a, b) => a - b);
  return {
    count: sorted.length,
    p50: percentile(sorted, 0.5),
    p95: percentile(sorted, 0.95),
    max: sorted.at(-1) ?? 0,
  };
};

process.stdout.write("{}\n");
await once(process.stdin.resume(), "data");
const readers = Array.from({ length: options.connections }, (_, n) => reader(n));
await wait(options.warmUpMs);
isMeasured = true;
await wait(options.measuredMs);
isMeasured = false;
isOver = true;
await Promise.all(readers);
process.stdout.write(
  `${JSON.stringify({
    all: figuresOf([...timesMs.values()].flat()),
    paths: [...timesMs].map(([path, times]) => Object.assign({ path }, figuresOf(times))),
    errors: [...errors].map(([what, count]) => ({ what, count })),
  })}\n`,
  () => process.exit(0),
);
