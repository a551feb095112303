import type { JobDetail } from "@wheelhouse/shared/queues/jobs.ts";

/** Options that a new job may have; the rest belongs to the job that was. */
const copied = [
  "attempts",
  "backoff",
  "lifo",
  "removeOnComplete",
  "removeOnFail",
  "stackTraceLimit",
] as const;

function optionsOf({ options, priority, delayMs }: JobDetail): Record<string, unknown> {
  let stored: unknown = null;
  try {
    stored = options.isCut ? null : JSON.parse(options.text);
  } catch {
    // Another program wrote them.
  }
  const known = typeof stored === "object" && stored !== null ? new Map(Object.entries(stored)) : new Map();
  return {
    ...(priority > 0 ? { priority } : {}),
    ...(delayMs > 0 ? { delay: delayMs } : {}),
    ...Object.fromEntries(copied.flatMap((key) => (known.has(key) ? [[key, known.get(key)]] : []))),
  };
}

const indented = (text: string) => text.replaceAll("\n", "\n  ");

/** A program that adds the job again with BullMQ. `queue`: name and prefix. */
export function codeOf(job: JobDetail, data: string, queue: { name: string; prefix: string }): string {
  const options = optionsOf(job);
  const prefix = queue.prefix === "bull" ? "" : `, prefix: ${JSON.stringify(queue.prefix)}`;
  let shown = data;
  try {
    shown = JSON.stringify(JSON.parse(data), null, 2);
  } catch {
    shown = JSON.stringify(data);
  }
  return [
    'import { Queue } from "bullmq";',
    "",
    `const queue = new Queue(${JSON.stringify(queue.name)}, { connection: { url: process.env.REDIS_URL }${prefix} });`,
    "await queue.add(",
    `  ${JSON.stringify(job.name.text)},`,
    `  ${indented(shown)},`,
    ...(Object.keys(options).length === 0 ? [] : [`  ${indented(JSON.stringify(options, null, 2))},`]),
    ");",
    "await queue.close();",
    "",
  ].join("\n");
}

/** The job as JSON: what it is, and its data. */
export const jsonOf = (job: JobDetail, data: string): string => {
  let parsed: unknown = data;
  try {
    parsed = JSON.parse(data);
  } catch {
    // It stays text.
  }
  return JSON.stringify({ id: job.id, name: job.name.text, data: parsed, opts: optionsOf(job) }, null, 2);
};
