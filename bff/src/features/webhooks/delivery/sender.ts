import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import type { Events } from "#lib/events.ts";
import { createGroupCommit } from "#lib/postgres/group-commit.ts";
import type { Clock } from "#lib/time/clock.ts";
import type { Breakers } from "../breaker.ts";
import type { WebhooksConfig } from "../config.ts";
import type { Disabled } from "../directory/directory.ts";
import type { AttemptRef } from "./attempt-ref.ts";
import type {
  AttemptStore,
  Claim,
  Outcome,
  Postponed,
  Postponement,
  StoredOutcome,
} from "./attempt-store.ts";
import { type Doorbell, later } from "./doorbell.ts";
import type { Figures } from "./figures.ts";
import type { Delivered, StopSignals } from "./hand.ts";
import type { Pace } from "./pace.ts";
import { type Answer, judge, type NoAnswer } from "./receiver.ts";
import { headersOf } from "./request.ts";
import { createRooms, type RoomVerdict } from "./rooms.ts";
import { scheduleOf } from "./schedule.ts";
import type { Terms } from "./terms.ts";

type DeliveryOptions = {
  store: AttemptStore;
  breakers: Breakers;
  sender: {
    post(
      url: string,
      headers: Record<string, string>,
      body: Buffer,
      timeoutMs: number,
      signal: AbortSignal,
    ): Promise<Answer | NoAnswer>;
  };
  doorbell: Doorbell;
  events: Pick<Events, "emit">;
  figures: Figures;
  terms: Terms;
  pace: Pace;
  /** The receiver answered 410, so it no longer wants any events. */
  disableEndpoint(endpoint: Disabled): Promise<void>;
  config: WebhooksConfig;
  clock: Clock;
  log: Logger;
};

const done: Delivered = { kind: "done" };
const busyRetryMs = 1_000;

/**
 * Makes attempts: checks the breaker and capacity, commits the claim, posts the signed request, commits the
 * outcome and plans the next attempt. Postgres decides whether an attempt is still due, so a late or
 * duplicate job does nothing.
 */
