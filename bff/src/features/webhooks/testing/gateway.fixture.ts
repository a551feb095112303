import { spawn } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer as createHttpServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import type { Endpoint } from "@wheelhouse/shared/endpoint.ts";
import { errorBody } from "@wheelhouse/shared/errors.ts";
import { createSource } from "@wheelhouse/shared/webhooks/senders.ts";
import {
  createEndpoint,
  type Delivery,
  type DeliveryDetail,
  type DeliveryStatus,
  listDeliveries,
  readDelivery,
} from "@wheelhouse/shared/webhooks/webhooks.ts";
import type { Redis } from "ioredis";
import { pino } from "pino";
import { Webhook } from "standardwebhooks";
import { z } from "zod";

import type { AuditEntry, Changes } from "#lib/change.ts";
import { createChannels } from "#lib/channel.ts";
import { createEvents } from "#lib/events.ts";
import type { Running } from "#lib/feature.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import { createServer } from "#lib/http/server.ts";
import { createDatabase, type Database } from "#lib/postgres/postgres.ts";
import { createRedis } from "#lib/redis/redis.ts";
import { createSharedReads } from "#lib/shared-reads.ts";
import { type Clock, systemClock } from "#lib/time/clock.ts";
import { createRuns } from "#runs/runs.ts";
import { type WebhooksConfig, webhooksDefaults } from "../config.ts";
import { createWebhooks, type Webhooks } from "../webhooks.ts";

/** Short enough that a test sees every stage, long enough for a loaded machine. */
export const testConfig: WebhooksConfig = {
  ...webhooksDefaults,
  secretKey: randomBytes(32).toString("base64"),
  allowAddresses: ["127.0.0.0/8"],
  retryScheduleMs: [50, 100],
  deliveryTimeoutMs: 2_000,
  claimGraceMs: 500,
  breaker: { failures: 1_000, coolDownMs: 200 },
  sweepIntervalMs: 100,
  sweepGraceMs: 300,
  failing: { everyMs: 100, windowMs: 60_000 },
  jobLockMs: 3_000,
  drainMs: 500,
  replay: { ...webhooksDefaults.replay, stepUpAbove: 30, holdMs: 0, canary: 3, batch: 10, stepMs: 20 },
};

export const log = pino({ level: "silent" });

const parts = z.object({
  params: z.record(z.string(), z.unknown()).optional(),
  query: z.record(z.string(), z.unknown()).optional(),
  body: z.unknown().optional(),
});
const shownError = errorBody.shape.error.partial();

export type Reply = {
  status: number;
  headers: Headers;
  body: unknown;
  /** The fields of the error; empty without one. */
  error: z.output<typeof shownError>;
};
async function replyOf(response: Response): Promise<Reply> {
  const text = await response.text();
  const body: unknown = text === "" ? null : JSON.parse(text);
  const error = z.object({ error: shownError }).safeParse(body);
  return {
    status: response.status,
    headers: response.headers,
    body,
    error: error.success ? error.data.error : {},
  };
}

/** Options of a worker in a process of its own. */
export const workerProcessOptions = z.object({
  appUrl: z.string(),
  systemUrl: z.string(),
  redisUrl: z.string(),
  config: z.custom<WebhooksConfig>((value) => typeof value === "object" && value !== null),
  /** Continues replays instead of delivering. */
  replays: z.boolean().default(false),
});

