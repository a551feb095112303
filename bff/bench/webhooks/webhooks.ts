import { readFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { startBenchStack } from "../bench-stack.ts";
import { send } from "./load.ts";
import { endpointCount, type Side, startBare, startOurs, startReceivers, sum, untilQuiet } from "./sides.ts";

const bars = { intake: 0.8, delivered: 0.7, sustained: 0.7, othersLose: 0.1, memoryGrows: 0.1, drain: 0.7 };
const isLong = process.argv.includes("long");
const windowMs = isLong ? 30_000 : 8_000;
const sustainedMs = isLong ? 600_000 : 20_000;
const backlog = isLong ? 20_000 : 3_000;
const rounds = 2;
const connections = 32;
const slowAnswerMs = 3_000;

const say = (text: string) => void process.stdout.write(`${text}\n`);
const ratioOf = (ours: number, theirs: number) => (theirs === 0 ? 0 : ours / theirs);

type Saturated = {
  acceptedPerSecond: number;
  deliveredPerSecond: number;
  waiting: number;
  drainedPerSecond: number;
};

/** As many events as the side takes in: what it accepts and delivers meanwhile, and how fast it clears the rest. */
async function saturate(side: Side, types: number, durationMs: number): Promise<Saturated> {
  await side.receivers.reset();
  const sent = await send(side.intake, { types, connections, durationMs, perSecond: null });
  const delivered = sum((await side.receivers.read()).counts);
  const fromMs = performance.now();
  const all = await untilQuiet(side, sent.accepted);
  const seconds = (performance.now() - fromMs) / 1000;
  if (all < sent.accepted) throw new Error(`${side.name} delivered ${all} of ${sent.accepted}`);
  return {
    acceptedPerSecond: (sent.accepted / sent.tookMs) * 1000,
    deliveredPerSecond: (delivered / sent.tookMs) * 1000,
    waiting: sent.accepted - delivered,
    drainedPerSecond: (all - delivered) / seconds,
  };
}

const average = (all: readonly Saturated[], of: (one: Saturated) => number) => sum(all.map(of)) / all.length;

/** Both sides in turn, so that what else the machine does meets both. */
async function compareSaturated(bare: Side, ours: Side, types: number) {
  const measured = { bare: [] as Saturated[], ours: [] as Saturated[] };
  for (let round = 0; round < rounds; round += 1) {
    measured.bare.push(await saturate(bare, types, windowMs));
    measured.ours.push(await saturate(ours, types, windowMs));
  }
  const row = (name: string, all: readonly Saturated[]) =>
    say(
      `  ${name.padEnd(14)} accepted ${average(all, (one) => one.acceptedPerSecond).toFixed(0)}/s, ` +
        `delivered meanwhile ${average(all, (one) => one.deliveredPerSecond).toFixed(0)}/s, ` +
        `waiting at the end ${average(all, (one) => one.waiting).toFixed(0)}`,
    );
  say(`${types} ${types === 1 ? "endpoint" : "endpoints"}, as many events as are accepted:`);
  row("bare pipeline", measured.bare);
  row("Wheelhouse", measured.ours);
  const deliveredPerSecond = average(measured.bare, (one) => one.deliveredPerSecond);
  const intake = ratioOf(
    average(measured.ours, (one) => one.acceptedPerSecond),
    average(measured.bare, (one) => one.acceptedPerSecond),
  );
  const delivered = ratioOf(
    average(measured.ours, (one) => one.deliveredPerSecond),
    deliveredPerSecond,
  );
  return { deliveredPerSecond, intake, delivered };
}

/** At a steady rate: whether a backlog grows, and how long events take. */
async function sustain(side: Side, perSecond: number, durationMs: number) {
  await side.receivers.reset();
  const memory: number[] = [];
  const waiting: number[] = [];
  const startedMs = performance.now();
  const sampling = setInterval(
    async () => {
      memory.push(memoryOf(side.pid));
      const arrived = sum((await side.receivers.read()).counts);
      waiting.push(Math.max(0, ((performance.now() - startedMs) / 1000) * perSecond - arrived));
    },
    Math.max(1_000, durationMs / 100),
  );
  const sent = await send(side.intake, { types: endpointCount, connections: 64, durationMs, perSecond });
  clearInterval(sampling);
  const atEnd = sent.accepted - sum((await side.receivers.read()).counts);
  await untilQuiet(side, sent.accepted);
  const { p50Ms, p99Ms } = await side.receivers.read();
  const quarter = (list: readonly number[], n: number) =>
    list.slice(Math.floor((list.length * n) / 4), Math.floor((list.length * (n + 1)) / 4));
  const mean = (list: readonly number[]) => sum(list) / Math.max(1, list.length);
  const early = mean(quarter(memory, 1));
  return {
    p50Ms,
    p99Ms,
    refused: sent.refused,
    atEnd,
    // Growing: more waits at the end than a second of sending, and more than in the second quarter.
    isGrowing:
      // Or in front of the intake, which then takes less than is sent.
      (p99Ms ?? 0) > 5_000 ||
      (atEnd > perSecond && mean(quarter(waiting, 3)) > 1.2 * mean(quarter(waiting, 1))),
    memoryMb: [early, mean(quarter(memory, 3))].map((bytes) => bytes / 1024 / 1024),
    memoryGrew: early === 0 ? 0 : mean(quarter(memory, 3)) / early - 1,
  };
}

/** Resident memory of a process, bytes. */
function memoryOf(pid: number): number {
  const kb = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kb ?? 0) * 1024;
}

