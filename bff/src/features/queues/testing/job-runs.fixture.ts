import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Endpoint } from "@wheelhouse/shared/endpoint.ts";
import { pino } from "pino";
import { z } from "zod";
import type { AuditEntry, Changes } from "#lib/change.ts";
import { notFound } from "#lib/http/errors.ts";
import { createServer } from "#lib/http/server.ts";
import { createDatabase, type Database } from "#lib/postgres/postgres.ts";
import { createServerFilter } from "#lib/security/address-filter.ts";
import { systemClock } from "#lib/time/clock.ts";
import { createRuns } from "#runs/runs.ts";
import { testContext } from "#testing/contexts.ts";
import { createJobConnections, type JobServer } from "../jobs/jobs.ts";
import { baseOf } from "../keys.ts";
import { type JobRunConfig, jobRunDefaults } from "../runs/kind.ts";
import { createJobRuns } from "../runs/runs.ts";

const log = pino({ level: "silent" });

/** Fast enough for tests: no hold, a small canary, and interrupted jobs are found at once. */
export const testConfig: JobRunConfig = {
  ...jobRunDefaults,
  holdMs: 0,
  canary: 4,
  stepMs: 20,
  lookEveryMs: 20,
  interruptedMs: 500,
};

type Urls = { appUrl: string; systemUrl: string; redisUrl: string };

/** Runs on jobs as the product builds them, on queues of BullMQ's default prefix. */
function buildJobRuns(urls: Urls, database: Database, changes: Changes, config: JobRunConfig) {
  const source = { id: "primary", name: "Redis", url: undefined, organization: "northwind" };
  const server: JobServer = { source, url: urls.redisUrl };
  const connections = createJobConnections({ log, filter: createServerFilter([]) });
  const jobRuns = createJobRuns(
    { database, events: { emit() {}, on: () => () => {} }, clock: systemClock, log },
    {
      runs: createRuns({ database, changes, clock: systemClock, log }),
      servers: () => [server],
      connections,
      config,
      places: {
        find(_context, id) {
          if (id.startsWith("no-")) throw notFound("queue");
          const queue = { prefix: "bull", name: id };
          return { id, queue, base: baseOf(queue), server };
        },
      },
    },
  );
  return { jobRuns, connections };
}

const refuse = () => Promise.reject(new Error("this worker changes nothing for people"));

/** What a worker process of its own gets. */
export const workerOptions = z.object({ appUrl: z.string(), systemUrl: z.string(), redisUrl: z.string() });

/** Carries runs out in this process until it is killed. */
export async function work(urls: Urls) {
  const database = createDatabase({ ...urls, poolSize: 4, log });
  const { jobRuns } = buildJobRuns(urls, database, { run: refuse, runAsSystem: refuse }, testConfig);
  for (const { start } of jobRuns.processes) await start();
}

/** A worker in a process that a test may kill. */
export async function startWorker(urls: Urls) {
  const script = fileURLToPath(new URL("./job-runs-worker.fixture.ts", import.meta.url));
  const child = spawn(process.execPath, ["--import", "tsx", script, JSON.stringify(urls)], {
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

export type Desk = Awaited<ReturnType<typeof openDesk>>;

/** The API of runs on jobs, for one organization. */
export async function openDesk(urls: Urls, config: JobRunConfig = testConfig) {
  const database = createDatabase({ ...urls, poolSize: 6, log });
  const audited: { action: string; entry: AuditEntry }[] = [];
  const changes: Changes = {
    run: (context, action, work) =>
      database.asOrganizations([context.organization.id], async (tx) => {
        const { result, audit } = await work(tx);
        audited.push({ action, entry: audit });
        return result;
      }),
    runAsSystem: (_organizationId, _actor, action, work) =>
      database.system.transaction().execute(async (tx) => {
        const { result, audit } = await work(tx);
        audited.push({ action, entry: audit });
        return result;
      }),
  };
  const { jobRuns, connections } = buildJobRuns(urls, database, changes, config);
  const makeOrganization = async () => {
    const slug = `org-${randomBytes(4).toString("hex")}`;
    const { id } = await database.system
      .insertInto("organizations")
      .values({ slug, name: slug, depth: 1 })
      .returning("id")
      .executeTakeFirstOrThrow();
    return { id, slug, name: slug };
  };
  let organization = await makeOrganization();
  let confirmed = true;
  const app = await createServer({ log, trustProxy: false });
  app.addHook("onRequest", async (request) => {
    request.context = testContext(organization, { confirmed });
  });
  jobRuns.routes(app);
  await app.ready();

  const send = async (method: "GET" | "POST", url: string, payload?: object) => {
    const reply = await app.inject({ method, url, ...(payload === undefined ? {} : { payload }) });
    return { status: reply.statusCode, body: reply.json() };
  };
  return {
    database,
    audited,
    send,
    text: async (url: string) => (await app.inject({ method: "GET", url })).body,
    /** Acts as somebody of a new organization from now on. @returns how to go back. */
    async leave() {
      const before = organization;
      organization = await makeOrganization();
      return () => {
        organization = before;
      };
    },
    setConfirmed(is: boolean) {
      confirmed = is;
    },
    /** Calls an endpoint of the contract. @throws unless it succeeds. */
    async call<S extends z.ZodType>(
      endpoint: Endpoint & { response: S },
      { id = "", body }: { id?: string; body?: object } = {},
    ): Promise<z.infer<S>> {
      const reply = await send(endpoint.method as "GET" | "POST", endpoint.path.replace(":id", id), body);
      if (reply.status !== (endpoint.status ?? 200))
        throw new Error(`${endpoint.path}: ${reply.status} ${JSON.stringify(reply.body)}`);
      const schema: S = endpoint.response;
      return schema.parse(reply.body);
    },
    /** Starts a worker in this process. @returns how to stop it. */
    async work() {
      const running = await Promise.all(jobRuns.processes.map(({ start }) => start()));
      return async () => {
        for (const { drain } of running) await drain();
      };
    },
    async close() {
      await app.close();
      connections.stop();
      await database.close();
    },
  };
}