/** A worker in a process of its own. Resolves when it takes jobs. */
export async function startWorkerProcess(options: z.input<typeof workerProcessOptions>) {
  const script = fileURLToPath(new URL("./worker-process.fixture.ts", import.meta.url));
  const child = spawn(process.execPath, ["--import", "tsx", script, JSON.stringify(options)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  return {
    async kill() {
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
    },
  };
}

export type AuditedChange = { action: string; organizationId: string; entry: AuditEntry };

/** Transactions as in the product, with the audit row kept in memory. */
function recordChanges(database: Database, audited: AuditedChange[]): Changes {
  return {
    run: (context, action, work) =>
      database.asOrganizations([context.organization.id], async (tx) => {
        const { result, audit } = await work(tx);
        audited.push({ action, organizationId: context.organization.id, entry: audit });
        return result;
      }),
    runAsSystem: (organizationId, _actor, action, work) =>
      database.system.transaction().execute(async (tx) => {
        const { result, audit } = await work(tx);
        audited.push({ action, organizationId, entry: audit });
        return result;
      }),
  };
}

export type Gateway = {
  webhooks: Webhooks;
  database: Database;
  redis: Redis;
  url: string;
  audited: AuditedChange[];
  changed: { organizationId: string; ids: readonly string[]; created: number }[];
  /**
   * Calls an endpoint of the contract as an administrator of the organization. @throws unless it succeeds.
   */
  call<S extends z.ZodType>(
    organization: Organization,
    endpoint: Endpoint & { response: S },
    input: { params?: object; query?: object; body?: unknown },
  ): Promise<z.output<S>>;
  /** The same without checking the status, for error responses. */
  send(organization: Organization, method: string, path: string, body?: unknown): Promise<Reply>;
  /** The delivery with its attempts, once it has the status. */
  waitFor(organization: Organization, id: string, status: DeliveryStatus): Promise<DeliveryDetail>;
  /** The one delivery of an event. */
  deliveryOf(organization: Organization, eventId: string): Promise<Delivery>;
  close(): Promise<void>;
};
/** `confirmed`: the caller has just confirmed the password. `lacks`: capabilities that the caller does not have. */
export type Organization = {
  id: string;
  slug: string;
  name: string;
  confirmed?: boolean;
  /** Who calls; each call comes from somebody else unless it is set. */
  person?: string;
  lacks?: readonly string[];
};

async function makeOrganization(database: Database): Promise<Organization> {
  const slug = `org-${randomBytes(4).toString("hex")}`;
  const { id } = await database.system
    .insertInto("organizations")
    .values({ slug, name: slug, depth: 1 })
    .returning("id")
    .executeTakeFirstOrThrow();
  return { id, slug, name: slug };
}

/** Ends a process of the gateway like the product. */
export async function end({ drain, stop }: Running) {
  await drain();
  await stop();
}

/** The gateway behind a listening server, on the given Postgres and Redis; no worker, no sweeper. */
export async function startGateway(
  urls: { appUrl: string; systemUrl: string; redisUrl: string },
  config: WebhooksConfig = testConfig,
  clock: Clock = systemClock,
): Promise<Gateway> {
  const database = createDatabase({ ...urls, poolSize: 6, log });
  const redis = createRedis({ url: urls.redisUrl, name: "test", log });
  const audited: AuditedChange[] = [];
  const changed: Gateway["changed"] = [];
  const { redisUrl } = urls;
  const channels = createChannels({ redis, redisUrl, log });
  const { subscribe } = channels;
  const { events, flush } = createEvents({ subscribe, log });
  events.on("deliveries.changed", (change) => changed.push(change));
  const changes = recordChanges(database, audited);
  const webhooks = createWebhooks(
    {
      database,
      redis,
      subscribe,
      events,
      // A test reads what has just changed.
      sharedReads: createSharedReads({ clock, events, forMs: 0 }),
      clock,
      log,
      changes,
    },
    { redisUrl, settings: config, runs: createRuns({ database, changes, clock, log }) },
  );
  const running = await webhooks.start.gateway();
  await webhooks.ready;
  const app = await createServer({ log, trustProxy: false });
  webhooks.mount(app);
  await app.register(
    async (scope) => {
      scope.addHook("onRequest", async (request) => {
        request.context = contextOf(JSON.parse(String(request.headers["x-test-organization"])), request.id);
      });
      webhooks.routes(scope);
    },
    { prefix: "/api/v1" },
  );
  await app.listen({ port: 0, host: "127.0.0.1" });
  const url = `http://127.0.0.1:${addressOf(app.server).port}`;
  async function send(organization: Organization, method: string, path: string, body?: unknown) {
    const response = await fetch(`${url}/api/v1${path}`, {
      method,
      headers: {
        "x-test-organization": JSON.stringify(organization),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return replyOf(response);
  }
  const gateway: Gateway = {
    webhooks,
    database,
    redis,
    url,
    audited,
    changed,
    async call<S extends z.ZodType>(
      organization: Organization,
      endpoint: Endpoint & { response: S },
      input: { params?: object; query?: object; body?: unknown },
    ) {
      const { params = {}, query = {}, body } = parts.parse(input);
      const path = endpoint.path.replace(/:(\w+)/g, (_, name) => encodeURIComponent(String(params[name])));
      const search = new URLSearchParams(
        Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]),
      ).toString();
      const reply = await send(organization, endpoint.method, search ? `${path}?${search}` : path, body);
      if (reply.status !== (endpoint.status ?? 200))
        throw new Error(`${endpoint.path}: ${reply.status} ${JSON.stringify(reply.body)}`);
      const schema: S = endpoint.response;
      return schema.parse(reply.body);
    },
    send,
    async waitFor(organization, id, status) {
      const deadlineMs = Date.now() + 10_000;
      for (;;) {
        const found = await gateway.call(organization, readDelivery, { params: { id } });
        if (found.status === status) return found;
        if (Date.now() > deadlineMs) throw new Error(`still ${found.status}, not ${status}`);
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
    },
    async deliveryOf(organization, eventId) {
      const { items } = await gateway.call(organization, listDeliveries, { query: { q: eventId } });
      const [delivery] = items;
      if (!delivery || items.length > 1) throw new Error(`${items.length} deliveries of ${eventId}`);
      return delivery;
    },
    async close() {
      await app.close();
      await end(running);
      flush();
      channels.disconnect();
      redis.disconnect();
      await database.close();
    },
  };
  return gateway;
}

/** What a request of this organization's administrator brings. */
export function contextOf(
  { confirmed = false, person = randomUUID(), lacks = [], ...organization }: Organization,
  requestId: string,
): RequestContext {
  return {
    confirmed,
    actor: {
      type: "user",
      id: person,
      display: "Test Admin",
      authMethod: "password",
      sessionId: null,
      can: (capability) => ({ in: () => ({ check: () => !lacks.includes(capability) }) }),
    },
    organization,
    subtreeIds: [organization.id],
    requestId,
    address: "127.0.0.1",
    userAgent: null,
    idempotencyKey: null,
  };
}

function addressOf(server: { address(): AddressInfo | string | null }): AddressInfo {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server does not listen");
  return address;
}

export type Received = { id: string; headers: IncomingMessage["headers"]; body: string };
type Answer = { status: number; headers?: Record<string, string>; body?: string };

export type Receiver = {
  url: string;
  received: Received[];
  /** Decides the response to the next requests. */
  answer: (request: Received) => Answer | Promise<Answer>;
  close(): Promise<void>;
};

/** A real receiver that records requests and responds as configured; initially with 204. */
export async function startReceiver(): Promise<Receiver> {
  const server: Server = createHttpServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const received = {
      id: String(request.headers["webhook-id"]),
      headers: request.headers,
      body: Buffer.concat(chunks).toString("utf8"),
    };
    receiver.received.push(received);
    const { status, headers, body } = await receiver.answer(received);
    if (!response.destroyed) response.writeHead(status, headers).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const receiver: Receiver = {
    url: `http://127.0.0.1:${addressOf(server).port}/in`,
    received: [],
    answer: () => ({ status: 204 }),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  return receiver;
}

export type Source = { organization: Organization; slug: string; secret: string; url: string };

/** An organization of its own with a Standard Webhooks source. */
export async function makeSource(gateway: Gateway): Promise<Source> {
  const organization = await makeOrganization(gateway.database);
  const { secret } = await gateway.call(organization, createSource, {
    body: { slug: "shop", name: "Shop", scheme: "standard" },
  });
  return {
    organization,
    slug: "shop",
    secret,
    url: `${gateway.url}/hooks/${organization.slug}/shop`,
  };
}

/** A receiver registered as an endpoint of the organization. @returns the endpoint with its secret. */
export async function makeEndpoint(
  gateway: Gateway,
  organization: Organization,
  url: string,
  slug = "in",
  eventTypes: string[] = [],
) {
  return gateway.call(organization, createEndpoint, { body: { slug, name: slug, url, eventTypes } });
}

/** Posts an event as a provider does, signed by the reference library. */
export async function postEvent(
  source: Pick<Source, "url" | "secret">,
  id: string,
  event: unknown = { type: "order.paid", data: { id } },
  overrides: Record<string, string> = {},
) {
  const body = typeof event === "string" ? event : JSON.stringify(event);
  const timestamp = new Date();
  const response = await fetch(source.url, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "webhook-id": id,
      "webhook-timestamp": String(Math.floor(timestamp.getTime() / 1000)),
      "webhook-signature": new Webhook(source.secret).sign(id, timestamp, body),
      ...overrides,
    },
    body,
  });
  const reply = await replyOf(response);
  const accepted = z.object({ id: z.string(), duplicate: z.boolean() }).safeParse(reply.body);
  return { ...reply, id: accepted.data?.id ?? "", duplicate: accepted.data?.duplicate };
}