export function createDelivery(options: DeliveryOptions) {
  const { store, breakers, sender, doorbell, events, figures, terms, config, clock, log } = options;
  const rooms = createRooms({
    capacity: config.concurrency,
    perEndpoint: config.endpointConcurrency,
    places: Math.max(1, config.jobs - config.concurrency),
    line: config.endpointLine,
    now: () => clock.now(),
  });
  const tellChanged = (organizationId: string, deliveryId: string) =>
    events.emit("deliveries.changed", { organizationId, ids: [deliveryId], created: 0 });

  const claims = createGroupCommit<AttemptRef, Claim | null>({ write: store.claim });
  const discards = createGroupCommit<AttemptRef, string | null>({ write: store.discardUnwanted });
  const outcomes = createGroupCommit<Outcome, StoredOutcome>({ write: store.finish });
  const postponements = createGroupCommit<Postponement, Postponed | null>({
    write: (refs) => store.postpone(refs, clock.now(), config.maxAgeMs),
  });

  async function postpone(ref: AttemptRef, untilMs: number): Promise<Delivered> {
    const { coolDownMs: spreadMs } = (await terms.of(ref.endpointId))?.settings.breaker ?? config.breaker;
    const row = await postponements.add({ ...ref, untilMs, spreadMs });
    if (!row) return done;
    tellChanged(row.organizationId, ref.deliveryId);
    return row.status === "dead_letter" ? done : { kind: "later", atMs: row.nextAttemptAt.getTime() };
  }

  /** Waits for the endpoint's rate; gives back what would wait long. */
  async function untilTurn({ endpointId }: AttemptRef, closing: AbortSignal): Promise<Delivered | null> {
    const perSecond = (await terms.of(endpointId))?.settings.ratePerSecond;
    if (!perSecond) return null;
    const { isTaken, waitMs } = await options.pace(endpointId, perSecond);
    if (!isTaken) return { kind: "later", atMs: clock.now() + waitMs };
    if (waitMs > 0) await delay(waitMs, undefined, { signal: closing }).catch(() => {});
    return null;
  }

  /** Makes the attempt as soon as there is room; what finds no place to wait comes back later. */
  async function withRoom(
    ref: AttemptRef,
    work: (learned: (verdict: RoomVerdict) => void) => Promise<Delivered>,
  ): Promise<Delivered> {
    const settings = (await terms.of(ref.endpointId))?.settings;
    // With a rate, rooms beyond two seconds' worth would only be held waiting.
    const byRate = settings?.ratePerSecond ? 2 * settings.ratePerSecond : config.endpointConcurrency;
    const most = Math.min(settings?.concurrency ?? config.endpointConcurrency, byRate);
    const entered = rooms.enter(ref.endpointId, most);
    if (entered.kind === "later")
      return { kind: "later", atMs: clock.now() + entered.afterMs * (0.75 + 0.5 * Math.random()) };
    const room = await entered.room;
    let verdict: RoomVerdict = "neither";
    try {
      return await work((learned) => {
        verdict = learned;
      });
    } finally {
      room.leave(verdict);
    }
  }

  async function attempt(
    ref: AttemptRef,
    probe: boolean,
    signal: AbortSignal,
    learned: (verdict: RoomVerdict) => void,
  ): Promise<Delivered> {
    const claim = await claims.add(ref);
    if (!claim) {
      if (probe) await breakers.abandonProbe(ref.endpointId);
      const organizationId = await discards.add(ref);
      if (organizationId !== null) tellChanged(organizationId, ref.deliveryId);
      return done;
    }
    tellChanged(claim.organizationId, claim.deliveryId);
    const startedMs = clock.now();
    const { endpointVersion: version } = claim;
    const endpoint = terms.keep(claim.endpointId, version, claim.stored);
    const { settings } = endpoint;
    const headers = headersOf(claim, endpoint, startedMs);
    const timeoutMs = settings.timeoutMs ?? config.deliveryTimeoutMs;
    const result: Answer | NoAnswer =
      claim.payload === null
        ? { kind: "none", errorClass: "protocol", message: "The payload is no longer stored." }
        : await sender.post(claim.url, headers, claim.payload, timeoutMs, signal);
    const schedule = scheduleOf(config, settings.retryScheduleMs);
    const judged = judge(claim, headers, result, startedMs, clock.now(), schedule, Math.random());

    learned(judged.verdict);
    const { stored } = await storeOutcome(judged.outcome);
    if (judged.verdict === "up") await breakers.succeeded(ref.endpointId, probe);
    else if (judged.verdict === "down") await breakers.failed(ref.endpointId, probe, settings.breaker);
    else if (probe) await breakers.abandonProbe(ref.endpointId);
    if (!stored) return done;

    const { status, nextAttemptAt, latencyMs } = judged.outcome;
    tellChanged(claim.organizationId, claim.deliveryId);
    figures.record({
      organizationId: claim.organizationId,
      endpointId: claim.endpointId,
      success: status === "completed",
      firstAttempt: claim.attempt === 1 && claim.generation === 1,
      final: status !== "failed",
      latencyMs: result.kind === "answer" ? latencyMs : null,
    });
    if (nextAttemptAt)
      await doorbell.ring([
        later({ ...ref, attempt: ref.attempt + 1 }, nextAttemptAt.getTime() - clock.now()),
      ]);
    const { organizationId, endpointId } = claim;
    const reason = "the receiver answered 410 Gone";
    if (judged.gone) await options.disableEndpoint({ organizationId, endpointId, version, reason });
    return done;
  }

  /** The request has been sent, so its outcome is retried through an outage for as long as the claim can last. */
  async function storeOutcome(outcome: Outcome): Promise<StoredOutcome> {
    const untilMs = clock.now() + Math.max(60_000, 2 * config.claimGraceMs);
    for (;;) {
      try {
        return await outcomes.add(outcome);
      } catch (err) {
        if (clock.now() > untilMs) {
          log.warn({ err, deliveryId: outcome.deliveryId }, "could not store an outcome; it becomes unknown");
          return { stored: false, organizationId: null };
        }
        await new Promise((resolve) => setTimeout(resolve, 250));
      }
    }
  }

  return {
    /** Never throws: after an error, it asks to be retried a second later. */
    async deliver(ref: AttemptRef, { closing, abort }: StopSignals): Promise<Delivered> {
      try {
        const before = breakers.decide(ref.endpointId);
        if (before.kind === "wait") return await postpone(ref, before.untilMs);
        return await withRoom(ref, async (learned) => {
          const paced = await untilTurn(ref, closing);
          if (paced) return paced;
          // The breaker may have opened, and a stopping worker takes nothing new, while this waited for room.
          if (closing.aborted) return { kind: "later", atMs: clock.now() };
          const decision = breakers.decide(ref.endpointId);
          if (decision.kind === "wait") return postpone(ref, decision.untilMs);
          if (decision.kind === "allow") return attempt(ref, false, abort, learned);
          if (!(await breakers.acquireProbe(ref.endpointId)))
            return postpone(ref, clock.now() + config.breaker.coolDownMs);
          return attempt(ref, true, abort, learned);
        });
      } catch (err) {
        log.debug({ err, deliveryId: ref.deliveryId }, "postponed a delivery after an error");
        return { kind: "later", atMs: clock.now() + busyRetryMs };
      }
    },
    settled: () => outcomes.settled(),
  };
}
