import { updateEndpoint } from "@wheelhouse/shared/webhooks/webhooks.ts";
import fc from "fast-check";
import { expect } from "vitest";
import { createSecretBox } from "#lib/security/secret-box.ts";
import { createTestDatabase, createTestRedis } from "#testing/stack.ts";
import { type AttemptStore, createAttemptStore, createSweeper, type Outcome } from "../delivery/delivery.ts";
import { createPayloads } from "../log/log.ts";
import {
  type Gateway,
  log,
  makeEndpoint,
  makeSource,
  postEvent,
  type Source,
  startGateway,
  testConfig,
} from "./gateway.fixture.ts";

const maxAttempts = testConfig.retryScheduleMs.length + 1;
const maxAgeMs = 3_600_000;
type Result = "success" | "failure";

/** What a delivery must be, whatever happened to it. */
type Model = {
  status: "pending" | "failed" | "completed" | "dead_letter" | "discarded";
  generation: number;
  attempts: number;
  claim: { generation: number; attempt: number } | null;
  enabled: boolean;
  sent: string[];
  ended: number;
};
type Real = {
  gateway: Gateway;
  source: Source;
  store: AttemptStore;
  sweep(): Promise<void>;
  /** Lets all claims expire. */
  pass(): void;
  nowMs(): number;
  id: string;
  endpoint: { id: string; version: number };
};

const isOpen = ({ status }: Model) => status === "pending" || status === "failed";
const afterFailure = (attempt: number) => (attempt >= maxAttempts ? "dead_letter" : "failed");

/** The attempt that is due, or one behind or ahead of it by `off`, as a late or duplicate job would name it. */
const refOf = (model: Model, real: Real, off: number) => ({
  deliveryId: real.id,
  endpointId: real.endpoint.id,
  generation: off === -2 ? model.generation - 1 : model.generation,
  attempt: model.attempts + 1 + (off === -2 ? 0 : off),
});
const isDue = (model: Model, off: number) => off === 0 && isOpen(model);

function end(model: Model, attempt: number, status: Model["status"]) {
  const { claim } = model;
  if (!claim) return;
  model.claim = null;
  model.ended += 1;
  if (claim.generation !== model.generation) return;
  model.attempts = attempt;
  if (model.status !== "discarded" || status === "completed") model.status = status;
}

class Claim implements fc.AsyncCommand<Model, Real> {
  readonly off: number;
  readonly workers: number;
  constructor(off: number, workers: number) {
    this.off = off;
    this.workers = workers;
  }
  check = () => true;
  async run(model: Model, real: Real) {
    const ref = refOf(model, real, this.off);
    const claims = await Promise.all(Array.from({ length: this.workers }, () => real.store.claim([ref])));
    const granted = claims.flat().filter((claim) => claim !== null).length;
    expect(granted).toBe(isDue(model, this.off) && model.enabled && !model.claim ? 1 : 0);
    if (granted === 0) return;
    model.claim = { generation: ref.generation, attempt: ref.attempt };
    model.sent.push(`${ref.generation}/${ref.attempt}`);
  }
  toString = () => `${this.workers} claim (off by ${this.off})`;
}

class Finish implements fc.AsyncCommand<Model, Real> {
  readonly result: Result;
  readonly off: number;
  constructor(result: Result, off: number) {
    this.result = result;
    this.off = off;
  }
  check = () => true;
  async run(model: Model, real: Real) {
    const claim = model.claim ?? { generation: model.generation, attempt: model.attempts + 1 };
    const attempt = claim.attempt + this.off;
    const status = this.result === "success" ? "completed" : afterFailure(attempt);
    const outcome: Outcome = {
      deliveryId: real.id,
      generation: claim.generation,
      attempt,
      result: this.result,
      finishedAt: new Date(real.nowMs()),
      latencyMs: 1,
      statusCode: this.result === "success" ? 204 : 500,
      errorClass: this.result === "success" ? null : "http_5xx",
      errorMessage: null,
      requestHeaders: {},
      responseHeaders: null,
      responseBody: null,
      responseSizeBytes: null,
      responseTruncated: null,
      status,
      nextAttemptAt: status === "failed" ? new Date(real.nowMs()) : null,
    };
    const [stored] = await real.store.finish([outcome]);
    expect(stored?.stored).toBe(model.claim !== null && this.off === 0);
    if (stored?.stored) end(model, attempt, status);
  }
  toString = () => `finish with ${this.result} (off by ${this.off})`;
}

