import { createRecentActs } from "#features/audit/reading/reading.ts";
import {
  type CommandsDeps,
  countBreakers,
  createBreakers,
  isBreakerMetric,
} from "#features/breakers/breakers.ts";
import { createCaches, isCacheMetric } from "#features/caches/caches.ts";
import { createHealth, createServers, readHealthOnce } from "#features/health/health.ts";
import { serviceRows } from "#features/health/rows.ts";
import { createHistory } from "#features/history/history.ts";
import { createOperations } from "#features/operations/operations.ts";
import { createOtlp } from "#features/otlp/otlp.ts";
import { createReasonOf, createRelatedTo } from "#features/overview/overview.ts";
import { createJobs } from "#features/queues/jobs/jobs.ts";
import { queueIdOf } from "#features/queues/keys.ts";
import { createQueues } from "#features/queues/queues.ts";
import { queueRows } from "#features/queues/rows.ts";
import { createJobRuns } from "#features/queues/runs/runs.ts";
import { createJobSearch } from "#features/queues/search/search.ts";
import { createQueuesSource } from "#features/queues/source.ts";
import { createReports } from "#features/reports/reports.ts";
import { createSchedules } from "#features/schedules/schedules.ts";
import { createDeclared, createSources } from "#features/sources/sources.ts";
import { webhookRows } from "#features/webhooks/aspect.ts";
import { createWatchHttp } from "#lib/http/watch-http.ts";
import { createWatchedCalls } from "#lib/http/watched-calls.ts";
import { createServerFilter, createWatchFilter } from "#lib/security/address-filter.ts";
import { createListAnswers } from "#observe/spread/spread.ts";
import type { Runs } from "#runs/runs.ts";
import type { Foundations } from "./foundations.ts";
import { createWatch } from "./observe.ts";
import { createOwnProcess } from "./own-process.ts";

/** Access to what is watched, now and at a past moment. */
export function createReading(
  { core, audit, access, box, ownCaches, subscriber }: Foundations,
  redisUrl: string,
) {
  const acts = createRecentActs({ database: core.database });
  const declared = createDeclared(core, { box });
  const ownProcess = createOwnProcess(core, {
    subscriber,
    parts: audit.breakers,
    partsOfPages: [ownCaches, ...access.breakers],
  });
  const watch = createWatch(core, {
    catalogue: declared.catalogue,
    redisUrl,
    filter: createServerFilter(core.config.observe.allowAddresses),
    intervalMs: core.config.observe.sampleIntervalMs,
    ownReport: ownProcess.latest,
  });
  const { snapshots } = watch;
  const history = createHistory(core, {
    acts,
    relatedTo: createRelatedTo({ snapshots }),
    cache: ownCaches.named("history series"),
  });
  const { past } = history;
  const reading = { snapshots, answer: createListAnswers({ snapshots, readPast: past.readPart }), past };
  return { history, declared, ownProcess, watch, reading };
}

/** The features that people watch and act on, and what observes their subjects. */
export function createWatchers(
  { core, box, secretKey, ownCaches }: Foundations,
  { history, declared, watch, reading }: ReturnType<typeof createReading>,
  { runs, webhooks }: { runs: Runs; webhooks: { resetBreaker: CommandsDeps["resetOwn"] } },
) {
  const { snapshots, owner, channel, intervalMs, redisServers, detailedServers } = watch;
  const { catalogue, hashOf } = declared;
  const calls = createWatchedCalls(core);
  const http = calls.around(
    createWatchHttp({
      filter: createWatchFilter(core.config.observe.allowAddresses),
      credentialsOf: declared.catalogue.credentialsOf,
    }),
  );
  const operations = createOperations(core, { channel });
  const { newestToBreakers: newestCommands, run, read: readOperation } = operations;
  const commanding = { ...reading, channel, run, readOperation };
  const servers = createServers(core, { servers: watch.servers, intervalMs });
  const breakers = createBreakers(core, {
    ...commanding,
    catalogue,
    http,
    newestCommands,
    readMoves: history.readMoves,
    resetOwn: webhooks.resetBreaker,
    endpoints: webhookRows,
    reported: watch.reported,
    pushed: watch.pushed,
    calls,
    reasonOf: createReasonOf(reading),
  });
  const queues = createQueues(core, {
    ...reading,
    sources: watch.queues,
    servers: servers.rows,
    intervalMs,
  });
  const health = createHealth(core, {
    ...reading,
    catalogue,
    http,
    hashOf,
    uptimes: history.uptimesOf("service"),
    ownReports: watch.ownReports,
  });
  const jobs = createJobs(core, {
    snapshots,
    redisServers,
    runEffect: operations.effects.run,
    readEffect: operations.effects.byId,
    effectsOfJob: operations.effects.ofJob,
    filter: createServerFilter(core.config.observe.allowAddresses),
  });
  return {
    servers,
    watchers: {
      operations,
      otlp: createOtlp(core, {
        store: watch.pushStore,
        isWanted: (name) => isBreakerMetric(name) || isCacheMetric(name),
      }),
      caches: createCaches(core, {
        ...commanding,
        servers: redisServers,
        detailedServers,
        serverRows: servers.rows,
        reported: watch.reportedWithOwn,
        pushed: watch.pushed,
      }),
      queues,
      reports: createReports(core, {
        cache: ownCaches.named("reports"),
        reported: {
          poke: watch.pokeReports,
          reports: watch.reportedWithOwn.reports,
          organizationOf: watch.reportedWithOwn.organizationOf,
        },
      }),
      schedules: createSchedules(core, {
        ...reading,
        sources: watch.schedulers,
        servers: servers.rows,
        queues: queueRows,
        intervalMs,
        connectionOf: (id) => redisServers().find(({ source }) => source.id === id)?.connection,
        queueIdOf,
        crons: {
          declared: () =>
            catalogue
              .current()
              .services.flatMap(({ id, name, organization, schedule }) =>
                schedule === undefined ? [] : [Object.assign({ id, name, organization }, schedule)],
              ),
          read: health.beatsOf,
        },
      }),
      jobs,
      jobRuns: createJobRuns(core, {
        runs,
        servers: redisServers,
        places: jobs.places,
        connections: jobs.connections,
      }),
      jobSearch: createJobSearch(core, {
        snapshots,
        servers: redisServers,
        owner,
        secretKey,
        timings: queues.timings,
      }),
      sources: createSources(core, {
        declared,
        box,
        snapshots,
        checks: serviceRows,
        scrapesOf: breakers.scrapesOf,
        http,
        readers: {
          queues: (redis, database) =>
            createQueuesSource({ redis, sourceId: "trial", database, clock: core.clock }),
          health: readHealthOnce,
          breakers: countBreakers,
        },
      }),
      health,
      breakers,
    },
  };
}
