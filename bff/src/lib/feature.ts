import type { FastifyInstance } from "fastify";
import type { Redis } from "ioredis";
import type { Logger } from "pino";
import type { Config, Role } from "#config.ts";
import type { Admit } from "#lib/http/admission.ts";
import type { Database } from "#lib/postgres/postgres.ts";
import type { Clock } from "#lib/time/clock.ts";
import type { Changes, Denials } from "./change.ts";
import type { Subscribe } from "./channel.ts";
import type { Events } from "./events.ts";
import type { OwnScheduleName } from "./own-schedules.ts";
import type { SharedReads } from "./shared-reads.ts";

/** A role of a process; several processes may share one. */
export type ProcessRole = Role;
export const everyRole: readonly ProcessRole[] = ["web", "collector", "worker"];

/** A background process that runs until the process ends. */
export type Running = {
  /**
   * Takes no new work and resolves once running work has finished; may be cut short. Other features still work
   * meanwhile.
   */
  drain(): Promise<void>;
  /** Ends remaining work and releases its resources; called after all drains. */
  stop(): Promise<void>;
};

/**
 * Small, repeatable work. If there is nothing to do, it costs one statement. A run that was interrupted starts again
 * with the job it was in.
 */
export type OwnJob = {
  /** Unique in the product and stored with runs, so never renamed; also names the job in the log. */
  name: string;
  /**
   * The schedule of which it is a step, once per cluster; `every process`: hourly and at start in each process, for what
   * inserts need, without Redis.
   */
  on: OwnScheduleName | "every process";
  /**
   * @param signal aborted when the run's time is over or the process stops.
   * @returns what it did in a few words, or nothing to report.
   */
  run(signal: AbortSignal): Promise<unknown>;
};

/**
 * One feature of the product, as `app.ts` lists it. What other features need from it is exposed as further named
 * members.
 */
export type Feature = {
  /** Endpoints of the contract; `api` is the scope below `/api/v1`. */
  routes?(api: FastifyInstance): void | Promise<void>;
  /** Routes outside the contract: intake, health, pages; `app` is the root. */
  mount?(app: FastifyInstance): void | Promise<void>;
  /** Run in this order. */
  jobs?: readonly OwnJob[];
  /** Each is started once if any of its roles is active. */
  processes?: readonly { in: readonly ProcessRole[]; start(): Promise<Running> }[];
};

/** Shared by all features and built before the first of them. */
export type Core = {
  database: Database;
  /** Fails fast while Redis is away; blocking commands need a connection of their own. */
  redis: Redis;
  subscribe: Subscribe;
  clock: Clock;
  log: Logger;
  events: Events;
  /** Equal first pages of lists share one query. */
  sharedReads: SharedReads;
  config: Config;
  changes: Changes;
  denials: Denials;
  admit: Admit;
};

/** The parts that make up the core: audit adds `changes` and `denials`, access adds `admit`. */
export type Ground = Omit<Core, "changes" | "denials" | "admit">;

/** For work without a caller that waits, e.g. a timer. */
export const endingAtOnce = (end: () => void): Running => ({
  drain: async () => end(),
  stop: async () => {},
});