/** The worker died: the claim ends by its deadline. */
class Crash implements fc.AsyncCommand<Model, Real> {
  check = () => true;
  async run(model: Model, real: Real) {
    real.pass();
    await real.sweep();
    if (model.claim) end(model, model.claim.attempt, afterFailure(model.claim.attempt));
  }
  toString = () => "crash";
}

class Replay implements fc.AsyncCommand<Model, Real> {
  readonly people: number;
  constructor(people: number) {
    this.people = people;
  }
  check = () => true;
  async run(model: Model, real: Real) {
    const path = `/webhooks/deliveries/${real.id}/replay`;
    const replies = await Promise.all(
      Array.from({ length: this.people }, () =>
        real.gateway.send(real.source.organization, "POST", path, { reason: "again" }),
      ),
    );
    const isAllowed =
      (model.status === "dead_letter" || model.status === "discarded") && !model.claim && model.enabled;
    expect(replies.filter(({ status }) => status === 202)).toHaveLength(isAllowed ? 1 : 0);
    expect(replies.every(({ status }) => status === 202 || status === 409)).toBe(true);
    if (!isAllowed) return;
    model.generation += 1;
    model.attempts = 0;
    model.status = "pending";
  }
  toString = () => `replay by ${this.people}`;
}

class Switch implements fc.AsyncCommand<Model, Real> {
  readonly enabled: boolean;
  constructor(enabled: boolean) {
    this.enabled = enabled;
  }
  check = () => true;
  async run(model: Model, real: Real) {
    const { version } = await real.gateway.call(real.source.organization, updateEndpoint, {
      params: { id: real.endpoint.id },
      body: { version: real.endpoint.version, enabled: this.enabled },
    });
    real.endpoint.version = version;
    model.enabled = this.enabled;
  }
  toString = () => (this.enabled ? "enable" : "disable");
}

class Discard implements fc.AsyncCommand<Model, Real> {
  check = () => true;
  async run(model: Model, real: Real) {
    const [organizationId] = await real.store.discardUnwanted([refOf(model, real, 0)]);
    const isUnwanted = isOpen(model) && !model.enabled;
    expect(organizationId !== null).toBe(isUnwanted);
    if (isUnwanted) model.status = "discarded";
  }
  toString = () => "discard what a disabled endpoint does not want";
}

/** An endpoint that is off for a moment, while a late job is found. */
class Withdraw implements fc.AsyncCommand<Model, Real> {
  check = () => true;
  async run(model: Model, real: Real) {
    await new Switch(false).run(model, real);
    await new Discard().run(model, real);
    await new Switch(true).run(model, real);
  }
  toString = () => "disable, discard, enable";
}

/** The breaker is open: the attempt waits, or its age has ended. */
class Postpone implements fc.AsyncCommand<Model, Real> {
  readonly off: number;
  readonly isOld: boolean;
  constructor(off: number, isOld: boolean) {
    this.off = off;
    this.isOld = isOld;
  }
  check = () => true;
  async run(model: Model, real: Real) {
    const item = { ...refOf(model, real, this.off), untilMs: real.nowMs(), spreadMs: 1 };
    const [row] = await real.store.postpone([item], real.nowMs(), this.isOld ? 0 : maxAgeMs);
    const isPostponed = isDue(model, this.off) && !model.claim;
    expect(row !== null).toBe(isPostponed);
    if (isPostponed && this.isOld) model.status = "dead_letter";
  }
  toString = () => `postpone (off by ${this.off}${this.isOld ? ", too old" : ""})`;
}

