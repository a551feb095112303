import type { ObservedServer } from "#features/health/rows.ts";
import type { ObservedQueue } from "#features/queues/rows.ts";
import type { ObservedWebhooks } from "#features/webhooks/aspect.ts";
import type { OrganizationKey } from "#observe/aspect.ts";
import type { Tick } from "#observe/tick/tick.ts";
import { randomFrom } from "./random.ts";
import { makeQueue, makeServer, makeTick } from "./tick.ts";

type Work = {
  name: string;
  waiting: number;
  active: number;
  delayed: number;
  failed: number;
  completed: number;
  perMinute: number;
  oldestMs: number;
};

const startMs = Date.parse("2026-01-05T12:00:00.000Z");
const oldMs = 300_000;

/**
 * Ticks of an organization under load: depths, counters, rates and ages of all queues change with every tick, and one
 * queue in ten has a problem. The same seed gives the same ticks.
 */
export function createBusyTicks({
  organization,
  queueCount = 200,
  seed = 1,
}: {
  organization: OrganizationKey;
  queueCount?: number;
  seed?: number;
}) {
  const random = randomFrom(seed);
  const upTo = (most: number) => Math.floor(random() * most);
  const works = Array.from(
    { length: queueCount },
    (_, n): Work => ({
      name: `${words[upTo(words.length)]}-${words[upTo(words.length)]}-${n}`,
      waiting: upTo(10 ** (1 + upTo(5))),
      active: upTo(50),
      delayed: upTo(2_000),
      failed: upTo(500),
      completed: upTo(1_000_000),
      perMinute: 60 + random() * 6_000,
      oldestMs: upTo(n % 10 === 0 ? 900_000 : 60_000),
    }),
  );
  const memoryBytes = [upTo(4e9), upTo(4e9)];
  let number = 0;
  return (): Tick => {
    number += 1;
    const atMs = startMs + number * 1_000 + upTo(5);
    for (const work of works) advance(work, random);
    const observedAt = new Date(atMs).toISOString();
    return makeTick({
      observedAt,
      organizations: [organization],
      queuesExtra: { observedAt: { primary: observedAt } },
      queues: works.map((work) => queueOf(work, organization)),
      servers: memoryBytes.map((bytes, n) => serverOf(n, bytes + upTo(1e6), { organization, atMs, random })),
      webhooks: [figuresOf(organization, random)],
      webhooksExtra: { observedAt, failing: false },
    });
  };
}

const words = [
  "orders",
  "email",
  "invoice",
  "stock",
  "search",
  "export",
  "payment",
  "media",
  "audit",
  "sync",
];

function advance(work: Work, random: () => number) {
  const done = Math.max(1, Math.round((work.perMinute / 60) * (0.5 + random())));
  const came = Math.round((work.perMinute / 60) * (0.5 + random()));
  work.waiting = Math.max(1, work.waiting + came - done);
  work.completed += done;
  work.active = Math.max(1, work.active + Math.round((random() - 0.5) * 8));
  work.delayed = Math.max(0, work.delayed + Math.round((random() - 0.5) * 6));
  work.failed += random() < 0.2 ? 1 : 0;
  work.perMinute = Math.max(30, work.perMinute * (0.98 + random() * 0.04));
  work.oldestMs +=
    random() < 0.3 ? -Math.round(work.oldestMs * random() * 0.2) : 1_000 + Math.round(random() * 9);
}

function queueOf(work: Work, { slug }: OrganizationKey): ObservedQueue {
  const { name, waiting, active, delayed, failed, completed, oldestMs } = work;
  const completedPerMinute = Math.round(work.perMinute * 10) / 10;
  const isOld = oldestMs > oldMs;
  return makeQueue(name, {
    id: `primary~bull~${name}`,
    organization: slug,
    state: isOld ? "degraded" : "ok",
    label: isOld ? "Old jobs" : "OK",
    cause: isOld
      ? `${waiting.toLocaleString("en-GB")} jobs wait, the oldest for ${Math.floor(oldestMs / 60_000)} m`
      : null,
    counts: { waiting, prioritized: 0, active, delayed, waitingChildren: 0, failed, completed },
    oldestWaitingMs: oldestMs,
    workers: 4,
    completedPerMinute,
    failedPerMinute: Math.round(work.perMinute / 5) / 10,
    drainsInMs: Math.round((waiting / work.perMinute) * 60_000),
  });
}

function serverOf(
  n: number,
  usedMemoryBytes: number,
  { organization, atMs, random }: { organization: OrganizationKey; atMs: number; random: () => number },
): ObservedServer {
  const made = makeServer(n === 0 ? "primary" : `replica-${n}`);
  const perSecond = (most: number) => Math.round(random() * most * 10) / 10;
  return {
    ...made,
    organization: organization.slug,
    observedAt: new Date(atMs - n).toISOString(),
    roundTripMs: Math.round(random() * 100) / 100,
    redis: made.redis && {
      ...made.redis,
      usedMemoryBytes,
      fragmentationRatio: Math.round((1 + random()) * 100) / 100,
      fragmentationBytes: Math.floor(random() * 1e8),
      connectedClients: 100 + Math.floor(random() * 50),
      blockedClients: Math.floor(random() * 50),
      opsPerSecond: perSecond(50_000),
      inputBytesPerSecond: perSecond(1e7),
      outputBytesPerSecond: perSecond(1e7),
      hitsPerSecond: perSecond(20_000),
      missesPerSecond: perSecond(5_000),
      uptimeSeconds: Math.floor(atMs / 1_000) - 1_700_000_000,
    },
  };
}

const figuresOf = ({ id, slug }: OrganizationKey, random: () => number): ObservedWebhooks => ({
  id,
  organization: slug,
  deadLettersSince: null,
  endpoints: 12,
  deadLetters: 3,
  pending: Math.floor(random() * 100),
  attemptsPerSecond: random() * 50,
  errorRatio: random() * 0.02,
  durationMsP95: Math.round(random() * 400),
  deliveredPerSecond: random() * 50,
  firstAttemptSuccessRatio: 0.9 + random() * 0.1,
  breakers: [],
});