/** What the other nineteen get while one endpoint answers after seconds, as a share of what they get otherwise. */
async function besideSlow(ours: Side, perSecond: number) {
  const others = async () => {
    await ours.receivers.reset();
    const sent = await send(ours.intake, {
      types: endpointCount,
      connections: 64,
      durationMs: windowMs,
      perSecond,
    });
    const { counts, p99Ms } = await ours.receivers.read();
    return { perSecond: (sum(counts.slice(1)) / sent.tookMs) * 1000, p99Ms, accepted: sent.accepted };
  };
  const alone = await others();
  await untilQuiet(ours, alone.accepted);
  await ours.receivers.slow(0, slowAnswerMs);
  const beside = await others();
  await ours.receivers.slow(-1, 0);
  await untilQuiet(ours, beside.accepted);
  return { alone, beside, lost: 1 - ratioOf(beside.perSecond, alone.perSecond) };
}

/** Events that waited while no worker ran, cleared by one that starts. @returns deliveries per second. */
async function drain(start: (roles: string) => Promise<Side>): Promise<number> {
  const intake = await start("web");
  await intake.receivers.reset();
  const options = { types: endpointCount, connections, durationMs: 300_000, perSecond: null, count: backlog };
  const { accepted } = await send(intake.intake, options);
  await intake.end();
  const worker = await start("worker");
  // Its start does not count: only from the first arrivals on.
  while (sum((await worker.receivers.read()).counts) === 0) await wait(5);
  const fromMs = performance.now();
  const already = sum((await worker.receivers.read()).counts);
  const arrived = await untilQuiet(worker, accepted);
  const seconds = (performance.now() - fromMs) / 1000;
  await worker.end();
  if (arrived < accepted) throw new Error(`${worker.name} delivered ${arrived} of ${accepted}`);
  return (arrived - already) / seconds;
}

const verdict = (isReached: boolean) => (isReached ? "reached" : "MISSED");

/** One ratio beside its bar. */
function judge(what: string, ratio: number, bar: number): boolean {
  say(`  ${what}: ${ratio.toFixed(2)} of the bare pipeline, bar ${bar}, ${verdict(ratio >= bar)}`);
  return ratio >= bar;
}

async function measureRunning(bare: Side, ours: Side): Promise<boolean[]> {
  const reached: boolean[] = [];
  await saturate(bare, endpointCount, 2_000);
  await saturate(ours, endpointCount, 2_000);
  let bareRate = 0;
  for (const types of [1, endpointCount]) {
    const { intake, delivered, deliveredPerSecond } = await compareSaturated(bare, ours, types);
    bareRate = deliveredPerSecond;
    reached.push(judge("accepted", intake, bars.intake), judge("delivered", delivered, bars.delivered));
  }
  const steady = bars.sustained * bareRate;
  const held = await sustain(ours, steady, sustainedMs);
  const [earlyMb = 0, lateMb = 0] = held.memoryMb;
  say(
    `${steady.toFixed(0)}/s, ${bars.sustained} of what the bare pipeline delivers, for ${sustainedMs / 1000} s:`,
  );
  say(
    `  p50 ${held.p50Ms} ms, p99 ${held.p99Ms} ms, refused ${held.refused}, waiting at the end ${held.atEnd}`,
  );
  say(`  backlog ${held.isGrowing ? "GROWS" : "does not grow"}, ${verdict(!held.isGrowing)}`);
  const isFlat = held.memoryGrew <= bars.memoryGrows;
  say(
    `  memory ${earlyMb.toFixed(0)} MB in the second quarter, ${lateMb.toFixed(0)} MB in the last` +
      `${isLong ? `, ${verdict(isFlat)}` : " (judged by `long` only)"}`,
  );
  reached.push(!held.isGrowing && held.refused === 0, isFlat || !isLong);
  const slow = await besideSlow(ours, steady / 2);
  say(`${(steady / 2).toFixed(0)}/s to 20 endpoints, of which one answers after ${slowAnswerMs / 1000} s:`);
  say(
    `  the others got ${slow.beside.perSecond.toFixed(0)}/s (p99 ${slow.beside.p99Ms} ms), without it ` +
      `${slow.alone.perSecond.toFixed(0)}/s (p99 ${slow.alone.p99Ms} ms): ${(slow.lost * 100).toFixed(1)} % lost, ` +
      `bar ${bars.othersLose * 100} %, ${verdict(slow.lost < bars.othersLose)}`,
  );
  reached.push(slow.lost < bars.othersLose);
  return reached;
}

/**
 * From intake to receiver, beside a bare pipeline in the same run: what is accepted and delivered for 1 endpoint and
 * for 20, a steady rate, one slow endpoint among 20, the clearing of a backlog. Ratios of one run count, because both
 * sides meet the same machine. `long` as the last argument takes 20 minutes and judges memory.
 * @returns whether all bars are reached.
 */
export async function run(): Promise<boolean> {
  const stack = await startBenchStack();
  const receivers = await startReceivers();
  try {
    const bare = await startBare(stack, receivers);
    const ours = await startOurs(stack, receivers);
    const reached = await measureRunning(bare, ours);
    await bare.end();
    await ours.end();
    const bareDrain = await drain((roles) => startBare(stack, receivers, roles));
    const ourDrain = await drain((roles) => startOurs(stack, receivers, roles));
    say(`${backlog} waiting events, cleared by a worker that starts:`);
    say(`  bare pipeline ${bareDrain.toFixed(0)}/s, Wheelhouse ${ourDrain.toFixed(0)}/s`);
    reached.push(judge("cleared", ratioOf(ourDrain, bareDrain), bars.drain));
    return reached.every(Boolean);
  } finally {
    await receivers.end();
    await stack.end();
  }
}