const offs = fc.constantFrom(0, 0, 0, 0, -1, 1, -2);
const commands = [
  fc.tuple(offs, fc.constantFrom(1, 1, 3)).map(([off, workers]) => new Claim(off, workers)),
  fc
    .tuple(fc.constantFrom<Result>("success", "failure", "failure"), fc.constantFrom(0, 0, 0, -1, 1))
    .map(([result, off]) => new Finish(result, off)),
  fc.constant(new Crash()),
  fc.constantFrom(1, 1, 3).map((people) => new Replay(people)),
  fc.constantFrom(true, true, false).map((enabled) => new Switch(enabled)),
  fc.constant(new Discard()),
  fc.constant(new Withdraw()),
  fc.tuple(offs, fc.boolean()).map(([off, isOld]) => new Postpone(off, isOld)),
];

/** The stored rows are what the model says: nothing lost, doubled or revived. */
async function compare(model: Model, { gateway, id }: Real) {
  const row = await gateway.database.system
    .selectFrom("webhook_delivery_log")
    .select(["status", "generation", "attempts", "next_attempt_at"])
    .where("id", "=", id)
    .executeTakeFirstOrThrow();
  const { status, generation, attempts } = model;
  expect(row).toMatchObject({ status, generation, attempts });
  // What is open is due at some time, so the sweeper finds it; what has ended is not.
  expect(row.next_attempt_at !== null).toBe(isOpen(model));
  const tried = await gateway.database.system
    .selectFrom("webhook_attempts")
    .select(["generation", "attempt"])
    .where("delivery_id", "=", id)
    .execute();
  expect(tried).toHaveLength(model.ended);
  expect(new Set(model.sent).size).toBe(model.sent.length);
}

/**
 * Random interleavings of attempts, crashes, replays, discards, disabling and postponing of one delivery against a
 * model, on real servers. A failure prints its seed and the shortest list of steps.
 */
export async function checkLife(options: { runs: number; steps: number }) {
  const [database, redis] = await Promise.all([createTestDatabase(), createTestRedis()]);
  let aheadMs = 0;
  const clock = { now: () => Date.now() + aheadMs };
  const gateway = await startGateway({ ...database, redisUrl: redis.url });
  const payloads = createPayloads(createSecretBox(testConfig.secretKey), log);
  const store = createAttemptStore({ database: gateway.database, payloads, clock, config: testConfig });
  const sweeper = createSweeper({
    database: gateway.database,
    store,
    checkFailing: async () => {},
    doorbell: { remind: async () => {} },
    events: { emit: () => {} },
    config: testConfig,
    clock,
    log,
  });
  const source = await makeSource(gateway);
  const endpoint = await makeEndpoint(gateway, source.organization, "http://127.0.0.1:9/in");
  const held = { id: endpoint.id, version: endpoint.version };
  let count = 0;
  await fc.assert(
    fc.asyncProperty(fc.commands(commands, { maxCommands: options.steps, size: "max" }), async (steps) => {
      count += 1;
      const base: Omit<Real, "id"> = {
        gateway,
        source,
        store,
        endpoint: held,
        sweep: sweeper.sweep,
        nowMs: clock.now,
        pass: () => {
          aheadMs += testConfig.deliveryTimeoutMs + testConfig.claimGraceMs + 1;
        },
      };
      const model: Model = {
        status: "pending",
        generation: 1,
        attempts: 0,
        claim: null,
        enabled: true,
        sent: [],
        ended: 0,
      };
      await new Switch(true).run(model, { ...base, id: "" });
      const posted = await postEvent(source, `life_${count}`);
      const { id } = await gateway.deliveryOf(source.organization, posted.id);
      const real: Real = { ...base, id };
      await fc.asyncModelRun(() => ({ model, real }), steps);
      await compare(model, real);
    }),
    { numRuns: options.runs, endOnFailure: false, markInterruptAsFailure: true },
  );
  await gateway.close();
}
